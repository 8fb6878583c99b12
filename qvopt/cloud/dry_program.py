"""A hardware program that sends nothing: forecasts play the first steps of a run on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qvopt.backends.batch import (
    Batch,
    BatchResult,
    CalibrationCounts,
    Pair,
    Point,
    Sample,
)
from qvopt.backends.checks import need_plan
from qvopt.backends.cost import Cost
from qvopt.backends.protocol import EventSink, MetricKind, Pricing, Problem, SubmissionPolicy
from qvopt.measurement.estimate import Moments
from qvopt.measurement.selection import Selection
from qvopt_molecules.arrays import FloatArray

from .provider import JobForecast, JobSpec, RecordedProvider

if TYPE_CHECKING:
    from .program import HardwareProgram

_LOOKED_AT: Final = 10
"""Qubits whose outcomes are all tried."""


class DryProgram:
    """Stands for a hardware program: answers with noise around nothing, at the forecast's cost.

    Args:
        program: what it stands for.
        recorded: forecast the device that a snapshot records, and not the snapshot.
    """

    exact = False

    def __init__(self, program: HardwareProgram, *, recorded: bool = False) -> None:
        provider, price = program.provider, program.device.price
        estimate: Callable[[JobSpec], JobForecast] = provider.estimate
        if recorded and isinstance(provider, RecordedProvider):
            estimate, price = provider.recorded_estimate, provider.recorded_price
        self._program, self._estimate = program, estimate
        self.circuits = program.circuits
        self.pricing: Pricing = replace(program.pricing, known=price.known, currency=price.currency)
        self._rng = np.random.default_rng(0)

    @property
    def problem(self) -> Problem:
        """That of the program."""
        return self._program.problem

    @property
    def samples(self) -> frozenset[Sample]:
        """Those of the program."""
        return self._program.samples

    def price(self, batch: Batch) -> Cost:
        """That of the program, by the estimate."""
        return self._program.price(batch, self._estimate)

    def run(self, batch: Batch, seed: np.random.SeedSequence) -> BatchResult:
        """Answer without running anything.

        Moments have a spread of 0.1 Ha a shot, counts are of two outcomes that the group's
        selection keeps, at random, fidelities are nine tenths, generators are -1 as often as 1 and
        agree, and the readout has no errors.
        """
        moments = [
            [Moments(n, float(self._rng.normal(0, 0.1 / max(n, 1) ** 0.5)), 0.01 * n) for n in row]
            for row in batch.shots.tolist()
        ]
        counts = [
            [self._two_outcomes(n, g) for g, n in enumerate(row)] for row in batch.shots.tolist()
        ]
        generators = [
            (
                np.tile([[-1.0], [1.0]], (1, len(r.gates))),
                np.array([n // 2, n - n // 2], dtype=np.int64),
            )
            for r, n in zip(batch.readings, batch.reading_shots.tolist(), strict=True)
        ]
        calibration = None
        if batch.calibration_shots:
            n = batch.calibration_shots
            groups = range(len(need_plan(self.problem).groups))
            qubits = tuple(sorted({q for g in groups for q in self.readout_qubits(g)}))
            calibration = CalibrationCounts(qubits, {0: n}, {2 ** len(qubits) - 1: n})
        return BatchResult(
            self.price(batch),
            () if batch.counts else moments,
            counts if batch.counts else (),
            np.asarray(0.9 * batch.pair_shots, dtype=np.int64),
            generators,
            calibration=calibration,
        )

    def _two_outcomes(self, shots: int, group: int) -> dict[int, int]:
        ones = int(self._rng.binomial(shots, 0.5))
        pair = zip(self._kept[group], (shots - ones, ones), strict=True)
        counts: dict[int, int] = {}
        for outcome, n in pair:
            if n:
                counts[outcome] = counts.get(outcome, 0) + n
        return counts

    @cached_property
    def _kept(self) -> list[tuple[int, int]]:
        """Two outcomes of each group that post-selection keeps."""
        plan = need_plan(self.problem)
        return [_two_kept(g.selection or Selection(), plan.n_qubits) for g in plan.groups]

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """Those of the program."""
        return self._program.readout_qubits(group)

    def reached_scales(self, scales: Sequence[float]) -> FloatArray:
        """Those of the program."""
        return self._program.reached_scales(scales)

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Hardware has none."""
        return self._program.energies(points)

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Hardware has none."""
        return self._program.gradient(x)

    def metric(self, x: FloatArray, kind: MetricKind) -> FloatArray:
        """Hardware has none."""
        return self._program.metric(x, kind)

    def fidelities(self, pairs: Sequence[Pair]) -> FloatArray:
        """Hardware has none."""
        return self._program.fidelities(pairs)

    @property
    def durable(self) -> bool:
        """Nothing is sent."""
        return False

    def attach(
        self,
        folder: Path | None,
        log: EventSink | None,
        events: Sequence[Mapping[str, Any]],
        policy: SubmissionPolicy,
        *,
        main: bool = True,
    ) -> None:
        """Nothing is written down."""

    def submit(self, batch: Batch, seed: np.random.SeedSequence) -> None:
        """Nothing is sent."""

    def submitted(
        self, batch: Batch | None = None, seed: np.random.SeedSequence | None = None
    ) -> bool:
        """Nothing is sent."""
        return False

    def block(self, shots: int) -> int:
        """That of the program."""
        return self._program.block(shots)

    def close(self) -> None:
        """Nothing is open."""

    def dry(self, *, recorded: bool = False) -> DryProgram:
        """Another one of the program."""
        return DryProgram(self._program, recorded=recorded)


def _two_kept(selection: Selection, n_qubits: int) -> tuple[int, int]:
    """The first two outcomes that are kept among those of few ones and the lowest determinants."""
    candidates = list(range(2 ** min(n_qubits, _LOOKED_AT)))
    if selection.numbers is not None:
        norb, n_alpha, n_beta = selection.numbers
        spins = [[(1 << n) - 1, ((1 << n) - 1) << (norb - n)] for n in (n_alpha, n_beta)]
        candidates += [alpha | beta << norb for alpha in spins[0] for beta in spins[1]]
    outcomes = np.array(candidates, dtype=np.uint64)
    kept = outcomes[selection.keeps(outcomes)].tolist()
    return kept[0], kept[min(1, len(kept) - 1)]

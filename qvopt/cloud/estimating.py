"""A problem on hardware whose energies are values of observables, mitigated by the provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from qvopt.backends.batch import Batch, BatchResult, Sample, Stream
from qvopt.backends.checks import need_plan
from qvopt.backends.cost import Cost
from qvopt.backends.measured import qubit_of_bit
from qvopt.backends.protocol import Problem
from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import Diagonal
from qvopt_molecules.errors import InputError

from .packing import Packed, gather_values, pack
from .program import HardwareProgram
from .provider import JobResult
from .resilience import bits_of

ObservableTerms = tuple[tuple[int, float], ...]


class EstimatingProgram(HardwareProgram):
    """Energies by the provider's estimator; fidelities stay counts.

    Each group's circuit ends without measurements, and its diagonal is the observable. A value and
    its reported standard error σ become moments of as many shots n as were asked for, with
    σ² n (n - 1) for the sum of squares, so that `variance_of_mean` is σ². Shots that mitigation
    takes beyond those are on the bill.
    """

    samples: frozenset[Sample] = HardwareProgram.samples - {"counts"}

    def __init__(self, problem: Problem, *arguments: Any, **options: Any) -> None:
        super().__init__(problem, *arguments, **options)
        self._unread: dict[int, tuple[Any, ObservableTerms]] = {}
        if problem.plan is not None and any(g.selection for g in problem.plan.groups):
            self._no_counts("post-selection")

    def _unpack(
        self, batch: Batch, jobs: list[Packed], results: list[JobResult], cost: Cost
    ) -> BatchResult:
        """Moments of every point and group from the estimator's values and variances."""
        estimating = [pair for pair in zip(jobs, results, strict=True) if pair[0].spec.estimates]
        counting = [pair for pair in zip(jobs, results, strict=True) if not pair[0].spec.estimates]
        for job, result in estimating:
            extra = 0 if result.shots is None else result.shots - job.spec.executions
            cost += Cost(shots=extra)
        rest = super()._unpack(
            replace(batch, points=(), shots=np.zeros((0, 0), dtype=np.int64)),
            [job for job, _ in counting],
            [result for _, result in counting],
            cost,
        )
        values = gather_values([job for job, _ in estimating], [r for _, r in estimating])
        groups = need_plan(self.problem).groups if batch.points else ()
        nothing = Moments(0, 0.0, 0.0)
        moments = [
            [
                _shifted(values.get((Stream.ENERGIES, i, g), nothing), group.diagonal)
                for g, group in enumerate(groups)
            ]
            for i in range(len(batch.points))
        ]
        return replace(rest, moments=moments)

    def _no_counts(self, what: str) -> NoReturn:
        raise InputError(
            f"{what} needs counts, and {self.device.full_name} gives expectation values at a "
            f"resilience level; leave out either"
        )

    def _pack(self, batch: Batch, seed: np.random.SeedSequence) -> list[Packed]:
        """Energies are a job of the estimator; everything else is counted, in a job beside it."""
        if batch.counts or batch.calibration_shots:
            self._no_counts("what works on counts")
        if any(point.noise_scale != 1.0 for point in batch.points):
            self._no_counts("zero-noise extrapolation")
        jobs = []
        if batch.points:
            jobs += pack(
                self._energy_cells(batch),
                lambda name: self._observed(name[1])[0],
                self.device.limits,
                Stream.ENERGIES.of(seed),
                lambda name: self._observed(name[1])[1],
            )
        others = self._other_cells(batch)
        if others:
            stream = next(s for s in batch.streams if s is not Stream.ENERGIES)
            jobs += pack(others, self._circuit, self.device.limits, stream.of(seed))
        return jobs

    def _observed(self, group: int) -> tuple[Any, ObservableTerms]:
        """A group's circuit without its measurements, and its diagonal on the device's qubits."""
        if group not in self._unread:
            circuit = self.circuits.group(group)
            qubit_of = qubit_of_bit(circuit)
            diagonal = need_plan(self.problem).groups[group].diagonal
            terms: dict[int, float] = {}
            for mask, c in zip(
                diagonal.masks.tolist(), diagonal.coefficients.tolist(), strict=True
            ):
                if mask:
                    moved = sum(1 << qubit_of[b] for b in bits_of(mask))
                    terms[moved] = terms.get(moved, 0.0) + c
            unread = circuit.remove_final_measurements(inplace=False)
            self._unread[group] = unread, tuple(terms.items())
        return self._unread[group]


def _shifted(moments: Moments, diagonal: Diagonal) -> Moments:
    """Add the part of a diagonal that needs no measurement."""
    constant = float(diagonal.coefficients[diagonal.masks == 0].sum())
    if not constant or not moments.shots:
        return moments
    return Moments(moments.shots, moments.mean + constant, moments.m2, moments.shared)

"""A problem on hardware whose energies are values of observables, mitigated by the provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from qvopt.backends.checks import need_plan
from qvopt.backends.measured import qubit_of_bit
from qvopt.backends.protocol import Bill, Counts, Point, Problem
from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import Diagonal
from qvopt_molecules.errors import InputError

from .packing import Packed, gather_values, pack
from .program import HardwareProgram
from .resilience import bits_of

IntArray = npt.NDArray[np.int64]
Observable = tuple[tuple[int, float], ...]


class EstimatingProgram(HardwareProgram):
    """Energies by the provider's estimator; fidelities stay counts.

    Each group's circuit ends without measurements, and its diagonal is the observable. A value and
    its reported standard error σ become moments of as many shots n as were asked for, with
    σ² n (n - 1) for the sum of squares, so that `variance_of_mean` is σ². Shots that mitigation
    takes beyond those are on the bill.
    """

    counts = False

    def __init__(self, problem: Problem, *arguments: Any, **options: Any) -> None:
        super().__init__(problem, *arguments, **options)
        self._unread: dict[int, tuple[Any, Observable]] = {}
        if problem.plan is not None and any(g.selection for g in problem.plan.groups):
            self._no_counts("post-selection")

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Moments]]:
        """Moments of every point and group from the estimator's values and variances."""
        jobs = self._pack(points, shots, seed)
        results = self._results(jobs, seed)
        for job, result in zip(jobs, results, strict=True):
            extra = 0 if result.shots is None else result.shots - job.spec.executions
            self._bill += Bill(shots=extra)
        found = gather_values(jobs, results)
        groups = need_plan(self.problem).groups
        nothing = Moments(0, 0.0, 0.0)
        return [
            [_shifted(found.get((i, g), nothing), group.diagonal) for g, group in enumerate(groups)]
            for i in range(len(points))
        ]

    def sample_counts(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Counts]]:
        """Refused: an estimator gives none."""
        self._no_counts("what works on counts")

    def _no_counts(self, what: str) -> NoReturn:
        raise InputError(
            f"{what} needs counts, and {self.device.full_name} gives expectation values at a "
            f"resilience level; leave out either"
        )

    def _pack(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Packed]:
        if any(point.noise_scale != 1.0 for point in points):
            self._no_counts("zero-noise extrapolation")
        return pack(
            self._cells(points, shots),
            lambda name: self._observed(name[0])[0],
            self.device.limits,
            seed,
            lambda name: self._observed(name[0])[1],
        )

    def _observed(self, group: int) -> tuple[Any, Observable]:
        """A group's circuit without its measurements, and its diagonal on the device's qubits."""
        if group not in self._unread:
            circuit = self._group(group, 1.0)
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

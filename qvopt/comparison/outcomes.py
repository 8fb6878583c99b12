"""What a comparison knows of each of its runs: plain data, whatever ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """One run of one optimizer on one problem with one seed.

    Attributes:
        problem, optimizer: labels, unique within a comparison.
        seed: of the run; runs of different optimizers with one problem and seed are pairs.
        status: "converged", "max-steps", "budget", "diverged", "crashed", or another of a
            run's (see `qvopt.runs.steps.Status`); of a "below-exact" one no error counts.
        budget: shots that the run might spend; where shots were not capped, the most that any
            run on the problem spent.
        shots: all shots spent up to each iterate, shape (steps + 1,), non-decreasing.
        error: exact energy of each iterate less the problem's reference, in Hartree, same shape.
            Never a measured value: on a simulator the truth is known, and the optimizer never
            sees it.
        final_error: the same at the point that the run returned; None if there is none.
        measured, stderr: the final energy as measured with fresh shots, less the reference, and
            its standard error, in Hartree; None if there is none.
        spent: shots by purpose (energy, gradient, metric, line-search, calibration, monitor,
            final).
        options: the optimizer's hyper-parameters.
        seconds: of work.
        message: why it ended, in words.
        run: path of the run folder.
        unit: of the problem's energies, where it is not Hartree.
        gradients: how many gradients its budget pays; None if unknown.
    """

    problem: str
    optimizer: str
    seed: int
    status: str
    budget: int
    shots: IntArray
    error: FloatArray
    final_error: float | None = None
    measured: float | None = None
    stderr: float | None = None
    spent: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""
    run: str = ""
    unit: str = "Ha"
    gradients: float | None = None

    @property
    def steps(self) -> int:
        """Steps taken."""
        return max(len(self.shots) - 1, 0)

    def shots_to(self, target: float) -> int | None:
        """Shots at the first iterate whose exact error is at most `target` Hartree, or None."""
        reached = np.flatnonzero(self.error <= target)
        return int(self.shots[reached[0]]) if len(reached) else None

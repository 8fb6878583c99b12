"""The runs of a comparison as a grid: problem × optimizer, one run a seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .outcomes import RunOutcome


@dataclass(frozen=True, eq=False)
class GridCell:
    """The runs of one optimizer on one problem, by rising seed."""

    problem: str
    optimizer: str
    runs: tuple[RunOutcome, ...]

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(run.seed for run in self.runs)

    @cached_property
    def final_errors(self) -> FloatArray:
        """Final true errors in Hartree, shape (runs,); infinite where a run has none."""
        return np.array([final_error(run) for run in self.runs])

    def shots_to(self, target: float) -> FloatArray:
        """Shots to a target in Hartree within the budget, shape (runs,); infinite for failures."""
        return np.array([shots_to(run, target) for run in self.runs])

    def starts_within(self, target: float) -> int:
        """How many runs start within a target in Hartree, before any shot is spent."""
        return sum(len(run.error) > 0 and bool(run.error[0] <= target) for run in self.runs)

    def charged(self, target: float) -> FloatArray:
        """Shots until the target, or else until the end; a crash costs its budget."""
        reached = self.shots_to(target)
        ends = np.array([charge(run) for run in self.runs], dtype=np.float64)
        return np.where(np.isfinite(reached), reached, ends)


def final_error(run: RunOutcome) -> float:
    """Return a run's final true error, infinite where it crashed or has none."""
    error = run.final_error
    if run.status == "crashed" or error is None or math.isnan(error):
        return math.inf
    return error


def shots_to(run: RunOutcome, target: float) -> float:
    """Return a run's shots to a target, infinite where it was not reached within the budget."""
    shots = run.shots_to(target)
    return math.inf if shots is None or shots > run.budget else float(shots)


def charge(run: RunOutcome) -> int:
    """Return what a run that failed is charged: all that it spent; a crash its whole budget.

    That is more than the shots at its last iterate: the round that the budget cut short counts.
    """
    spent = max(int(run.shots[-1]) if len(run.shots) else 0, sum(run.spent.values()))
    return max(spent, run.budget) if run.status == "crashed" else spent


class Grid:
    """The cells of a comparison by problem and optimizer, in the order in which they came."""

    def __init__(self, outcomes: Iterable[RunOutcome]) -> None:
        grouped: dict[tuple[str, str], dict[int, RunOutcome]] = {}
        for run in outcomes:
            cell = grouped.setdefault((run.problem, run.optimizer), {})
            if run.seed in cell:
                raise InputError(
                    f"{run.optimizer} on {run.problem} has two runs with seed {run.seed}; "
                    f"give settings of one optimizer different labels"
                )
            cell[run.seed] = run
        if not grouped:
            raise InputError("the comparison has no finished runs yet; run `qvopt compare` first")
        self.problems = tuple(dict.fromkeys(problem for problem, _ in grouped))
        self.optimizers = tuple(dict.fromkeys(optimizer for _, optimizer in grouped))
        self.cells = {
            key: GridCell(*key, tuple(cell[seed] for seed in sorted(cell)))
            for key, cell in grouped.items()
        }

    def get(self, problem: str, optimizer: str) -> GridCell | None:
        """Return a cell, or None if nothing of it was run."""
        return self.cells.get((problem, optimizer))

    def of(self, problem: str, optimizers: Sequence[str] | None = None) -> list[GridCell]:
        """Return the cells of a problem, in the order of the optimizers given."""
        cells = (self.get(problem, name) for name in optimizers or self.optimizers)
        return [cell for cell in cells if cell is not None]

    def shared_scores(
        self, problem: str, optimizers: Sequence[str], target: float | None = None
    ) -> FloatArray:
        """Return scores of the seeds that all the optimizers ran, shape (seeds, optimizers).

        The final true error, or the shots to `target`; empty if an optimizer has no run.
        """
        cells = [self.get(problem, name) for name in optimizers]
        columns = []
        for cell in cells:
            if cell is None:
                return np.zeros((0, len(optimizers)))
            scores = cell.final_errors if target is None else cell.shots_to(target)
            columns.append(dict(zip(cell.seeds, scores.tolist(), strict=True)))
        seeds = sorted(set.intersection(*(set(c) for c in columns)))
        return np.array([[c[seed] for c in columns] for seed in seeds]).reshape(len(seeds), -1)

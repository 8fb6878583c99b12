"""What a comparison says, as plain data: made by `summarize`, drawn and printed by the report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple


class Interval(NamedTuple):
    """A 95 % confidence interval; infinite ends are allowed."""

    low: float
    high: float


@dataclass(frozen=True)
class TargetRow:
    """One optimizer on one problem against one target.

    Attributes:
        problem, optimizer: which.
        target: true error above the reference, in Hartree.
        runs, successes: seeds, and how many of them reached the target within the budget.
        rate: successes / runs, with its Wilson interval `rate_interval`.
        quartiles: 25, 50 and 75 % quantiles of the shots to the target over all runs, those that
            failed counting as infinite.
        ert: expected running time in shots: all shots spent until success or the end of the run,
            failures included, over the number of successes; infinite without a success. A crashed
            run is charged its whole budget, so that crashing early is not a cheap restart.
        ert_interval: its bootstrap interval over seeds.
        at_start: runs whose start, before any shot, was within the target.
    """

    problem: str
    optimizer: str
    target: float
    runs: int
    successes: int
    rate: float
    rate_interval: Interval
    quartiles: tuple[float, float, float]
    ert: float
    ert_interval: Interval
    at_start: int = 0


FEW_STEPS: Final = 10
"""An optimizer whose budget pays fewer steps has hardly begun."""


@dataclass(frozen=True)
class ErrorRow:
    """One optimizer on one problem at the end of its budget; energies in Hartree.

    Attributes:
        problem, optimizer: which.
        runs, diverged, crashed: how many.
        error: median final true error; runs without one count as infinite.
        error_interval: its bootstrap interval.
        quartiles: of the final true error.
        measured, measured_error: median final measured error, and median of its standard errors.
        spent: mean shots by purpose.
        steps: median number of steps.
        gradients: median number of gradients that the budget pays; NaN if unknown.
    """

    problem: str
    optimizer: str
    runs: int
    diverged: int
    crashed: int
    error: float
    error_interval: Interval
    quartiles: tuple[float, float, float]
    measured: float
    measured_error: float
    spent: Mapping[str, float]
    steps: float = math.nan
    gradients: float = math.nan

    @property
    def few_steps(self) -> bool:
        """Whether it took so few steps that little is learned of the optimizer."""
        return self.steps < FEW_STEPS


SIGNIFICANCE: Final = 0.05
"""Level of tests: two optimizers differ where the corrected p-value is at most this."""


@dataclass(frozen=True)
class PairTest:
    """Two optimizers over the same seeds of one problem, or of all, by final true error.

    `problem` is empty for a test over all problems. `probability` is the win probability of the
    first, ties counting half. `p` is the two-sided p-value of Wilcoxon's signed-rank test (over
    several problems with each problem as a stratum), `corrected` after Holm's correction over all
    pairs of optimizers.
    """

    problem: str
    first: str
    second: str
    pairs: int
    probability: float
    p: float
    corrected: float

    @property
    def significant(self) -> bool:
        """Whether the two differ at 5 %, all pairs together."""
        return self.corrected <= SIGNIFICANCE


@dataclass(frozen=True)
class Rank:
    """Mean rank of an optimizer over problems and seeds (1 is best), with its bootstrap interval.

    `tied_with_best` says that it does not differ significantly from the first of the ranking;
    `letters` is the compact letter display: two optimizers share a letter exactly if their test
    over all problems (`Summary.overall`) is not significant.
    """

    optimizer: str
    mean: float
    interval: Interval
    tied_with_best: bool
    letters: str


@dataclass(frozen=True)
class Detectable:
    """The smallest differences that a problem's seeds could have shown, at 5 % and power 80 %.

    Attributes:
        problem: which.
        pairs: smallest number of seeds that any two optimizers share.
        tests: pairs of optimizers, all corrected for.
        smallest_p: the least corrected p-value that so many seeds can give.
        win_probability: smallest win probability above ½ that a sign test would find.
        factor: smallest ratio of typical final errors that the signed-rank test would find, from
            the median spread of paired log errors; infinite if there are too few seeds.
    """

    problem: str
    pairs: int
    tests: int
    smallest_p: float
    win_probability: float
    factor: float


@dataclass(frozen=True)
class Summary:
    """Everything that is said about a comparison.

    `targets` are in Hartree, the main one first. `ranking` is best first, over the `blocks` pairs
    of problem and seed that every optimizer ran. `thousandth` is what 1e-3 of an energy is called:
    lattice models have units of their own in the place of Hartree. `tests` are those of each
    problem, `overall` those over all problems together, which the letters of the ranking show.
    """

    problems: tuple[str, ...]
    optimizers: tuple[str, ...]
    targets: tuple[float, ...]
    at_targets: tuple[TargetRow, ...]
    at_end: tuple[ErrorRow, ...]
    tests: tuple[PairTest, ...]
    ranking: tuple[Rank, ...]
    detectable: tuple[Detectable, ...] = ()
    blocks: int = 0
    thousandth: str = "mHa"
    overall: tuple[PairTest, ...] = ()

    def starts_within(self, problem: str, target: float) -> tuple[int, int]:
        """How many runs on a problem start within a target already, and how many runs there are.

        Where all do, the target ranks nothing: each optimizer reaches it at 0 shots.
        """
        rows = [r for r in self.at_targets if (r.problem, r.target) == (problem, target)]
        return sum(r.at_start for r in rows), sum(r.runs for r in rows)

    def met_at_start(self, problem: str) -> tuple[float, ...]:
        """The targets within which every run on a problem starts."""
        starts = {t: self.starts_within(problem, t) for t in self.targets}
        return tuple(t for t, (within, runs) in starts.items() if runs and within == runs)

    @property
    def order(self) -> tuple[str, ...]:
        """The optimizers, best first where they were ranked."""
        ranked = tuple(r.optimizer for r in self.ranking)
        return ranked + tuple(o for o in self.optimizers if o not in ranked)

"""The order of optimizers in a comparison: by rank, and what reverses between two conditions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.comparison.statistics.bootstrap import Resampler
from qvopt.comparison.statistics.paired import differences, signed_rank
from qvopt.comparison.statistics.ranking import rank_solvers

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.01
"""Two optimizers differ where the signed-rank test over paired seeds gives a smaller p."""


def error_at(outcome: Any, budget: float) -> float:
    """The true error after so many shots, in Hartree."""
    return float(outcome.error[max(0, np.searchsorted(outcome.shots, budget, side="right") - 1)])


def final(outcome: Any) -> float:
    """The error of the point that a run returned, in Hartree; infinite where it has none."""
    return float("inf") if outcome.final_error is None else float(outcome.final_error)


def scores(
    outcomes: Sequence[Any], score: Callable[[Any], float]
) -> tuple[list[str], dict[str, FloatArray]]:
    """Optimizers, and for each problem their scores, shape (seeds, optimizers)."""
    names = list(dict.fromkeys(outcome.optimizer for outcome in outcomes))
    cells: dict[str, dict[tuple[int, str], float]] = defaultdict(dict)
    for outcome in outcomes:
        cells[outcome.problem][outcome.seed, outcome.optimizer] = score(outcome)
    table = {}
    for problem, of in cells.items():
        seeds = sorted({seed for seed, _ in of})
        table[problem] = np.array([[of[seed, name] for name in names] for seed in seeds])
    return names, table


def rank_table(outcomes: Sequence[Any], budgets: Sequence[int]) -> str:
    """Mean ranks over all instances and seeds after several numbers of shots, with 95 %."""
    columns, names = [], []
    for budget in budgets:
        names, table = scores(outcomes, lambda outcome, b=budget: error_at(outcome, b))
        columns.append(rank_solvers(list(table.values()), Resampler()))
    heading = "| optimizer | " + " | ".join(f"{b:,} shots" for b in budgets) + " |\n|---|"
    text = heading + "---:|" * len(budgets) + "\n"
    for k in np.argsort(columns[-1].mean):
        cells = [f"{c.mean[k]:.1f} ({c.low[k]:.1f}–{c.high[k]:.1f})" for c in columns]
        text += f"| {names[k]} | " + " | ".join(cells) + " |\n"
    return text


def agreement(a: FloatArray, b: FloatArray) -> float:
    """Kendall's τ between the orders of two lists of medians: 1 the same, -1 reversed."""
    i, j = np.array(list(combinations(range(len(a)), 2))).T
    return float(np.mean(np.sign(differences(a[i], a[j])) * np.sign(differences(b[i], b[j]))))


def sign(scores: FloatArray, i: int, j: int) -> int:
    """Say which of two is lower over paired seeds: -1 the first, 1 the second, 0 not known."""
    d = differences(scores[:, i], scores[:, j])
    return int(np.sign(np.median(d))) if signed_rank(d) < LEVEL else 0


def reversals(base: FloatArray, here: FloatArray) -> list[tuple[int, int]]:
    """Pairs (winner there, winner here) that differ in both conditions, the other way round."""
    out = []
    for i, j in combinations(range(base.shape[1]), 2):
        there, now = sign(base, i, j), sign(here, i, j)
        if there * now < 0:
            out.append((i, j) if there < 0 else (j, i))
    return out

"""From the runs of a comparison to what it says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from qvopt.runs.wording import thousandth
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .grid import Grid, GridCell
from .outcomes import RunOutcome
from .statistics.bootstrap import Resampler, bootstrap_interval
from .statistics.detectable import detectable_shift, detectable_win_probability, smallest_p
from .statistics.letters import compact_letters
from .statistics.paired import differences, holm, signed_rank, win_probability
from .statistics.quantiles import median, quantile
from .statistics.ranking import rank_solvers
from .statistics.running_time import ert_interval, expected_running_time
from .statistics.wilson import wilson_interval
from .summary import Detectable, ErrorRow, Interval, PairTest, Rank, Summary, TargetRow

CHEMICAL_ACCURACY = 1.6e-3
"""One kcal/mol in Hartree, rounded as is the custom."""

SMALLEST_ERROR = 1e-12
"""Errors are compared on a logarithmic scale from here up, in Hartree."""


def summarize(
    outcomes: Iterable[RunOutcome],
    targets: Sequence[float] = (CHEMICAL_ACCURACY, 1e-2, 1e-4),
    resampler: Resampler | None = None,
) -> Summary:
    """Return everything that is said about a comparison.

    Args:
        outcomes: of its runs, in any order; problem, optimizer and seed name a run.
        targets: true errors above the reference, in Hartree; the first is the main one.
        resampler: of the bootstrap; the same data and resampler give the same summary.

    Every statistic takes true (noiseless) errors at the iterates and at the point returned, never
    the least of noisy values. Failures count: as infinite in quantiles and ranks, and their shots
    in the expected running time. Raises InputError without runs or targets, or for two runs of
    one name.
    """
    if not targets or any(not t > 0 for t in targets):
        raise InputError("targets must be one or more positive errors in Hartree")
    grid, draws = Grid(outcomes), resampler or Resampler()
    cells = [cell for problem in grid.problems for cell in grid.of(problem)]
    overall = _tests(grid, grid.problems)
    ranking, blocks = _ranking(grid, draws, overall)
    return Summary(
        problems=grid.problems,
        optimizers=grid.optimizers,
        targets=tuple(float(t) for t in dict.fromkeys(targets)),
        at_targets=tuple(
            _target_row(cell, float(t), draws) for t in dict.fromkeys(targets) for cell in cells
        ),
        at_end=tuple(_error_row(cell, draws) for cell in cells),
        tests=tuple(
            replace(test, problem=problem)
            for problem in grid.problems
            for test in _tests(grid, [problem])
        ),
        ranking=ranking,
        detectable=tuple(_detectable(grid, problem) for problem in grid.problems),
        blocks=blocks,
        thousandth=thousandth(run.unit for cell in cells for run in cell.runs),
        overall=tuple(overall),
    )


def _target_row(cell: GridCell, target: float, draws: Resampler) -> TargetRow:
    shots, charged = cell.shots_to(target), cell.charged(target)
    success = np.isfinite(shots)
    n, k = len(shots), int(success.sum())
    return TargetRow(
        cell.problem,
        cell.optimizer,
        target,
        n,
        k,
        k / n,
        wilson_interval(k, n),
        _three(shots),
        expected_running_time(charged, success),
        ert_interval(charged, success, draws),
        cell.starts_within(target),
    )


def _error_row(cell: GridCell, draws: Resampler) -> ErrorRow:
    errors = cell.final_errors
    measured = np.array([r.measured for r in cell.runs if r.measured is not None], dtype=float)
    stderr = np.array([r.stderr for r in cell.runs if r.stderr is not None], dtype=float)
    purposes = dict.fromkeys(purpose for run in cell.runs for purpose in run.spent)
    return ErrorRow(
        cell.problem,
        cell.optimizer,
        len(cell.runs),
        sum(run.status == "diverged" for run in cell.runs),
        sum(run.status == "crashed" for run in cell.runs),
        float(median(errors)),
        bootstrap_interval(lambda rows: median(errors[rows]), len(errors), draws),
        _three(errors),
        float(median(measured)),
        float(median(stderr)),
        {p: float(np.mean([run.spent.get(p, 0) for run in cell.runs])) for p in purposes},
        float(median([run.steps for run in cell.runs])),
        float(median([math.nan if r.gradients is None else r.gradients for r in cell.runs])),
    )


def _tests(grid: Grid, problems: Sequence[str]) -> list[PairTest]:
    """Test every pair of optimizers over the problems that both ran; those without are left out."""
    rows = []
    for first, second in combinations(grid.optimizers, 2):
        pairs = []
        for problem in problems:
            a, b = grid.get(problem, first), grid.get(problem, second)
            if a is not None and b is not None:
                pairs.append(_paired(a, b))
        if pairs:
            p = signed_rank(*(differences(a, b) for a, b in pairs))
            a, b = (np.concatenate(column) for column in zip(*pairs, strict=True))
            rows.append((first, second, len(a), win_probability(a, b), p))
    corrected = holm([row[-1] for row in rows])
    return [PairTest("", *row, float(c)) for row, c in zip(rows, corrected, strict=True)]


def _paired(first: GridCell, second: GridCell) -> tuple[FloatArray, FloatArray]:
    """Final errors of the seeds that both ran; those below the smallest error are equal."""
    a, b = (np.maximum(c.final_errors, SMALLEST_ERROR) for c in (first, second))
    if first.seeds == second.seeds:
        return a, b
    _, left, right = np.intersect1d(first.seeds, second.seeds, return_indices=True)
    return a[left], b[right]


def _ranking(
    grid: Grid, draws: Resampler, overall: Sequence[PairTest]
) -> tuple[tuple[Rank, ...], int]:
    scores = [
        np.maximum(grid.shared_scores(problem, grid.optimizers), SMALLEST_ERROR)
        for problem in grid.problems
    ]
    ranking = rank_solvers(scores, draws)
    order = np.argsort(ranking.mean, kind="stable")
    place = {grid.optimizers[k]: position for position, k in enumerate(order)}
    apart = np.zeros((len(order), len(order)), dtype=bool)
    for test in overall if len(order) else ():
        i, j = place[test.first], place[test.second]
        apart[i, j] = apart[j, i] = test.significant
    letters = compact_letters(apart)
    rows = tuple(
        Rank(
            grid.optimizers[k],
            float(ranking.mean[k]),
            Interval(float(ranking.low[k]), float(ranking.high[k])),
            not bool(apart[0, position]),
            letters[position],
        )
        for position, k in enumerate(order)
    )
    return rows, ranking.blocks


def _detectable(grid: Grid, problem: str) -> Detectable:
    shifts, fewest = [], math.inf
    cells = grid.of(problem)
    tests = max(1, len(cells) * (len(cells) - 1) // 2)
    for first, second in combinations(cells, 2):
        a, b = _paired(first, second)
        fewest = min(fewest, len(a))
        finite = np.isfinite(a) & np.isfinite(b)
        shifts.append(detectable_shift(np.log10(a[finite]) - np.log10(b[finite]), tests))
    pairs = int(fewest) if math.isfinite(fewest) else len(cells[0].runs)
    shift = float(median(shifts)) if shifts else math.inf
    return Detectable(
        problem,
        pairs,
        tests,
        min(1.0, tests * smallest_p(pairs)),
        detectable_win_probability(pairs, tests),
        10.0**shift if shift < 300 else math.inf,
    )


def _three(values: FloatArray) -> tuple[float, float, float]:
    low, middle, high = quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)

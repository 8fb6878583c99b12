"""The result in a few sentences, which name every optimizer that shares a first place."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from qvopt.comparison.labels import listed, start_within
from qvopt.comparison.pictures.style import shots_text
from qvopt.comparison.summary import Rank, Summary, TargetRow

_FEW_PROBLEMS: Final = 6
"""Of so many each has a sentence of its own."""


def findings(summary: Summary) -> list[str]:
    """The ranking, and who reaches the first target at the least expected cost."""
    if not summary.ranking:
        return ["No seed was run by every optimizer on one problem, so there is no ranking."]
    return [_ranking(summary.ranking), *_cheapest(summary)]


def lowest_ranks(ranking: Sequence[Rank]) -> list[str]:
    """The optimizers whose mean rank is the lowest: several where it is equal."""
    best = ranking[0].mean
    return [r.optimizer for r in ranking if math.isclose(r.mean, best, rel_tol=1e-9)]


def _ranking(ranking: Sequence[Rank]) -> str:
    """Who has the lowest mean rank, and who does not differ significantly."""
    if len(ranking) == 1:
        return f"{ranking[0].optimizer} is the only optimizer: there is nothing to rank it by."
    first = lowest_ranks(ranking)
    tied = [r.optimizer for r in ranking if r.tied_with_best and r.optimizer not in first]
    rest = len(ranking) - len(first)
    shared = len(first) > 1
    text = (
        f"{listed(first)} {'share' if shared else 'has'} the lowest mean rank "
        f"({ranking[0].mean:.2f}) by final true error"
    )
    if not rest:
        return f"{text}: none is ahead of another."
    if tied:
        text += (
            f"; {listed(tied)} {'are' if len(tied) > 1 else 'is'} not significantly different "
            f"from {ranking[0].optimizer if shared else 'it'}."
        )
        none_differs = len(tied) == rest and len({r.letters for r in ranking}) == 1
        return f"{text} No two optimizers differ significantly." if none_differs else text
    if shared:
        return f"{text}; every other differs significantly from {ranking[0].optimizer}."
    return f"{text}, and differs significantly from every other."


def _cheapest(summary: Summary) -> list[str]:
    """Which optimizers reach the first target at the least expected cost, on each problem."""
    target = summary.targets[0]
    wanted = f"{1e3 * target:g} {summary.thousandth}"
    few = len(summary.problems) <= _FEW_PROBLEMS
    sentences: list[str] = []
    reached: list[list[TargetRow]] = []
    met: list[str] = []
    unreached: list[str] = []
    for problem in summary.problems:
        starting, runs = summary.starts_within(problem, target)
        best = _least_cost(summary, problem, target)
        if best and best[0].ert == 0:
            met.append(problem)
            sentences.append(start_within([problem], [target], summary.thousandth))
        elif best:
            reached.append(best)
            some = f" {starting} of {runs} runs start within it already." if starting else ""
            sentences.append(f"{problem}: {_cost(best, wanted)}.{some}")
        else:
            unreached.append(problem)
            sentences.append(f"{problem}: no run reached {wanted}.")
    if few:
        return sentences
    said = [start_within(met, [target], summary.thousandth)] if met else []
    times = Counter(row.optimizer for best in reached for row in best)
    if times:
        ties = " (ties count for each)" if any(len(best) > 1 for best in reached) else ""
        leaders = [f"{name} on {n}" for name, n in times.most_common()]
        said.append(
            f"{wanted} is reached at the least expected cost, of {len(summary.problems)} problems, "
            f"by {listed(leaders)}{ties}."
        )
    if unreached:
        said.append(
            f"No run reached {wanted} on {len(unreached)} of {len(summary.problems)} problems."
        )
    return said


def _least_cost(summary: Summary, problem: str, target: float) -> list[TargetRow]:
    """The rows of least expected running time: several where it is equal, none where infinite."""
    rows = [r for r in summary.at_targets if (r.problem, r.target) == (problem, target)]
    least = min(row.ert for row in rows)
    if not math.isfinite(least):
        return []
    return [row for row in rows if math.isclose(row.ert, least, rel_tol=1e-9)]


def _cost(best: Sequence[TargetRow], wanted: str) -> str:
    counts = [f"{row.successes} of {row.runs}" for row in best]
    cost = f"{shots_text(best[0].ert)} shots"
    names = listed(row.optimizer for row in best)
    if len(best) == 1:
        return f"{names} reaches {wanted} at the least expected cost, {cost} ({counts[0]} runs)"
    runs = counts[0] + " runs of each" if len(set(counts)) == 1 else ", ".join(counts) + " runs"
    return f"{names} reach {wanted} at the same least expected cost, {cost} ({runs})"

"""All the pictures of a comparison, in the order of its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qvopt.comparison.grid import Grid
from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.summary import Summary

from .convergence import draw_convergence, draw_seeds
from .costs import draw_costs
from .distributions import draw_profiles, draw_shots_to_target
from .final_errors import draw_final_errors
from .picture import Picture
from .sensitivity import draw_sensitivity
from .style import Looks, style
from .wins import draw_wins

MOST_PROBLEMS = 12
"""Problems that get pictures of their own; the tables hold them all."""


def draw_pictures(
    grid: Grid,
    summary: Summary,
    trials: Sequence[RunOutcome] = (),
    base: Mapping[str, str] | None = None,
) -> Iterator[Picture]:
    """Draw every picture that the runs allow, one at a time, so that few are in memory.

    Args:
        grid, summary: of the scored runs.
        trials: runs of the search of hyper-parameters, for the sensitivity.
        base: the optimizer's own name by label.
    """
    looks = Looks(summary.order)
    with style():
        for k, problem in enumerate(grid.problems[:MOST_PROBLEMS], start=1):
            yield draw_convergence(grid, summary, looks, problem, k)
            yield draw_seeds(grid, summary, problem, k)
        yield draw_shots_to_target(grid, summary, looks)
        scored = [run for cell in grid.cells.values() for run in cell.runs]
        for picture in (
            draw_profiles(grid, summary, looks),
            draw_wins(summary),
            draw_final_errors(grid, summary, looks),
            draw_costs(grid, summary),
            draw_sensitivity(trials or scored, base),
        ):
            if picture is not None:
                yield picture

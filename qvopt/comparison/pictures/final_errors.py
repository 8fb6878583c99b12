"""Box plots of the final true error at the fixed budget."""

from __future__ import annotations

import math

import numpy as np

from qvopt.comparison.grid import Grid
from qvopt.comparison.summary import Summary

from .picture import Picture
from .style import MUTED, Looks, log_axis, new_figure

_MOST_OPTIMIZERS = 30
_MOST_PROBLEMS = 6
_FLOOR = 1e-3  # mHa


def draw_final_errors(grid: Grid, summary: Summary, looks: Looks) -> Picture:
    """A panel for each problem, a box for each optimizer: quartiles, range, every seed."""
    problems = grid.problems[:_MOST_PROBLEMS]
    names = summary.order[:_MOST_OPTIMIZERS]
    columns = min(3, len(problems))
    rows = math.ceil(len(problems) / columns)
    figure = new_figure(7.2, rows * (0.24 * len(names) + 0.6) + 0.6)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    place = np.arange(len(names))
    for panel, problem in zip(panels, problems, strict=False):
        for y, name in zip(place, names, strict=True):
            cell = grid.get(problem, name)
            if cell is None:
                continue
            errors = cell.final_errors
            good = np.maximum(1e3 * errors[np.isfinite(errors)], _FLOOR)
            colour = looks.colour(name)
            if len(good):
                shift = np.linspace(-0.22, 0.22, len(good))  # in the order of seeds
                panel.plot(good, y + shift, ".", color=colour, markersize=2.2, alpha=0.6)
                panel.boxplot(
                    good, positions=[y], orientation="horizontal", widths=0.62, whis=(5, 95),
                    showfliers=False, manage_ticks=False,
                    boxprops={"color": colour, "linewidth": 0.9},
                    whiskerprops={"color": colour, "linewidth": 0.9},
                    capprops={"color": colour, "linewidth": 0.9},
                    medianprops={"color": colour, "linewidth": 2.2},
                )  # fmt: skip
            failed = len(errors) - len(good)
            if failed:
                panel.annotate(
                    f"{failed} failed", (1.0, y), xycoords=("axes fraction", "data"),
                    ha="right", va="center", fontsize=6.5, color=MUTED,
                )  # fmt: skip
        panel.set_xscale("log")
        log_axis(panel.xaxis)
        low, high = panel.get_xlim()
        panel.set_xlim(low, high * (high / low) ** 0.22)  # room for the counts of failures
        panel.axvline(1e3 * summary.targets[0], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        panel.set_title(problem, loc="left")
        panel.grid(True, axis="x")
        panel.tick_params(axis="y", length=0)
    for panel in panels[len(problems) :]:
        panel.set_visible(False)
    panels[0].set_yticks(place, names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel(f"true error of the point returned ({summary.thousandth})", fontsize=9)
    best = "; ".join(
        f"{p}: " + ", ".join(f"{o} {1e3 * e:.3g}" for o, e in _medians(summary, p)[:3])
        for p in problems
    )
    return Picture(
        "final-errors",
        "Final error at the fixed budget",
        "True (noiseless) error at the point that each run returned: median, quartiles, 5 to 95 % "
        "whiskers, and every seed. Dashed: the main target.",
        f"Box plots of final true errors ({summary.thousandth}). Lowest medians: {best}.",
        figure,
    )


def _medians(summary: Summary, problem: str) -> list[tuple[str, float]]:
    rows = [(r.optimizer, r.error) for r in summary.at_end if r.problem == problem]
    return sorted(rows, key=lambda row: row[1])

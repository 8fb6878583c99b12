"""Box plots of the final true error at the fixed budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qvopt.comparison.grid import Grid
from qvopt.comparison.summary import Summary
from qvopt_molecules.arrays import FloatArray

from .picture import Picture
from .style import LEAST_ERROR, MUTED, Looks, least_text, log_axis, new_figure

_MOST_OPTIMIZERS = 30
_MOST_PROBLEMS = 6


def draw_final_errors(grid: Grid, summary: Summary, looks: Looks) -> Picture:
    """A panel for each problem, a box for each optimizer: quartiles, range, every seed."""
    problems = grid.problems[:_MOST_PROBLEMS]
    names = summary.order[:_MOST_OPTIMIZERS]
    columns = min(3, len(problems))
    rows = math.ceil(len(problems) / columns)
    figure = new_figure(7.2, rows * (0.24 * len(names) + 0.6) + 0.6)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    place = np.arange(len(names))
    drawn: list[FloatArray] = []
    for panel, problem in zip(panels, problems, strict=False):
        boxes: list[tuple[int, FloatArray, str]] = []
        for y, name in zip(place, names, strict=True):
            cell = grid.get(problem, name)
            if cell is None:
                continue
            errors = cell.final_errors
            drawn.append(1e3 * errors[np.isfinite(errors)])
            good = np.maximum(drawn[-1], LEAST_ERROR)
            colour = looks.colour(name)
            if len(good):
                shift = np.linspace(-0.22, 0.22, len(good))  # in the order of seeds
                panel.plot(good, y + shift, ".", color=colour, markersize=2.2, alpha=0.6)
                boxes.append((int(y), good, colour))
            failed = len(errors) - len(good)
            if failed:
                panel.annotate(
                    f"{failed} failed", (1.0, y), xycoords=("axes fraction", "data"),
                    ha="right", va="center", fontsize=6.5, color=MUTED,
                )  # fmt: skip
        _draw_boxes(panel, boxes)
        panel.set_xscale("log")
        log_axis(panel.xaxis, minor=columns == 1)
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
        "whiskers, and every seed. Dashed: the main target, where it is in the range."
        + least_text(drawn, summary.thousandth),
        f"Box plots of final true errors ({summary.thousandth}). Lowest medians: {best}.",
        figure,
    )


def _draw_boxes(panel: Any, boxes: Sequence[tuple[int, FloatArray, str]]) -> None:
    """Draw boxes of quartiles with whiskers to the 5th and 95th percentile, and their medians.

    Args:
        panel: matplotlib's axes.
        boxes: height, values and colour of each.
    """
    from matplotlib.cbook import boxplot_stats
    from matplotlib.collections import LineCollection

    frames: list[Any] = []
    medians: list[Any] = []
    colours: list[str] = []
    for y, values, colour in boxes:
        (s,) = boxplot_stats(values, whis=(5, 95))
        low, high, end_low, end_high = y - 0.31, y + 0.31, y - 0.155, y + 0.155
        q1, q3, first, last = s["q1"], s["q3"], s["whislo"], s["whishi"]
        frames += [
            [(q1, low), (q1, high), (q3, high), (q3, low), (q1, low)],
            [(q1, y), (first, y)],
            [(q3, y), (last, y)],
            [(first, end_low), (first, end_high)],
            [(last, end_low), (last, end_high)],
        ]
        medians.append([(s["med"], low), (s["med"], high)])
        colours.append(colour)
    for lines, width, cap, repeat in (
        (frames, 0.9, "projecting", 5),
        (medians, 2.2, "butt", 1),
    ):
        collection = LineCollection(
            lines, colors=[c for c in colours for _ in range(repeat)], linewidths=width,
            capstyle=cap, zorder=2,
        )  # fmt: skip
        panel.add_collection(collection, autolim=False)


def _medians(summary: Summary, problem: str) -> list[tuple[str, float]]:
    rows = [(r.optimizer, r.error) for r in summary.at_end if r.problem == problem]
    return sorted(rows, key=lambda row: row[1])

"""Error against shots: medians with quartile bands, and every seed faint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qvopt.comparison.grid import Grid, GridCell
from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.statistics.quantiles import quantile
from qvopt.comparison.summary import Summary
from qvopt_molecules.arrays import FloatArray

from .picture import Picture
from .series import Series
from .style import (
    INK,
    LABEL_LEFT,
    LEAST_ERROR,
    MUTED,
    REST,
    End,
    Looks,
    label_ends,
    least_text,
    log_axis,
    new_figure,
    set_margins,
    ticks_within,
    unlabelled_axis,
)

_POINTS = 80
_FAINT_SEEDS = 6
_MOST_PANELS = 24
_HIGH = 0.94  # of the axes: above it a label has no room over its line


def shots_grid(cells: Sequence[GridCell]) -> FloatArray:
    """Return shots, log-spaced from the first step of any run to the largest budget."""
    first = [int(r.shots[r.shots > 0][0]) for c in cells for r in c.runs if (r.shots > 0).any()]
    last = max(max((r.budget, *r.shots[-1:].tolist())) for c in cells for r in c.runs)
    low = min(first, default=1)
    return np.geomspace(low, max(last, low + 1), _POINTS)


def error_at(run: RunOutcome, shots: FloatArray) -> FloatArray:
    """Return the true error in Hartree of the last iterate with at most so many shots spent.

    It stays where a run ended; after a crash it is infinite.
    """
    if not len(run.shots):
        return np.full(len(shots), np.inf)
    index = np.searchsorted(run.shots, shots, side="right") - 1
    error = np.asarray(run.error, dtype=np.float64)[np.maximum(index, 0)]
    error = np.where(np.isnan(error), np.inf, error)
    return np.where(shots > run.shots[-1], np.inf, error) if run.status == "crashed" else error


def draw_convergence(grid: Grid, summary: Summary, looks: Looks, problem: str, k: int) -> Picture:
    """All optimizers of a problem in one panel; the best eight in colour with quartile bands."""
    figure = new_figure(7.2, 4.3)
    axes = figure.subplots()
    ends, series = plot_convergence(axes, grid, summary, looks, problem)
    label_ends([(axes, ends)])
    hidden = [t for t in summary.targets if not _in_range(axes, t)]
    left_out = f" Out of range: {_targets_text(hidden, summary)}." if hidden else ""
    named = {end.name for end in ends}
    lines = [(name, errors) for name, errors in series.lines if name in named]
    grey = sum(not looks.foreground(c.optimizer) for c in grid.of(problem))
    others = f" The other {grey} are grey." if grey else ""
    return Picture(
        f"convergence-{k}",
        f"Error against shots: {problem}",
        f"Median true error of the iterates over seeds, with quartile bands.{others} Dashed: "
        f"targets.{left_out} A crashed run counts as infinite from then on."
        + _least_text(grid.of(problem), summary),
        f"Log-log lines of true energy error ({summary.thousandth}) against shots spent on "
        f"{problem}. " + _ends_text(lines, summary.thousandth),
        figure,
        series,
    )


def plot_convergence(
    axes: Any, grid: Grid, summary: Summary, looks: Looks, problem: str
) -> tuple[list[End], Series]:
    """Draw all optimizers of a problem; return the ends of the best medians, and all medians."""
    cells = grid.of(problem, summary.order)
    shots = shots_grid(cells)
    ends = []
    quartiles = [_quartiles(cell, shots) for cell in cells]
    bands = [np.maximum(q, LEAST_ERROR) for q in quartiles]
    for k, (cell, (low, middle, high)) in reversed(list(enumerate(zip(cells, bands, strict=True)))):
        front = looks.foreground(cell.optimizer)
        colour = looks.colour(cell.optimizer)
        if front:
            shade = np.where(np.isfinite(high), high, 1e9)
            area = axes.fill_between(shots, low, shade, color=colour, alpha=0.12, linewidth=0)
            area.set_gid(f"optimizer-{k}-band")
        axes.plot(
            shots, middle, label=cell.optimizer, color=colour, linestyle=looks.dash(cell.optimizer),
            linewidth=1.6 if front else 0.8, zorder=3 if front else 2, gid=f"optimizer-{k}-line",
        )  # fmt: skip
        shown = middle[np.isfinite(middle)]
        if front and len(shown):
            ends.append(End(float(shown[-1]), cell.optimizer, colour, f"optimizer-{k}"))
    _scale(axes, cells, bands, shots, summary, labelled=True)
    _draw_targets(axes, summary, labelled=True)
    axes.set_xlabel("shots spent, everything charged")
    axes.set_ylabel(f"true energy error ({summary.thousandth})")
    axes.set_title(problem, loc="left")
    lines = tuple((c.optimizer, middle) for c, (_, middle, _) in zip(cells, quartiles, strict=True))
    return ends, Series(axes, shots, lines, summary.thousandth, LEAST_ERROR)


def draw_seeds(grid: Grid, summary: Summary, problem: str, k: int) -> Picture:
    """A panel for each optimizer: its median, its quartile band, its seeds; the others grey."""
    from matplotlib.collections import LineCollection

    cells = grid.of(problem, summary.order)[:_MOST_PANELS]
    shots = shots_grid(cells)
    columns = min(4, len(cells))
    rows = math.ceil(len(cells) / columns)
    figure = new_figure(1.9 * columns + 0.5, 1.55 * rows + 0.5, layout=None)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    bands = [np.maximum(_quartiles(cell, shots), LEAST_ERROR) for cell in cells]
    for panel, cell, (low, middle, high) in zip(panels, cells, bands, strict=False):
        others = [np.column_stack([shots[::2], other[::2]]) for _, other, _ in bands]
        panel.add_collection(LineCollection(others, colors=REST, linewidths=0.5, alpha=0.5))
        seeds = [
            np.column_stack([shots, _shown(error_at(run, shots))])
            for run in cell.runs[:_FAINT_SEEDS]
        ]
        panel.add_collection(LineCollection(seeds, colors="#1f77c9", linewidths=0.4, alpha=0.35))
        shade = np.where(np.isfinite(high), high, 1e9)
        panel.fill_between(shots, low, shade, color="#1f77c9", alpha=0.2, linewidth=0)
        panel.plot(shots, middle, color="#1f77c9", linewidth=1.5)
        panel.set_title(cell.optimizer, fontsize=8, loc="left", pad=3)
        if panel is panels[0]:  # scales, limits and ticks are those of all
            _scale(panel, cells, bands, shots, summary, labelled=False)
            x_ticks, y_ticks = ticks_within(panel.xaxis), ticks_within(panel.yaxis)
        _draw_targets(panel, summary, labelled=False)
        place = panel.get_subplotspec()
        if not place.is_last_row():
            unlabelled_axis(panel.xaxis, x_ticks)
        if not place.is_first_col():
            unlabelled_axis(panel.yaxis, y_ticks)
    for panel in panels[len(cells) :]:
        panel.set_visible(False)
    set_margins(figure, rows, columns, [f"{y:g}" for y in y_ticks])
    figure.supxlabel("shots spent, everything charged", fontsize=9, color=INK)
    figure.supylabel(
        f"true energy error ({summary.thousandth})", fontsize=9, color=INK,
        x=LABEL_LEFT / figure.get_figwidth(),
    )  # fmt: skip
    left = len(grid.of(problem)) - len(cells)
    more = f" The best {len(cells)} of {len(cells) + left} are shown." if left else ""
    return Picture(
        f"seeds-{k}",
        f"Each optimizer: {problem}",
        f"Median, quartile band and up to {_FAINT_SEEDS} seeds of each optimizer, in the order of "
        f"the ranking, before the medians of the others in grey. Dashed: the main target, where it "
        f"is in the range.{more}" + _least_text(cells, summary),
        f"Small multiples for {problem}, one panel an optimizer, of true energy error against "
        f"shots: {', '.join(c.optimizer for c in cells)}.",
        figure,
    )


def _least_text(cells: Sequence[GridCell], summary: Summary) -> str:
    errors = (1e3 * np.asarray(run.error) for cell in cells for run in cell.runs)
    return least_text(errors, summary.thousandth)


def _quartiles(cell: GridCell, shots: FloatArray) -> FloatArray:
    """Quartiles in thousandths; infinite ones are left out of a line."""
    errors = np.stack([error_at(run, shots) for run in cell.runs])
    scaled = 1e3 * quantile(errors, [0.25, 0.5, 0.75], axis=0)
    return np.where(np.isinf(scaled), np.nan, scaled)


def _shown(error: FloatArray) -> FloatArray:
    """In thousandths; infinite ones are left out of a line."""
    scaled = np.maximum(1e3 * error, LEAST_ERROR)
    return np.where(np.isinf(scaled), np.nan, scaled)


def _scale(
    axes: Any,
    cells: Sequence[GridCell],
    bands: Sequence[FloatArray],
    shots: FloatArray,
    summary: Summary,
    *,
    labelled: bool,
) -> None:
    """Logarithmic axes that hold every curve and target."""
    targets = _targets(summary, labelled)
    starts = [1e3 * float(r.error[0]) for c in cells for r in c.runs if len(r.error)]
    lower = np.concatenate([low for low, _, _ in bands])
    lowest = float(np.nanmin(lower)) if np.isfinite(lower).any() else 1.0
    start = float(np.nanmax([s for s in starts if np.isfinite(s)] or [1.0]))
    top = 3 * max(start, 1e3 * min(targets), 2 * lowest)
    low = max(LEAST_ERROR, 0.5 * min(lowest, 1e3 * min(targets) if labelled else lowest))
    axes.set(xscale="log", yscale="log", ylim=(low, top), xlim=(shots[0], shots[-1]))
    log_axis(axes.xaxis, shots=True, minor=labelled)
    log_axis(axes.yaxis, minor=labelled)


def _targets(summary: Summary, labelled: bool) -> Sequence[float]:
    """Every target where there is room for their labels, else the main one."""
    return summary.targets if labelled else summary.targets[:1]


def _draw_targets(axes: Any, summary: Summary, *, labelled: bool) -> None:
    """Draw the targets that are within the limits, their names inside of the axes."""
    low, high = np.log(axes.get_ylim())
    for target in _targets(summary, labelled):
        if not _in_range(axes, target):
            continue
        axes.axhline(1e3 * target, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        if labelled:
            near_top = (np.log(1e3 * target) - low) / (high - low) > _HIGH
            axes.annotate(
                f"{1e3 * target:g} {summary.thousandth}", (0.006, 1e3 * target),
                xycoords=("axes fraction", "data"), fontsize=7, color=MUTED,
                va="top" if near_top else "bottom", ha="left",
            )  # fmt: skip
    axes.grid(True, which="major")


def _in_range(axes: Any, target: float) -> bool:
    low, high = axes.get_ylim()
    return bool(low <= 1e3 * target <= high)


def _targets_text(targets: Sequence[float], summary: Summary) -> str:
    return ", ".join(f"{1e3 * t:g} {summary.thousandth}" for t in targets)


def _ends_text(lines: Sequence[tuple[str, FloatArray]], unit: str) -> str:
    """The last finite medians of lines, the lowest first."""
    ends = [(float(y[np.isfinite(y)][-1]), name) for name, y in lines if np.isfinite(y).any()]
    if not ends:
        return "No optimizer has a finite median."
    parts = ", ".join(f"{name} {error:.3g}" for error, name in sorted(ends))
    return f"Median errors at the end ({unit}): {parts}."

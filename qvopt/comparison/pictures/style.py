"""How pictures look: colours that hold on light and dark and for the colour-blind, log axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray

INK = "#20242b"
"""Text and axes; the page replaces it with its own text colour."""
MUTED = "#6b7281"
"""Secondary text and lines; replaced likewise."""
REST = "#9aa0ab"
"""Lines of what is not in the foreground, on either background."""

# Contrast with white and with the page's dark background is at least 3:1 for each.
COLOURS = (
    "#1f77c9", "#d16a00", "#0f9070", "#cc4468", "#8f63d2", "#7a8420", "#1d98ba", "#a2684a",
)  # fmt: skip
DASHES: tuple[Any, ...] = (
    "-",
    "-",
    "-",
    "-",
    (0, (5, 1.5)),
    (0, (5, 1.5)),
    (0, (2, 1)),
    (0, (2, 1)),
)

MOST_COLOURED = len(COLOURS)

LEAST_ERROR = 1e-3
"""Thousandths: exact errors can be nothing at all, and no logarithmic axis holds that."""

LABEL_LEFT = 0.04
"""Inches between a figure's left and the label of its vertical axes."""

_DIGIT = 0.075  # inches of a digit in labels of ticks
_FONTS = ["DejaVu Sans"]
_AXIS_ORDER = 1.5  # where axes draw their ticks: over areas, under lines


def style() -> AbstractContextManager[None]:
    """Return the matplotlib context in which every picture is drawn and saved."""
    import matplotlib as mpl

    context: AbstractContextManager[None] = mpl.rc_context(
        {
            "font.family": _FONTS,
            "font.size": 9,
            "text.parse_math": False,  # labels may hold dollars and backslashes
            "axes.titlesize": 10,
            "axes.titley": 1.0,  # else every drawing looks for ticks in the way
            "axes.labelsize": 9,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "legend.fontsize": 8,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.titlecolor": INK,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.8,
            "legend.frameon": False,
            "grid.color": REST,
            "grid.alpha": 0.3,
            "grid.linewidth": 0.5,
            "svg.fonttype": "none",
            "svg.hashsalt": "qvopt",
            "pdf.fonttype": 42,
            "path.simplify": True,
        }
    )
    return context


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Any:
    """Return a figure of so many inches, with no state outside it; `layout` places its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def set_margins(figure: Any, rows: int, columns: int, labels: Sequence[str] = ()) -> None:
    """Place a grid of small panels with titles, which share their axes, by fixed margins.

    Args:
        figure: with a label of all its panels at `LABEL_LEFT` inches from its left.
        rows, columns: of panels.
        labels: of the ticks of the vertical axis; the longest has room beside the figure's label.

    Measuring the texts of every panel, as `lay_out` does, takes longer than drawing them.
    """
    width, height = figure.get_size_inches()
    right, bottom, top, across, between = 0.17, 0.52, 0.24, 0.34, 0.27
    left = max(0.62, LABEL_LEFT + 0.32 + _DIGIT * max(map(len, labels), default=0))
    panel = (width - left - right - across * (columns - 1)) / columns
    panel_height = (height - bottom - top - between * (rows - 1)) / rows
    figure.set_layout_engine("none")
    figure.subplots_adjust(
        left / width, bottom / height, 1 - right / width, 1 - top / height,
        across / panel, between / panel_height,
    )  # fmt: skip


def lay_out(figure: Any) -> None:
    """Place the axes of a figure, without drawing it."""
    from matplotlib.ticker import NullLocator

    engine = figure.get_layout_engine()
    if engine is None:
        return
    axes_of_figure = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    locators = [(axis, axis.get_minor_locator()) for axis in axes_of_figure]
    for axis, _ in locators:  # minor ticks have no labels, take no room, and half the time
        axis.set_minor_locator(NullLocator())
    engine.execute(figure)
    for axis, locator in locators:
        axis.set_minor_locator(locator)


def least_text(errors: Iterable[npt.ArrayLike], unit: str) -> str:
    """Say what is drawn of errors (in thousandths) below the least that is shown, if there are any.

    It begins with a space, to follow a caption.
    """
    below = any(bool((np.asarray(e, dtype=np.float64) < LEAST_ERROR).any()) for e in errors)
    if not below:
        return ""
    return f" Errors below {LEAST_ERROR:g} {unit}, also negative ones, are drawn at it."


class Looks:
    """Colour and dash of each optimizer, the same in every picture: the best eight stand out."""

    def __init__(self, order: Sequence[str]) -> None:
        self._place = {name: k for k, name in enumerate(order)}

    def foreground(self, name: str) -> bool:
        """Whether it has a colour of its own."""
        return self._place[name] < MOST_COLOURED

    def colour(self, name: str) -> str:
        """Its colour."""
        return COLOURS[self._place[name]] if self.foreground(name) else REST

    def dash(self, name: str) -> Any:
        """Its line style, so that colour is not the only difference."""
        return DASHES[self._place[name]] if self.foreground(name) else "-"


def shots_text(x: float) -> str:
    """Return shots in short: 1.5k, 20M, 3G; ∞ for none."""
    if not math.isfinite(x):
        return "∞"
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if x >= 0.9995 * unit:
            return f"{x / unit:.3g}{name}"
    return f"{x:.3g}"


def log_axis(axis: Any, *, shots: bool = False, minor: bool = True) -> None:
    """Label a logarithmic axis with plain numbers (shots in short form), however few decades fit.

    Without `minor`, few labels: of a small panel.
    """
    from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

    from .log_ticks import labelled_places, locator, places_between

    most, decades = (8, 8) if minor else (4, 5)
    axis.set_major_locator(locator(lambda low, high: labelled_places(low, high, most, decades)))
    axis.set_minor_formatter(NullFormatter())
    # Two and five of each decade: every tick is an object that each drawing updates.
    between = locator(lambda low, high: places_between(low, high, decades))
    axis.set_minor_locator(between if minor else NullLocator())

    def text(x: float, _: object) -> str:
        places = axis.get_majorticklocs() if shots else ()
        distinct = len({shots_text(p) for p in places}) == len(places)
        return shots_text(x) if shots and distinct else f"{x:,.7g}" if shots else f"{x:g}"

    axis.set_major_formatter(FuncFormatter(text))


def ticks_within(axis: Any) -> FloatArray:
    """Return the places of the major ticks of a logarithmic axis within its limits."""
    low, high = axis.get_view_interval()
    places = np.asarray(axis.get_majorticklocs(), dtype=np.float64)
    within: FloatArray = places[(places >= low * (1 - 1e-9)) & (places <= high * (1 + 1e-9))]
    return within


def unlabelled_axis(axis: Any, places: FloatArray) -> None:
    """Hide an axis that needs no labels, and draw its tick marks and grid as two artists.

    Matplotlib has five artists for each tick. In a grid of small panels they take longer than all
    that the panels show.
    """
    import matplotlib as mpl
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    from matplotlib.markers import TICKDOWN, TICKLEFT

    axes, rc, is_x = axis.axes, mpl.rcParams, axis.axis_name == "x"
    axis.set_visible(False)
    transform = axes.get_xaxis_transform() if is_x else axes.get_yaxis_transform()
    from_to = np.zeros((len(places), 2, 2))  # tick, end, (x, y)
    from_to[:, :, 0 if is_x else 1] = places[:, None]
    from_to[:, 1, 1 if is_x else 0] = 1.0
    grid = LineCollection(
        list(from_to), transform=transform, colors=rc["grid.color"], alpha=rc["grid.alpha"],
        linewidths=rc["grid.linewidth"], zorder=_AXIS_ORDER,
    )  # fmt: skip
    axes.add_collection(grid, autolim=False)
    name = "xtick" if is_x else "ytick"
    marks = Line2D(
        *from_to[:, 0].T, transform=transform, linestyle="none", color=rc[f"{name}.color"],
        marker=TICKDOWN if is_x else TICKLEFT, markersize=rc[f"{name}.major.size"],
        markeredgewidth=rc[f"{name}.major.width"], clip_on=False, zorder=_AXIS_ORDER,
    )  # fmt: skip
    axes.add_artist(marks)


class End(NamedTuple):
    """A line's end: height in data, name, colour, and the start of the ids of its label in SVG."""

    height: float
    name: str
    colour: str
    gid: str = ""


def label_ends(panels: Sequence[tuple[Any, Sequence[End]]], size: float = 8) -> None:
    """Write names right of the axes at the heights of their lines' ends, without overlaps.

    `panels` are all axes of a figure that have labels, each with its ends. A thin leader joins a
    label that had to move.
    """
    if not any(ends for _, ends in panels):
        return
    lay_out(panels[0][0].figure)  # it decides how high the axes are
    for axes, ends in panels:
        if ends:
            _label_axes(axes, ends, size)


def _label_axes(axes: Any, ends: Sequence[End], size: float) -> None:
    height = axes.get_window_extent().height / axes.figure.dpi * 72
    gap = 1.25 * size / height
    raw = axes.transAxes.inverted().transform(
        [axes.transData.transform((1.0, y)) if y > 0 else (0.0, 0.0) for y, *_ in ends]
    )[:, 1]
    order = np.argsort(raw, kind="stable")
    wanted = np.clip(raw[order], 0.0, 1.0)
    for k, y in zip(order, spread(wanted, gap), strict=True):
        end = ends[k]
        start = float(np.clip(raw[k], 0.0, 1.0))
        (leader,) = axes.plot(
            [1.0, 1.025], [start, y], transform=axes.transAxes, clip_on=False, color=end.colour,
            linewidth=0.7, scalex=False, scaley=False,
        )  # fmt: skip
        label = axes.text(
            1.035, y, end.name, transform=axes.transAxes, color=INK, fontsize=size, va="center"
        )
        if end.gid:
            leader.set_gid(f"{end.gid}-leader")
            label.set_gid(f"{end.gid}-label")


def spread(wanted: npt.ArrayLike, gap: float) -> FloatArray:
    """Return rising positions at least `gap` apart, as near to `wanted` (rising) as can be.

    They stay within 0 … 1 if there is room.
    Least squares under the order: with y_k = z_k + k·gap it is isotonic regression of z, by
    pooling adjacent violators.
    """
    w = np.asarray(wanted, dtype=np.float64)
    offset = gap * np.arange(len(w))
    pools: list[list[float]] = []
    for value in w - offset:
        pools.append([float(value), 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2], pools.pop()
            pools[-1] = [(a * m + b * n) / (m + n), m + n]
    if not pools:
        return w
    z = np.concatenate([np.full(int(n), v) for v, n in pools])
    if offset[-1] <= 1:
        z = np.clip(z, 0.0, 1.0 - offset[-1])
    heights: FloatArray = z + offset
    return heights

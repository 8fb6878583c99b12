"""The convergence picture of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qvopt.runs.panels import (
    GREY,
    Curve,
    Panel,
    convergence_panels,
    convergence_title,
    energy_panel,
    error_panel,
)
from qvopt.runs.raster import draw_png, text_font_path
from qvopt.runs.result import Result, Trace
from qvopt_molecules.errors import InputError


def draw_convergence(trace: Trace, result: Result, path: Path) -> None:
    """Draw energy and error against steps (or shots, where any were spent) into a file.

    The suffix of `path` chooses the format: .png, .svg or .pdf. Raises InputError for others.
    A .png is drawn without matplotlib, whose import alone takes longer than a small run.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"a picture is a .png, .svg or .pdf file, got '{path.name}'")
    shown = replace(result, trace=trace)
    font = text_font_path() if suffix == ".png" else None
    try:
        if font is None:
            convergence_figure(shown).savefig(path, dpi=150)
        else:
            draw_png(convergence_panels(shown), convergence_title(shown), path, font)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def convergence_figure(result: Result) -> Any:
    """Return a matplotlib Figure of the energy and, where it is known, the error."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = convergence_panels(result)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    figure.suptitle(convergence_title(result), fontsize=11)
    for panel, ax in zip(panels, axes, strict=True):
        draw_panel(panel, ax)
    for ax in axes[:-1]:
        ax.set_xlabel("")
    return figure


def axes_or_new(ax: Any) -> Any:
    """Return the given Axes, or new ones of pyplot's current backend."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def plot_energy(result: Result, ax: Any) -> Any:
    """Draw the energy against steps, or shots where any were spent; return the Axes."""
    return draw_panel(energy_panel(result), ax)


def plot_error(result: Result, ax: Any) -> Any:
    """Draw the error of the noiseless energy on a logarithmic scale; return the Axes."""
    return draw_panel(error_panel(result), ax)


def draw_panel(panel: Panel, ax: Any) -> Any:
    """Draw a panel into matplotlib Axes; return them."""
    if panel.logarithmic:
        ax.set_yscale("log")
    for curve in panel.curves:
        _draw_curve(curve, ax)
    for level in panel.levels:
        line = ":" if level.dotted else "--"
        label = None if level.beside else level.label
        ax.axhline(level.y, color=GREY, linestyle=line, linewidth=1, label=label)
        if level.beside:
            ax.annotate(
                level.label, (1, level.y), xycoords=("axes fraction", "data"),
                ha="right", va="bottom", fontsize=8, color=GREY,
            )  # fmt: skip
    ax.set_ylabel(panel.ylabel)
    ax.set_xlabel(panel.xlabel)
    if not panel.logarithmic:
        ax.ticklabel_format(axis="y", useOffset=False)
        ax.legend(frameon=False, fontsize=8)
    if panel.in_shots:
        from matplotlib.ticker import EngFormatter

        ax.xaxis.set_major_formatter(EngFormatter())
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.5)
    return ax


def _draw_curve(curve: Curve, ax: Any) -> None:
    look: dict[str, Any] = {"color": curve.color, "label": curve.label}
    if curve.stderr is None:
        line = "-" if curve.joined else "none"
        ax.plot(curve.x, curve.y, line, marker=curve.marker or None, markersize=3, **look)
    elif curve.marker == "D":
        ax.errorbar(
            curve.x, curve.y, curve.stderr, fmt="D", markersize=4, capsize=3, zorder=3, **look
        )
    else:
        ax.errorbar(curve.x, curve.y, curve.stderr, fmt=curve.marker, alpha=0.6, **look)

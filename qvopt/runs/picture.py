"""The convergence picture of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qvopt.runs.result import Result, Trace
from qvopt.runs.wording import wording
from qvopt_molecules.errors import InputError

_CHEMICAL_ACCURACY = 1.6e-3  # Hartree
_BLUE, _GREY, _RED = "#1f5fa8", "#6b6b6b", "#b0413e"


def draw_convergence(trace: Trace, result: Result, path: Path) -> None:
    """Draw energy and error against steps (or shots, where any were spent) into a file.

    The suffix of `path` chooses the format: .png, .svg or .pdf. Raises InputError for others.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"a picture is a .png, .svg or .pdf file, got '{path.name}'")
    try:
        convergence_figure(replace(result, trace=trace)).savefig(path, dpi=150)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def convergence_figure(result: Result) -> Any:
    """Return a matplotlib Figure of the energy and, where it is known, the error."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    known = result.fci is not None and bool(np.isfinite(result.steps.exact).any())
    axes = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    names = result.names
    figure.suptitle(
        f"{names.get('molecule', '')}: {names.get('ansatz', '')}, {names.get('optimizer', '')} "
        f"on {names.get('backend', '')}",
        fontsize=11,
    )
    plot_energy(result, axes[0])
    if known:
        axes[0].set_xlabel("")
        plot_error(result, axes[1])
    return figure


def axes_or_new(ax: Any) -> Any:
    """Return the given Axes, or new ones of pyplot's current backend."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def plot_energy(result: Result, ax: Any) -> Any:
    """Draw the energy against steps, or shots where any were spent; return the Axes."""
    trace, words = result.steps, wording(result)
    sampled = result.shots > 0
    x = trace.shots if sampled else trace.step
    marker = "o" if len(x) < 30 else None
    if sampled and np.isfinite(trace.energy).any():
        ax.errorbar(x, trace.energy, trace.stderr, fmt=".", color=_RED, alpha=0.6, label="measured")
    if sampled and result.energy is not None and result.stderr:
        ax.errorbar(
            [x[-1]], [result.energy], [result.stderr], fmt="D", color=_RED,
            markersize=4, capsize=3, zorder=3, label="final estimate",
        )  # fmt: skip
    if np.isfinite(trace.exact).any():
        label = "noiseless energy" if sampled else "energy"
        ax.plot(x, trace.exact, color=_BLUE, marker=marker, markersize=3, label=label)
    elif np.isfinite(trace.energy).any() and not sampled:
        ax.plot(x, trace.energy, color=_BLUE, marker=marker, markersize=3, label="energy")
    ax.axhline(result.hf, color=_GREY, linestyle=":", linewidth=1, label=words.reference)
    if result.fci is not None:
        ax.axhline(result.fci, color=_GREY, linestyle="--", linewidth=1, label=words.exact)
    ax.set_ylabel(f"energy{words.bracketed}")
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.legend(frameon=False, fontsize=8)
    return _finished(ax, sampled)


def plot_error(result: Result, ax: Any) -> Any:
    """Draw the error of the noiseless energy on a logarithmic scale; return the Axes."""
    trace, words = result.steps, wording(result)
    sampled = result.shots > 0
    x = trace.shots if sampled else trace.step
    error = np.maximum(np.abs(trace.exact - float(result.fci or 0.0)), 1e-12)
    ax.semilogy(x, error, color=_BLUE, marker="o" if len(x) < 30 else None, markersize=3)
    if words.in_hartree:
        ax.axhline(_CHEMICAL_ACCURACY, color=_GREY, linewidth=1, linestyle="--")
        ax.annotate(
            "chemical accuracy (1.6 mHa)",
            (1, _CHEMICAL_ACCURACY),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=8,
            color=_GREY,
        )
    ax.set_ylabel(f"|error| against {words.exact}{words.bracketed}")
    return _finished(ax, sampled)


def _finished(ax: Any, sampled: bool) -> Any:
    ax.set_xlabel("shots spent" if sampled else "step")
    if sampled:
        from matplotlib.ticker import EngFormatter

        ax.xaxis.set_major_formatter(EngFormatter())
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.5)
    return ax

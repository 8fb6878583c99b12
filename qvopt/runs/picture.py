"""The convergence picture of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qvopt.runs.figures import save_figure
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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sampled = result.shots > 0
    x = trace.shots if sampled else trace.step
    figure = Figure(figsize=(7.2, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    known = result.fci is not None and bool(np.isfinite(trace.exact).any())
    axes = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    names = result.names
    figure.suptitle(
        f"{names.get('molecule', '')}: {names.get('ansatz', '')}, {names.get('optimizer', '')} "
        f"on {names.get('backend', '')}",
        fontsize=11,
    )
    top, words = axes[0], wording(result)
    marker = "o" if len(x) < 30 else None
    if sampled and np.isfinite(trace.energy).any():
        top.errorbar(
            x, trace.energy, trace.stderr, fmt=".", color=_RED, alpha=0.6, label="measured"
        )
    if np.isfinite(trace.exact).any():
        label = "noiseless energy" if sampled else "energy"
        top.plot(x, trace.exact, color=_BLUE, marker=marker, markersize=3, label=label)
    elif np.isfinite(trace.energy).any() and not sampled:
        top.plot(x, trace.energy, color=_BLUE, marker=marker, markersize=3, label="energy")
    top.axhline(result.hf, color=_GREY, linestyle=":", linewidth=1, label=words.reference)
    if result.fci is not None:
        top.axhline(result.fci, color=_GREY, linestyle="--", linewidth=1, label=words.exact)
    top.set_ylabel(f"energy{words.bracketed}")
    top.ticklabel_format(axis="y", useOffset=False)
    top.legend(frameon=False, fontsize=8)
    if known:
        bottom = axes[1]
        error = np.maximum(np.abs(trace.exact - float(result.fci or 0.0)), 1e-12)
        bottom.semilogy(x, error, color=_BLUE, marker=marker, markersize=3)
        if words.in_hartree:
            bottom.axhline(_CHEMICAL_ACCURACY, color=_GREY, linewidth=1, linestyle="--")
            bottom.annotate(
                "chemical accuracy (1.6 mHa)",
                (1, _CHEMICAL_ACCURACY),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                fontsize=8,
                color=_GREY,
            )
        bottom.set_ylabel(f"|error| against {words.exact}{words.bracketed}")
    axes[-1].set_xlabel("shots spent" if sampled else "step")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5)
    save_figure(figure, path)

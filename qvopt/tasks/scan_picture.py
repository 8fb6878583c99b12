"""The picture of a potential-energy curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qvopt.runs.figures import save_figure
from qvopt.tasks.scan_result import ScanResult
from qvopt_molecules.errors import InputError

_CHEMICAL_ACCURACY = 1.6e-3  # Hartree
_BLUE, _GREY = "#1f5fa8", "#6b6b6b"


def draw_scan(result: ScanResult, path: Path) -> None:
    """Draw energies beside HF, CCSD and the exact ones, and below their errors, into a file.

    The suffix of `path` chooses the format: .png, .svg or .pdf. Raises InputError for others.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"a picture is a .png, .svg or .pdf file, got '{path.name}'")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    words = result.words
    lines = (
        ("hf", words.reference, "#6b6b6b", ":"),
        ("ccsd", "CCSD", "#c98a1b", "-."),
        ("fci", words.exact, "#222222", "--"),
    )
    x = np.array([p.value for p in result.points])
    order = np.argsort(x, kind="stable")
    x = x[order]
    columns = {
        k: result.column(k)[order] for k in ("energy", "stderr", "exact", "hf", "ccsd", "fci")
    }
    known = bool(np.isfinite(columns["fci"]).any())
    figure = Figure(figsize=(7.2, 6.4 if known else 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    figure.suptitle(", ".join(filter(None, (result.molecule, result.basis))), fontsize=11)
    top = axes[0]
    for key, label, colour, style in lines:
        if np.isfinite(columns[key]).any():
            top.plot(x, columns[key], color=colour, linestyle=style, linewidth=1.2, label=label)
    sampled = bool((np.nan_to_num(columns["stderr"]) > 0).any())
    spread = np.nan_to_num(columns["stderr"]) if sampled else None
    vqe = f"VQE ({result.ansatz})" if result.ansatz else "VQE"
    label = f"{vqe}, measured" if sampled else vqe
    top.errorbar(
        x, columns["energy"], spread, fmt="o", markersize=4, color=_BLUE, capsize=2, label=label
    )
    top.set_ylabel(f"energy{words.bracketed}")
    top.ticklabel_format(axis="y", useOffset=False)
    top.legend(frameon=False, fontsize=8)
    if known:
        bottom = axes[1]
        for key, label, colour, style in lines[:2]:
            error = np.abs(columns[key] - columns["fci"])
            if np.isfinite(error).any():
                bottom.semilogy(x, np.maximum(error, 1e-10), color=colour, linestyle=style,
                                linewidth=1.2, label=label)  # fmt: skip
        best = np.where(np.isfinite(columns["exact"]), columns["exact"], columns["energy"])
        error = np.maximum(np.abs(best - columns["fci"]), 1e-10)
        bottom.semilogy(x, error, "o-", markersize=4, linewidth=0.8, color=_BLUE,
                        label=f"{vqe}, noiseless" if sampled else vqe)  # fmt: skip
        if words.in_hartree:
            bottom.axhline(_CHEMICAL_ACCURACY, color=_GREY, linewidth=1, linestyle="--")
            bottom.annotate("chemical accuracy (1.6 mHa)", (0.01, _CHEMICAL_ACCURACY),
                            xycoords=("axes fraction", "data"), ha="left", va="bottom",
                            fontsize=8, color=_GREY)  # fmt: skip
        bottom.set_ylabel(f"|error| against {words.exact}{words.bracketed}")
        bottom.legend(frameon=False, fontsize=8)
    axes[-1].set_xlabel(result.axis)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5)
    save_figure(figure, path)

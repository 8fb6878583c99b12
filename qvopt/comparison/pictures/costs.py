"""What the shots were spent on."""

from __future__ import annotations

import numpy as np

from qvopt.comparison.grid import Grid
from qvopt.comparison.summary import Summary

from .picture import Picture
from .style import COLOURS, REST, new_figure

PURPOSES = (
    "gradient", "energy", "metric", "line-search", "fidelity", "calibration", "monitor", "final",
)  # fmt: skip
_HATCHES = ("", "", "", "////", "", "....", "", "xxxx")
_MOST = 30


def draw_costs(grid: Grid, summary: Summary) -> Picture | None:
    """Stacked bars: mean share of the budget by purpose, over all problems; None if unknown."""
    names = summary.order[:_MOST]
    shares: dict[str, dict[str, float]] = {name: {} for name in names}
    for name in names:
        cells = [c for p in grid.problems if (c := grid.get(p, name)) is not None]
        for cell in cells:
            for run in cell.runs:
                for purpose, shots in run.spent.items():
                    part = shots / max(run.budget, 1) / len(cell.runs) / len(cells)
                    shares[name][purpose] = shares[name].get(purpose, 0.0) + part
    purposes = dict.fromkeys(p for s in shares.values() for p, share in s.items() if share > 0)
    if not purposes:
        return None
    known = [p for p in PURPOSES if p in purposes] + sorted(
        p for p in purposes if p not in PURPOSES
    )
    figure = new_figure(7.2, 0.27 * len(names) + 1.3)
    axes = figure.subplots()
    left = np.zeros(len(names))
    place = np.arange(len(names))
    for purpose in known:
        width = np.array([100 * shares[name].get(purpose, 0.0) for name in names])
        k = PURPOSES.index(purpose) if purpose in PURPOSES else -1
        axes.barh(
            place, width, left=left, height=0.7, label=purpose.replace("-", " "),
            color=COLOURS[k] if k >= 0 else REST, hatch=_HATCHES[k] if k >= 0 else "",
            edgecolor="#ffffff", linewidth=0.3,
        )  # fmt: skip
        left += width
    axes.set_yticks(place, names)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, max(100.0, 1.02 * float(left.max())))
    axes.set_xlabel("mean share of the budget (%)")
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper left", ncols=min(len(known), 6))
    parts = []
    for name in names[:8]:
        most = max(shares[name], key=lambda p: shares[name][p], default=None)
        if most is not None:
            parts.append(f"{name} mostly on {most} ({shares[name][most]:.0%} of the budget)")
    return Picture(
        "costs",
        "What the shots went into",
        "Mean share of a run's budget by purpose, over all problems and seeds. A bar that ends "
        "early belongs to an optimizer that stopped by itself or failed.",
        "Stacked bars of shots by purpose. " + ", ".join(parts) + ".",
        figure,
    )

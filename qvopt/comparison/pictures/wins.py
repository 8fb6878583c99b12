"""The heat map of win probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt.comparison.summary import Summary
from qvopt_molecules.arrays import FloatArray

from .picture import Picture
from .style import INK, new_figure

_MOST = 16


def win_matrix(summary: Summary) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return P(row beats column), in the order of the ranking, and where it is significant.

    The mean over problems; significant where every problem's corrected p is below 5 % with the
    same winner. NaN where a pair shares no seed.
    """
    place = {name: k for k, name in enumerate(summary.order)}
    n = len(place)
    total, count = np.zeros((n, n)), np.zeros((n, n))
    clear, direction = np.ones((n, n), dtype=bool), np.zeros((n, n))
    for test in summary.tests:
        if not test.pairs:
            continue
        i, j = place[test.first], place[test.second]
        for a, b, p in ((i, j, test.probability), (j, i, 1 - test.probability)):
            total[a, b] += p
            count[a, b] += 1
            direction[a, b] += np.sign(p - 0.5)
            clear[a, b] &= test.significant
    with np.errstate(invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
    return mean, clear & (count > 0) & (np.abs(direction) == count)


def draw_wins(summary: Summary) -> Picture | None:
    """Draw the matrix; None for a single optimizer."""
    from matplotlib.colors import LinearSegmentedColormap

    names = summary.order[:_MOST]
    n = len(names)
    if n < 2:
        return None
    wins, clear = (m[:n, :n] for m in win_matrix(summary))
    colours = LinearSegmentedColormap.from_list("wins", ["#c05a00", "#f4f1ec", "#1762ab"], N=41)
    size = 0.4 * n + 2.0
    figure = new_figure(max(size + 0.6, 4.4), max(size, 3.4))
    axes = figure.subplots()
    # Cells as paths: a raster would neither scale nor read on a dark page.
    edges = np.arange(n + 1) - 0.5
    image = axes.pcolormesh(edges, edges, wins, cmap=colours, vmin=0, vmax=1, linewidth=0)
    axes.set(aspect="equal", ylim=(n - 0.5, -0.5))
    axes.set_xticks(range(n), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for i in range(n):
        for j in range(n):
            if not np.isfinite(wins[i, j]):
                continue
            strong = abs(wins[i, j] - 0.5) > 0.33
            axes.text(
                j, i, f"{100 * wins[i, j]:.0f}", ha="center", va="center", fontsize=7.5,
                color="#ffffff" if strong else "#15181d",
                fontweight="bold" if clear[i, j] else "normal",
            )  # fmt: skip
    bar = figure.colorbar(image, ax=axes, shrink=0.7, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["never", "even", "always"])
    bar.outline.set_visible(False)
    bar.solids.set_rasterized(False)
    bar.ax.tick_params(length=0, labelcolor=INK)
    axes.set_title("pairs (%) in which the row ended lower than the column", loc="left", pad=10)
    best = names[0]
    return Picture(
        "wins",
        "Win probabilities",
        "How often the optimizer of the row ended with the lower true error than that of the "
        "column, over the same problems and seeds, ties counting half. Bold: significant at 5 % "
        "on every problem after Holm's correction.",
        f"Heat map of win probabilities in per cent. {best} beats "
        + ", ".join(f"{o} {100 * w:.0f}" for o, w in zip(names[1:], wins[0, 1:], strict=True))
        + ".",
        figure,
    )

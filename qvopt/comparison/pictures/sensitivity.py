"""Final error against hyper-parameters, where several settings of an optimizer were run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from qvopt.comparison.grid import final_error
from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.statistics.quantiles import median
from qvopt.runs.wording import thousandth
from qvopt_molecules.arrays import FloatArray

from .picture import Picture
from .style import COLOURS, INK, LEAST_ERROR, least_text, log_axis, new_figure

_FEWEST_VALUES = 3
_MOST_PANELS = 12


class Dependence(NamedTuple):
    """Final errors in Hartree by value of one hyper-parameter of one optimizer on one problem."""

    optimizer: str
    option: str
    problem: str
    errors: Mapping[float, list[float]]


def dependences(
    outcomes: Iterable[RunOutcome], base: Mapping[str, str] | None = None
) -> list[Dependence]:
    """Return every numeric hyper-parameter that took three values or more on some problem.

    `base` names the optimizer behind a label; labels of the same one are settings of it.
    """
    errors: dict[tuple[str, str, str], dict[float, list[float]]] = {}
    for run in outcomes:
        name = (base or {}).get(run.optimizer, run.optimizer)
        for option, value in run.options.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            cell = errors.setdefault((name, option, run.problem), {})
            cell.setdefault(float(value), []).append(final_error(run))
    return [Dependence(*key, e) for key, e in errors.items() if len(e) >= _FEWEST_VALUES]


def draw_sensitivity(
    outcomes: Iterable[RunOutcome], base: Mapping[str, str] | None = None
) -> Picture | None:
    """A panel for each optimizer and hyper-parameter; None where nothing was varied."""
    outcomes = list(outcomes)
    unit = thousandth(run.unit for run in outcomes)
    effects = dependences(outcomes, base)
    panels_of = list(dict.fromkeys((d.optimizer, d.option) for d in effects))[:_MOST_PANELS]
    if not panels_of:
        return None
    problems = list(dict.fromkeys(d.problem for d in effects))
    columns = min(3, len(panels_of))
    rows = math.ceil(len(panels_of) / columns)
    figure = new_figure(7.2, 1.9 * rows + 0.9)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    best = []
    drawn: list[FloatArray] = []
    lines: dict[str, Any] = {}
    for panel, (name, option) in zip(panels, panels_of, strict=False):
        for d in (d for d in effects if (d.optimizer, d.option) == (name, option)):
            k = problems.index(d.problem) % len(COLOURS)
            values = np.array(sorted(d.errors))
            middle = 1e3 * np.array([float(median(d.errors[v])) for v in values])
            for value in values:
                each = 1e3 * np.array(d.errors[value])
                each = each[np.isfinite(each)]
                drawn.append(each)
                each = np.maximum(each, LEAST_ERROR)
                panel.plot(
                    np.full(len(each), value), each, ".", color=COLOURS[k], ms=2.5, alpha=0.4
                )
            shown = np.isfinite(middle)
            (lines[d.problem],) = panel.plot(
                values[shown], np.maximum(middle[shown], LEAST_ERROR), "o-", color=COLOURS[k],
                markersize=3.5, linewidth=1.1,
            )  # fmt: skip
            if shown.any():
                at = values[np.argmin(np.where(shown, middle, np.inf))]
                best.append(f"{name} {option} {at:.3g} on {d.problem}")
            if values[0] > 0 and values[-1] / values[0] > 10:
                panel.set_xscale("log")
                log_axis(panel.xaxis)
        panel.set_yscale("log")
        log_axis(panel.yaxis)
        panel.set_title(name, loc="left", fontsize=9)
        panel.set_xlabel(option.replace("_", " "), fontsize=8)
        panel.grid(True)
    for panel in panels[len(panels_of) :]:
        panel.set_visible(False)
    figure.supylabel(f"final true error ({unit})", fontsize=9, color=INK)
    figure.legend(
        list(lines.values()), list(lines), loc="outside upper left", ncols=min(len(lines), 4)
    )
    return Picture(
        "sensitivity",
        "Sensitivity to hyper-parameters",
        "Final true error by value of a hyper-parameter: medians joined, runs as dots. Where a "
        "search varied several at once, the others vary within a panel too."
        + least_text(drawn, unit),
        "Final error against hyper-parameters. Best values: " + "; ".join(best) + ".",
        figure,
    )

"""What the convergence picture of a run shows, as data: its panels, curves and levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qvopt.records.ledger import FINAL
from qvopt.runs.result import Result
from qvopt.runs.wording import wording

BLUE, GREY, RED = "#1f5fa8", "#6b6b6b", "#b0413e"
CHEMICAL_ACCURACY = 1.6e-3  # Hartree

_FEW_POINTS = 30
_LEAST_ERROR = 1e-12


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a panel, joined by a line where `joined`, with standard errors where given."""

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    color: str
    stderr: NDArray[np.float64] | None = None
    joined: bool = False
    marker: str = ""
    """"o" or "." a disc, "D" a diamond, "" none."""


@dataclass(frozen=True)
class Level:
    """A horizontal line; where `beside`, its label stands on it and not in the legend."""

    label: str
    y: float
    dotted: bool = False
    beside: bool = False


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes."""

    ylabel: str
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...]
    in_shots: bool
    logarithmic: bool = False

    @property
    def xlabel(self) -> str:
        """What the horizontal axis counts."""
        return "shots spent" if self.in_shots else "step"


def convergence_panels(result: Result) -> tuple[Panel, ...]:
    """Return the panel of energies and, where the exact energy is known, that of errors."""
    if result.fci is not None and bool(np.isfinite(result.steps.exact).any()):
        return energy_panel(result), error_panel(result)
    return (energy_panel(result),)


def convergence_title(result: Result) -> str:
    """Return what was run, on one line."""
    names = result.names
    return (
        f"{names.get('molecule', '')}: {names.get('ansatz', '')}, {names.get('optimizer', '')} "
        f"on {names.get('backend', '')}"
    )


def energy_panel(result: Result) -> Panel:
    """Return the energy against steps, or shots where any were spent."""
    trace, words, sampled = result.steps, wording(result), result.shots > 0
    x = _horizontal(result)
    marker = "o" if len(x) < _FEW_POINTS else ""
    curves = []
    if sampled and np.isfinite(trace.energy).any():
        curves.append(Curve("measured", x, trace.energy, RED, trace.stderr, marker="."))
    if sampled and result.energy is not None and result.stderr:
        label, place = _final_label(result), x[-1:]
        y, stderr = np.array([result.energy]), np.array([result.stderr])
        if not np.isfinite(np.concatenate([trace.energy, trace.exact])).any():
            # Alone it is drawn where it was measured, on an axis from the start.
            label += "; no step was measured"
            place = np.array([0.0, result.shots])
            y, stderr = np.append(np.nan, y), np.append(np.nan, stderr)
        curves.append(Curve(label, place, y, RED, stderr, marker="D"))
    if np.isfinite(trace.exact).any():
        label = "noiseless energy" if sampled else "energy"
        curves.append(Curve(label, x, trace.exact, BLUE, joined=True, marker=marker))
    elif np.isfinite(trace.energy).any() and not sampled:
        curves.append(Curve("energy", x, trace.energy, BLUE, joined=True, marker=marker))
    levels = [Level(words.reference, result.hf, dotted=True)]
    if result.fci is not None:
        levels.append(Level(words.exact, result.fci))
    return Panel(f"energy{words.bracketed}", tuple(curves), tuple(levels), sampled)


def _final_label(result: Result) -> str:
    """The final estimate with its shots: they are spent after the last step, beyond the axis."""
    cost = result.costs.get(FINAL)
    return "final estimate" if cost is None else f"final estimate (+ {cost.shots:,} shots)"


def error_panel(result: Result) -> Panel:
    """Return the error of the noiseless energy, on a logarithmic scale."""
    words, x = wording(result), _horizontal(result)
    error = np.maximum(np.abs(result.steps.exact - float(result.fci or 0.0)), _LEAST_ERROR)
    marker = "o" if len(x) < _FEW_POINTS else ""
    accuracy = Level("chemical accuracy (1.6 mHa)", CHEMICAL_ACCURACY, beside=True)
    return Panel(
        f"|error| against {words.exact}{words.bracketed}",
        (Curve("error", x, error, BLUE, joined=True, marker=marker),),
        (accuracy,) if words.in_hartree else (),
        result.shots > 0,
        logarithmic=True,
    )


def _horizontal(result: Result) -> NDArray[np.float64]:
    trace = result.steps
    return np.asarray(trace.shots if result.shots > 0 else trace.step, dtype=np.float64)

"""Ticks of logarithmic axes: decades, and where few fit, ones, twos and fives or plain steps."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.ticker import Locator, LogLocator, MaxNLocator

_SUBDIVISIONS: Final = ((1, 2, 5), (1, 3))
_DECADES: Final = 2.0
"""Decades from which on they alone are labelled."""


class LabelledTicks(Locator):
    """Places of labels: decades, or 1-2-5 of fewer than two, or even steps where those are few.

    Args:
        most: labels at most where decades are subdivided.
    """

    def __init__(self, most: int, numticks: int) -> None:
        self._most = most
        self._decades = LogLocator(numticks=numticks)

    def __call__(self) -> Any:
        """Return the places within the limits of the axis."""
        return self.tick_values(*_limits(self.axis))

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the places between two values above zero."""
        decades = np.log10(vmax / vmin) if 0 < vmin < vmax else np.inf
        if not np.isfinite(decades) or decades >= _DECADES:
            return self._decades.tick_values(vmin, vmax)
        for subdivision in _SUBDIVISIONS:
            ticks = subdivided(vmin, vmax, subdivision)
            if 2 < len(ticks) <= self._most or (len(ticks) == 2 and decades > 0.5):
                return ticks
        steps = MaxNLocator(self._most - 1, steps=[1, 2, 2.5, 5, 10])
        even = np.asarray(steps.tick_values(vmin, vmax))
        return even[(even >= vmin) & (even <= vmax)]


class BetweenTicks(Locator):
    """Unlabelled places between decades, where decades alone are labelled; else none."""

    def __init__(self, numticks: int) -> None:
        self._fine = LogLocator(subs=(2, 5), numticks=numticks)

    def __call__(self) -> Any:
        """Return the places within the limits of the axis."""
        return self.tick_values(*_limits(self.axis))

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the places between two values above zero."""
        if not 0 < vmin < vmax or np.log10(vmax / vmin) < _DECADES:
            return np.zeros(0)
        return self._fine.tick_values(vmin, vmax)


def _limits(axis: Any) -> tuple[float, float]:
    low, high = sorted(axis.get_view_interval())
    return float(low), float(high)


def subdivided(low: float, high: float, subdivision: tuple[int, ...]) -> Any:
    """Return the multiples of powers of ten from low to high, both above zero.

    >>> subdivided(0.15, 6, (1, 2, 5)).tolist()
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    places = np.array([float(f"{k}e{power}") for power in powers for k in subdivision])
    return places[(places >= low) & (places <= high)]

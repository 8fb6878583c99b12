"""Ticks of logarithmic axes: decades, and where few fit, ones, twos and fives or even steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

_SUBDIVISIONS: Final = ((1, 2, 5), (1, 3))
_DECADES: Final = 2.0
"""Decades from which on they alone are labelled."""


def labelled_places(low: float, high: float, most: int, decades: int) -> FloatArray:
    """Return where an axis has labels: decades, or less than a decade apart where few fit.

    Args:
        low, high: limits, above zero.
        most: labels at most where decades are subdivided.
        decades: labels at most where they are not.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    span = _decades(low, high)
    if span >= _DECADES:
        return np.asarray(LogLocator(numticks=decades).tick_values(low, high))
    for subdivision in _SUBDIVISIONS:
        ticks = subdivided(low, high, subdivision)
        if 2 < len(ticks) <= most or (len(ticks) == 2 and span > 0.5):
            return ticks
    steps = MaxNLocator(most - 1, steps=[1, 2, 2.5, 5, 10])
    even = np.asarray(steps.tick_values(low, high), dtype=np.float64)
    within: FloatArray = even[(even >= low) & (even <= high)]
    return within


def places_between(low: float, high: float, decades: int) -> FloatArray:
    """Return where an axis has marks without labels: between decades, if those alone have them."""
    from matplotlib.ticker import LogLocator

    if _decades(low, high) < _DECADES:
        return np.zeros(0)
    return np.asarray(LogLocator(subs=(2, 5), numticks=decades).tick_values(low, high))


def locator(places: Callable[[float, float], FloatArray]) -> Any:
    """Return matplotlib's locator of ticks at the places between the limits of an axis."""
    from matplotlib.ticker import Locator

    class Places(Locator):
        def __call__(self) -> Any:
            assert self.axis is not None
            low, high = sorted(self.axis.get_view_interval())
            return self.tick_values(low, high)

        def tick_values(self, vmin: float, vmax: float) -> Any:
            return places(vmin, vmax)

    return Places()


def subdivided(low: float, high: float, subdivision: tuple[int, ...]) -> FloatArray:
    """Return the multiples of powers of ten from low to high, both above zero.

    >>> subdivided(0.15, 6, (1, 2, 5)).tolist()
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    places = np.array([float(f"{k}e{power}") for power in powers for k in subdivision])
    return places[(places >= low) & (places <= high)]


def _decades(low: float, high: float) -> float:
    """How many decades limits span; infinite where they are none of a logarithmic axis."""
    return float(np.log10(high / low)) if 0 < low < high else float("inf")

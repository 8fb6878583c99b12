"""Ticks of an axis: round numbers, decades, and what is written beside them."""

from __future__ import annotations

import math

_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PREFIXES = ("", "k", "M", "G", "T", "P")
_MOST_DECIMALS = 12


def round_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Return at most `most` + 1 multiples of 1, 2, 2.5 or 5 times a power of ten in [low, high].

    >>> round_ticks(-1.14, -1.11, 4)
    [-1.14, -1.13, -1.12, -1.11]
    """
    raw = (high - low) / most
    if not (math.isfinite(raw) and raw > 0):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in _ROUND_STEPS if s * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = decimals_of(step)
    return [round(k * step, decimals) for k in range(first, last + 1)]


def decimals_of(step: float) -> int:
    """Return how many decimals tell multiples of a step apart: 2 for 0.01, 3 for 0.025."""
    for decimals in range(max(0, -math.floor(math.log10(step))), 20):
        if abs(round(step, decimals) - step) <= 1e-6 * step:
            return decimals
    return 20


def number_labels(ticks: list[float]) -> list[str]:
    """Return the numbers, all with the decimals of their step, and with true minus signs.

    >>> number_labels([-0.5, 0.0])
    ['−0.5', '0.0']
    """
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.1
    decimals = decimals_of(float(f"{step:.6g}")) if step > 0 else 0
    large = max((abs(t) for t in ticks), default=0.0) >= 1e7
    if large or decimals > _MOST_DECIMALS:
        return [f"{t:.4g}".replace("-", "−") for t in ticks]
    return [f"{t:.{decimals}f}".replace("-", "−") for t in ticks]


def shot_labels(ticks: list[float]) -> list[str]:
    """Return counts in thousands, millions and so on.

    >>> shot_labels([0, 2500, 2e6])
    ['0', '2.5 k', '2 M']
    """
    out = []
    for tick in ticks:
        k = 0
        while abs(tick) >= 1000 and k < len(_PREFIXES) - 1:
            tick, k = tick / 1000, k + 1
        out.append(f"{tick:.4g} {_PREFIXES[k]}".strip())
    return out


def decades(low: float, high: float, most: int = 8) -> list[int]:
    """Return exponents of the powers of ten in [low, high]; where many, every n-th.

    >>> decades(3e-4, 0.2)
    [-3, -2, -1]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = 1 + max(0, last - first) // most
    return list(range(first, last + 1, stride))


def power_of_ten(exponent: int) -> str:
    """Return a power of ten in characters: 10⁻³."""
    return "10" + str(exponent).translate(_SUPERSCRIPTS)

"""Numbers in words of three digits."""

from __future__ import annotations

import math

from qvopt.comparison.pictures.style import shots_text
from qvopt.comparison.summary import Interval

UNKNOWN = "–"


def thousandths(energy: float) -> str:
    """Return a thousand times an energy to three digits; ∞ for a failure, – if unknown."""
    if math.isnan(energy):
        return UNKNOWN
    if math.isinf(energy):
        return "∞" if energy > 0 else "−∞"
    scaled = 1e3 * energy
    if abs(scaled) >= 1000:
        return f"{scaled:,.0f}".replace("-", "−")
    text = "0" if abs(scaled) < 5e-10 else f"{scaled:#.3g}".rstrip(".")
    return text.replace("-", "−")


def shots(x: float) -> str:
    """Return shots in short form."""
    return UNKNOWN if math.isnan(x) else shots_text(x)


def between(interval: Interval, form: object = None) -> str:
    """Return an interval as low–high; – where it says nothing."""
    write = form if callable(form) else "{:.3g}".format
    if not math.isfinite(interval.low) and not math.isfinite(interval.high):
        return UNKNOWN
    return f"{write(max(interval.low, 0.0))}–{write(interval.high)}"


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.0f} %"


def p_value(p: float) -> str:
    """Return a p-value to two digits, small ones as a bound."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"

"""Checks of hyper-parameters, each with an error that suggests a fix."""

from __future__ import annotations

import math
from typing import Final

from qvopt_molecules.errors import InputError

MIN_POSITIVE: Final = 1e-100
"""Smallest number that counts as positive: the square of a smaller one is zero in float64."""

_MOST_REPEATS: Final = 10_000


def positive(name: str, value: float, least: float = MIN_POSITIVE, most: float = math.inf) -> float:
    """Return a finite value from `least` to `most`."""
    if not (_is_number(value) and least <= value <= most and value < math.inf):
        bounds = f" from {least:g} to {most:g}"
        if most == math.inf:
            tiny = _is_number(value) and 0 < value < least
            bounds = f" of at least {least:g}" if tiny or least > MIN_POSITIVE else " > 0"
        raise InputError(f"{name} must be a finite number{bounds}, got {value!r}")
    return float(value)


def not_negative(name: str, value: float, most: float = math.inf) -> float:
    """Return a finite value from 0 to `most`."""
    if not (_is_number(value) and 0 <= value <= most and value < math.inf):
        bound = "" if most == math.inf else f", at most {most:g}"
        raise InputError(f"{name} must be a finite number >= 0{bound}, got {value!r}")
    return float(value)


def decay(name: str, value: float) -> float:
    """Return a value in [0, 1)."""
    if not (_is_number(value) and 0 <= value < 1):
        raise InputError(f"{name} must be at least 0 and below 1, got {value!r}")
    return float(value)


def count(name: str, value: int) -> int:
    """Return a whole number >= 1."""
    return _whole_from(1, name, value)


def repeats(name: str, value: int, least: int = 1) -> int:
    """Return a whole number from `least` to 10,000: energies of one round are held in memory."""
    if _whole_from(least, name, value) > _MOST_REPEATS:
        bounds = f"from {least} to {_MOST_REPEATS:,}"
        raise InputError(f"{name} must be a whole number {bounds}, got {value!r}")
    return value


def several(name: str, value: int) -> int:
    """Return a whole number from 2 to 10,000."""
    return repeats(name, value, least=2)


def whole(name: str, value: int) -> int:
    """Return a whole number >= 0."""
    return _whole_from(0, name, value)


def _whole_from(least: int, name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} must be a whole number >= {least}, got {value!r}")
    return value


def fraction(name: str, value: float) -> float:
    """Return a value in (0, 1)."""
    if not (_is_number(value) and 0 < value < 1):
        raise InputError(f"{name} must be between 0 and 1, got {value!r}")
    return float(value)


def choice(name: str, value: str, known: tuple[str, ...]) -> str:
    """Return one of the known words."""
    if value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    return value


def flag(name: str, value: bool) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false, got {value!r}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

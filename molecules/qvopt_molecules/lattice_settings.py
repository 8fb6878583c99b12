"""The parameters of lattice models: numbers by name, over defaults."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Final

from .errors import InputError, shown, unknown_name

MAX_COUPLING: Final = 1e5
"""Largest magnitude of a coupling, in units of the others."""


def lattice_settings(
    model: str, defaults: Mapping[str, float], given: Mapping[str, float] | None
) -> dict[str, float]:
    """Return the defaults with what is given in their place. Raises InputError."""
    values = dict(defaults)
    for key, value in (given or {}).items():
        if key not in values:
            raise unknown_name(f"parameter of {model}", key, values)
        if isinstance(value, bool) or not isinstance(value, Real) or not abs(value) <= MAX_COUPLING:
            raise InputError(
                f"{model}: {key} must be a number of a magnitude up to {MAX_COUPLING:g}, got "
                f"{shown(value)}"
            )
        values[key] = float(value)
    return values


def whole(model: str, value: float, name: str, least: int, most: int) -> int:
    """Return a parameter that counts. Raises InputError outside of `least` to `most`."""
    if value != int(value) or not least <= value <= most:
        raise InputError(
            f"{model}: {name} must be a whole number from {least} to {most}, got {value:g}"
        )
    return int(value)

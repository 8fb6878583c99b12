"""Values of a scanned parameter: start:stop:number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qvopt_molecules.argument_checks import real_array
from qvopt_molecules.errors import InputError

_MOST = 10_000


def parse_grid(text: str) -> tuple[float, ...]:
    """Read "start:stop:number", both ends included.

    >>> parse_grid("1:2:3")
    (1.0, 1.5, 2.0)

    Raises InputError for anything else.
    """
    parts = text.split(":")
    try:
        if len(parts) != 3:
            raise ValueError
        start, stop, number = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError:
        raise InputError(
            f"a scanned parameter is start:stop:number, such as 0.4:3.0:30, got '{text[:40]}'"
        ) from None
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise InputError(f"the ends of a scan must be finite, got '{text[:40]}'")
    if not 1 <= number <= _MOST:
        raise InputError(f"a scan has 1 to {_MOST} points, got {number}")
    # Rounded, so that 0.4:3.0:27 gives 0.5 and not 0.49999999999999994.
    return tuple(round(float(v), 12) for v in np.linspace(start, stop, number))


def unit_of(parameter: str) -> str:
    """Unit of a molecule's parameter by its name: Å of bonds, ° of angles, else "".

    >>> unit_of("bond"), unit_of("angle"), unit_of("u")
    ('Å', '°', '')
    """
    words = parameter.lower()
    if any(word in words for word in ("bond", "distance", "length")):
        return "Å"
    return "°" if any(word in words for word in ("angle", "dihedral")) else ""


def grid_values(values: str | Sequence[float]) -> tuple[float, ...]:
    """Return the values of a grid as text, or of a sequence of numbers."""
    if isinstance(values, str):
        return parse_grid(values)
    out = tuple(real_array(values, "the values of a scan").tolist())
    if not 1 <= len(out) <= _MOST:
        raise InputError(f"a scan needs 1 to {_MOST} values, got {len(out)}")
    return out

"""Whole numbers as people write them: 1000, 1_000_000, 1e6, "1e6 shots"."""

from __future__ import annotations

import numbers
import re

from .errors import InputError, shown

_NUMBER = r"\s*([+-]?[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]*)\s*"


def parse_count(value: int | float | str, unit: str = "") -> int:
    """Return a whole number.

    Args:
        value: a number without a fraction, or its text; the unit may follow it.
        unit: its name in the plural, such as "shots".

    Raises InputError for anything else.

    >>> parse_count("1e6 shots", "shots"), parse_count("1_000"), parse_count(2e3)
    (1000000, 1000, 2000)
    """
    number: int | float | None = None
    if isinstance(value, str):
        match = re.fullmatch(_NUMBER, value)
        if match is not None and match[2].lower() in ("", unit, unit.removesuffix("s")):
            number = _read(match[1])
    elif isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = value if isinstance(value, int | float) else float(value)
    if number is None or number != number or abs(number) >= 2**63 or number != int(number):
        raise InputError(
            f"{unit or 'a count'} must be a whole number such as 1000, 1_000_000 or 1e6, "
            f"got {shown(value)}"
        )
    return int(number)


def _read(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None

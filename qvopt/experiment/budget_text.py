"""Budgets as people write them: "20 QPU-min, 5 EUR"."""

from __future__ import annotations

import re
from typing import Any, Final

from qvopt_molecules.counts import parse_count
from qvopt_molecules.errors import InputError
from qvopt_molecules.options import MAX_NUMBER

from .counts import positive_count

_UNITS: Final = {
    "shot": ("shots", 1.0),
    "circuit": ("circuits", 1.0),
    "evaluation": ("evaluations", 1.0),
    "job": ("jobs", 1.0),
    "qpu-s": ("qpu_seconds", 1.0),
    "qpu-sec": ("qpu_seconds", 1.0),
    "qpu-second": ("qpu_seconds", 1.0),
    "qpu-min": ("qpu_seconds", 60.0),
    "qpu-minute": ("qpu_seconds", 60.0),
    "qpu-h": ("qpu_seconds", 3600.0),
    "qpu-hour": ("qpu_seconds", 3600.0),
    "eur": ("money", 1.0),
    "usd": ("money", 1.0),
}


def parse_budget(text: str) -> dict[str, Any]:
    """Return the keys of `[budget]` that a text such as "20 QPU-min, 5 EUR" means.

    An amount without a unit is one of shots.

    >>> parse_budget("20 QPU-min, 1e6 shots")
    {'qpu_seconds': 1200.0, 'shots': 1000000}
    """
    caps: dict[str, Any] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9][0-9_.]*(?:[eE]\+?[0-9]+)?)\s*([A-Za-z-]*)\s*", part)
        unit = "" if match is None else match[2].lower() or "shots"
        name, size = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s")) or ("", 0.0)
        try:
            amount = size * float(match[1]) if match is not None else 0.0
        except ValueError:
            amount = 0.0
        if not name or amount <= 0:
            raise InputError(
                f"--budget takes an amount and a unit (20 QPU-min, 5 EUR, 5 USD, 100 jobs, "
                f"1e6 shots), or a number of shots, got '{part.strip()[:40]}'"
            )
        if not amount <= MAX_NUMBER:
            raise InputError(f"--budget takes at most {MAX_NUMBER:g} {unit}, got '{part[:40]}'")
        if name in caps:
            raise InputError(f"--budget caps {name.replace('_', ' ')} twice; give one cap of each")
        assert match is not None
        if name in ("qpu_seconds", "money"):
            caps[name] = amount
        elif amount != int(amount):
            raise InputError(f"--budget counts {name} in whole numbers, got '{part.strip()[:40]}'")
        else:
            caps[name] = parse_count(match[1])
        if name == "money":
            caps["currency"] = unit.upper()
    return caps


def budget_data(value: Any) -> dict[str, Any]:
    """Return caps as a table: "20 QPU-min, 5 EUR", "1e6 shots" or a number of shots."""
    if isinstance(value, str):
        return parse_budget(value)
    return {"shots": positive_count(value, "shots")}

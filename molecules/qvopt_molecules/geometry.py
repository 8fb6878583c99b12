"""Geometries as text, read into floats by ourselves.

Nothing of a user's text is handed to a library that would evaluate it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Final

from .elements import element
from .errors import InputError
from .expressions import evaluate
from .molecule import Atom

MAX_ATOMS: Final = 200
_CLOSEST = 0.05  # Ångström; nearer than any chemistry


def parse_geometry(
    text: str, values: Mapping[str, float] | None = None, *, source: str = "the geometry"
) -> tuple[Atom, ...]:
    """Read "H 0 0 0; H 0 0 0.735": atoms split by `;` or newline, Ångström.

    Coordinates are split by blanks or commas, and may be formulas of `values` without blanks,
    such as `bond*cos(angle/2)`. Raises InputError naming the atom.
    """
    rows = [row.strip() for row in re.split(r"[;\n]", text)]
    rows = [row for row in rows if row and not row.startswith("#")]
    if not rows:
        raise InputError(f"{source} has no atoms; write them like 'H 0 0 0; H 0 0 0.735'")
    if len(rows) > MAX_ATOMS:
        raise InputError(f"{source} has {len(rows)} atoms; at most {MAX_ATOMS} are read")
    atoms = []
    for number, row in enumerate(rows, start=1):
        words = row.replace(",", " ").split()
        if len(words) != 4:
            raise InputError(
                f"{source}, atom {number}: '{row[:60]}' must be an element symbol and three "
                f"coordinates in Ångström"
            )
        try:
            x, y, z = (_coordinate(word, values or {}) for word in words[1:])
            atoms.append(Atom(element(words[0]), (x, y, z)))
        except InputError as error:
            raise InputError(f"{source}, atom {number}: {error}") from None
    return checked_atoms(tuple(atoms), source)


def checked_atoms(atoms: tuple[Atom, ...], source: str) -> tuple[Atom, ...]:
    """Return the atoms; raise InputError where two are at the same place."""
    for (i, a), (j, b) in itertools.combinations(enumerate(atoms, start=1), 2):
        if math.dist(a.position, b.position) < _CLOSEST:
            raise InputError(
                f"{source}: atoms {i} ({a.symbol}) and {j} ({b.symbol}) are at the same place"
            )
    return atoms


def _coordinate(word: str, values: Mapping[str, float]) -> float:
    try:
        value = float(word)
    except ValueError:
        value = evaluate(word, values)
    if not math.isfinite(value) or abs(value) > 1e4:
        raise InputError(f"the coordinate '{word[:40]}' is not a finite number below 10,000")
    return value


def format_geometry(atoms: tuple[Atom, ...]) -> str:
    """Write atoms as an inline geometry that reads back to the same floats."""
    return "; ".join(f"{a.symbol} " + " ".join(repr(float(c)) for c in a.position) for a in atoms)

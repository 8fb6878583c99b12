"""Names of irreducible representations of D2h and its subgroups, by PySCF's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "D2h": ("Ag", "B1g", "B2g", "B3g", "Au", "B1u", "B2u", "B3u"),
    "D2": ("A", "B1", "B2", "B3"),
    "C2v": ("A1", "A2", "B1", "B2"),
    "C2h": ("Ag", "Bg", "Au", "Bu"),
    "C2": ("A", "B"),
    "Cs": ("A'", 'A"'),
    "Ci": ("Ag", "Au"),
})  # fmt: skip
"""By group; the product of two is the bitwise XOR of their places."""


def irrep_names(group: str | None, labels: Sequence[int]) -> tuple[str, ...]:
    """Return the names of representations given by number.

    Of an unknown group they are numbers from 1, as in the ORBSYM of an FCIDUMP file.

    >>> irrep_names("C2v", [0, 3]), irrep_names(None, [0, 3])
    (('A1', 'B2'), ('1', '4'))
    """
    names = NAMES.get(group or "", ())
    return tuple(names[k] if k < len(names) else str(k + 1) for k in labels)

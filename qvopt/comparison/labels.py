"""Names of problems and optimizers: what they may hold, and several of them in words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from qvopt_molecules.errors import InputError

_NAMED = 6
"""Of more problems than these, a sentence names so many."""


def checked_label(label: str) -> str:
    """Return a label that can be written in a table, a picture and a page.

    Raises InputError if it holds line breaks, control characters or invisible ones; any other
    character is escaped for each medium where it is written.
    """
    for character in label:
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise InputError(
                f"label {label!r} holds {character!r}; choose visible characters on one line"
            )
    return label


def listed(names: Iterable[Any]) -> str:
    """Return names in words.

    >>> listed(["adam"]), listed(["adam", "icans", "spsa"])
    ('adam', 'adam, icans and spsa')
    """
    words = [str(name) for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def start_within(problems: Sequence[str], targets: Sequence[float], unit: str) -> str:
    """Say that the start of problems meets targets: nothing is left for optimizers to do.

    Args:
        problems: labels; of more than six the first six are named.
        targets: in Hartree.
        unit: what a thousandth of it is called.

    >>> start_within(["h2"], [1.6e-3], "mHa")
    'h2: the start is already within 1.6 mHa; this target ranks nothing there.'
    """
    within = listed(f"{1e3 * target:g}" for target in targets)
    which = "this target ranks" if len(targets) == 1 else "these targets rank"
    where = listed(problems)
    if len(problems) > _NAMED:
        rest = len(problems) - _NAMED
        where = f"{', '.join(problems[:_NAMED])} and {rest} more"
    return f"{where}: the start is already within {within} {unit}; {which} nothing there."

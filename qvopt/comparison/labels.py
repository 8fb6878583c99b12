"""Names of problems and optimizers: what they may hold."""

from __future__ import annotations

import unicodedata

from qvopt_molecules.errors import InputError


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

"""What a folder says of places: relative to the folder, so that it may be copied anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

_PLACES: Final = ("run", "folder")


def portable(document: Any, folder: Path) -> Any:
    """Return plain data with the places under the keys "run" and "folder" relative to `folder`.

    >>> portable({"run": "/home/me/scan/points/0000", "steps": 3}, Path("/home/me/scan"))
    {'run': 'points/0000', 'steps': 3}
    """
    if isinstance(document, Mapping):
        return {
            key: relative(value, folder)
            if key in _PLACES and isinstance(value, str)
            else portable(value, folder)
            for key, value in document.items()
        }
    if isinstance(document, list | tuple):
        return [portable(value, folder) for value in document]
    return document


def relative(place: str, folder: Path) -> str:
    """Return a place as it is seen from a folder; "" stays "".

    >>> relative("/home/me/c/runs/1", Path("/home/me/c/report"))
    '../runs/1'
    """
    return Path(os.path.relpath(place, folder)).as_posix() if place else ""


def placed(place: str | None, folder: Path) -> str | None:
    """Return a place that `relative` wrote, as it is seen from the working directory."""
    return None if place is None else str(folder / place)


def portable_command(words: Iterable[str]) -> list[str]:
    """Return a command line with the names of files in the place of absolute paths.

    >>> portable_command(["qvopt", "run", "/home/me/a.xyz", "--set", "graph=/home/me/g.txt"])
    ['qvopt', 'run', 'a.xyz', '--set', 'graph=g.txt']
    """
    return [_named(word) for word in words]


def _named(word: str) -> str:
    before, equals, after = word.rpartition("=") if not word.startswith("/") else ("", "", word)
    if not after.startswith(("/", "~")):
        return word
    path, colons, key = after.partition("::")
    return before + equals + Path(path).name + colons + key

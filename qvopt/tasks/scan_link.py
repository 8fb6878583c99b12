"""How a point of a scan hangs on its neighbour: `link.json`, sealed like a line of a journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from qvopt.records.journal import decode_sealed, encode_line
from qvopt_molecules.errors import InputError

NAME: Final = "link.json"


class Link(NamedTuple):
    """What a point has of its neighbour.

    Attributes:
        continuity: overlap of the orbitals with the neighbour's; None for the first point.
        warm: whether the run started from the neighbour's parameters.
    """

    continuity: float | None
    warm: bool


def link_text(link: Link) -> str:
    """Return what is written down."""
    return encode_line(0, link._asdict()).decode()


def read_link(folder: Path) -> Link:
    """Return the link of a point. Raises InputError where it is missing or damaged."""
    path = folder / NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None
    data = decode_sealed(content.removesuffix(b"\n")) or _of_first_version(content)
    if data.keys() - {"n"} != set(Link._fields):
        raise _refusal(path, "is damaged")
    return Link(data["continuity"], data["warm"])


def _of_first_version(content: bytes) -> dict[str, Any]:
    """Version 0.1.0 wrote the same without a checksum."""
    try:
        data = json.loads(content)
        continuity, warm = data["continuity"], data["warm"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    right = isinstance(continuity, float | None) and isinstance(warm, bool)
    return data if right and isinstance(data, dict) else {}


def _refusal(path: Path, what: str) -> InputError:
    return InputError(f"{path} {what}; delete {path.parent}, and the point is run again")

"""How a run of a comparison ended, on disk: one small JSON file in its run folder.

It is derived from the journal, by replay, and is written whole or not at all. Energies are kept
as they are; errors are taken when it is read, so that another reference needs no other run.
"""

from __future__ import annotations

import base64
import json
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from .outcomes import FloatArray, IntArray

NAME: Final = "outcome.json"
_VERSION: Final = 1


@dataclass(frozen=True, eq=False)
class StoredOutcome:
    """See `RunOutcome`; energies in Hartree, not errors; `error` says what broke a crashed run."""

    status: str
    message: str
    shots: IntArray
    exact: FloatArray
    final: float | None = None
    measured: float | None = None
    stderr: float | None = None
    spent: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def brief(self) -> dict[str, Any]:
        """What a live view shows, as plain data."""
        return {
            "status": self.status,
            "message": self.message,
            "final": self.final,
            "shots": sum(self.spent.values()),
            "seconds": self.seconds,
        }


def write_outcome(folder: Path, outcome: StoredOutcome) -> None:
    """Write it so that a reader sees all of it or nothing."""
    document = asdict(outcome) | {
        "version": _VERSION,
        "shots": _packed(np.diff(outcome.shots, prepend=0).astype("<i8")),
        "exact": _packed(outcome.exact.astype("<f8")),
        "spent": dict(outcome.spent),
    }
    for key in ("final", "measured", "stderr"):
        if document[key] is not None and not math.isfinite(document[key]):
            document[key] = None
    temporary = folder / f".{NAME}.{os.getpid()}"
    temporary.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    os.replace(temporary, folder / NAME)


def read_outcome(folder: Path) -> StoredOutcome | None:
    """Read it; None where there is none, or where a power cut left half of one."""
    try:
        document = json.loads((folder / NAME).read_bytes())
        if document.pop("version") != _VERSION:
            return None
        shots = np.cumsum(_unpacked(document.pop("shots"), "<i8")).astype(np.int64)
        exact = _unpacked(document.pop("exact"), "<f8").astype(np.float64)
        return StoredOutcome(shots=shots, exact=exact, **document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zlib.error):
        return None


def _packed(array: Any) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 1)).decode("ascii")


def _unpacked(text: str, kind: str) -> Any:
    return np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype=kind)

"""How a run of a comparison ended, on disk: one small JSON file in its run folder.

It is derived from the journal, by replay. A run has ended if this file is whole, which a CRC-32 at
its end tells: one that a power cut left empty, halved or full of NULs is as good as none. Energies
are kept as they are; errors are taken when it is read, so that another reference needs no other
run.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.atomic_files import write_file

NAME: Final = "outcome.json"
_VERSION: Final = 2
_CHECKSUM: Final = b',"crc":"%08x"}'
_CHECKSUM_LENGTH: Final = len(_CHECKSUM % 0)


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
    head = json.dumps(document, allow_nan=False, separators=(",", ":"))[:-1].encode()
    write_file(folder / NAME, head + _CHECKSUM % zlib.crc32(head))


def read_outcome(folder: Path) -> StoredOutcome | None:
    """Read it; None where there is none, or where it is damaged."""
    try:
        data = (folder / NAME).read_bytes()
        document = json.loads(data)
        version = document.pop("version")
        if version not in (1, _VERSION) or (version == _VERSION and not _is_whole(data)):
            return None
        document.pop("crc", None)  # version 1 had none
        shots = np.cumsum(_unpacked(document.pop("shots"), "<i8")).astype(np.int64)
        exact = _unpacked(document.pop("exact"), "<f8").astype(np.float64)
        return StoredOutcome(shots=shots, exact=exact, **document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error):
        return None


def _is_whole(data: bytes) -> bool:
    head, tail = data[:-_CHECKSUM_LENGTH], data[-_CHECKSUM_LENGTH:]
    return bool(head) and tail == _CHECKSUM % zlib.crc32(head)


def _packed(array: Any) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 1)).decode("ascii")


def _unpacked(text: str, kind: str) -> Any:
    return np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype=kind)

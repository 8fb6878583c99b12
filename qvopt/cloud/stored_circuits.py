"""Lowered circuits as files (Qiskit's QPY, which is data and runs no code)."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any, Final

from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import InputError

_MAGIC: Final = b"QISKIT"
"""The first bytes of a QPY file; the next is its version."""


def save_circuits(circuits: list[Any], path: Path) -> str:
    """Write circuits; return the SHA-256 of the file."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(circuits, buffer)
    data = buffer.getvalue()
    write_file(path, data, durable=True)
    return hashlib.sha256(data).hexdigest()


def load_circuits(path: Path, sha256: str) -> list[Any]:
    """Read what `save_circuits` wrote.

    Raises InputError where it is not that, or where this Qiskit is too old for it.
    """
    from qiskit import QiskitError, qpy

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the circuits {path}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"{path} does not hold the circuits that this run began with")
    try:
        return list(qpy.load(io.BytesIO(data)))
    except QiskitError:
        version = data[len(_MAGIC)] if data.startswith(_MAGIC) else "unknown"
        raise InputError(
            f"{path} was written by a newer Qiskit (QPY version {version}; this one reads up to "
            f"{qpy.common.QPY_VERSION}): install the Qiskit that environment.json names"
        ) from None

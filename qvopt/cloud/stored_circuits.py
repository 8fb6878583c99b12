"""Lowered circuits as files (Qiskit's QPY, which is data and runs no code)."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import InputError


def save_circuits(circuits: list[Any], path: Path) -> str:
    """Write circuits; return the SHA-256 of the file."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(circuits, buffer)
    data = buffer.getvalue()
    write_file(path, data, durable=True)
    return hashlib.sha256(data).hexdigest()


def load_circuits(path: Path, sha256: str) -> list[Any]:
    """Read what `save_circuits` wrote; raises InputError where it is not that."""
    from qiskit import qpy

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the circuits {path}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"{path} does not hold the circuits that this run began with")
    return list(qpy.load(io.BytesIO(data)))

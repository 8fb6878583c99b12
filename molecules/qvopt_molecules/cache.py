"""Results on disk, keyed by the content of what they were computed from.

The folder is $QVOPT_CACHE_DIR, else $XDG_CACHE_HOME/qvopt, else ~/.cache/qvopt. Entries are
written whole (temporary file, then rename), so processes may share it. Every entry carries a
SHA-256 over its contents and its key: a damaged one is computed again. A folder that cannot be
written is done without.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .atomic_files import remove_leftovers, write_file
from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .molecule import Molecule
from .storage import load_hamiltonian, save_hamiltonian

_OLD = 3600.0  # seconds after which a temporary file has no writer any more
_FORMAT = 6  # to be raised whenever the same document comes to mean another value


def cache_folder() -> Path:
    """Where results are kept."""
    own = os.environ.get("QVOPT_CACHE_DIR")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "qvopt"
    except RuntimeError:
        raise InputError("there is no home folder; set QVOPT_CACHE_DIR to a folder") from None


def content_key(document: Any) -> str:
    """SHA-256 of the canonical JSON of plain data and of the versions that values depend on."""
    try:
        pyscf = version("pyscf")
    except PackageNotFoundError:
        pyscf = "none"
    text = json.dumps([_FORMAT, pyscf, document], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def cached_hamiltonian(
    molecule: Molecule, compute: Callable[[Molecule], MolecularHamiltonian]
) -> MolecularHamiltonian:
    """Return the Hamiltonian of a molecule from the cache, or compute and keep it."""
    document = dataclasses.asdict(dataclasses.replace(molecule, references={}))
    path = cache_folder() / f"{content_key(document)}.npz"
    try:
        return load_hamiltonian(path).orbitals()
    except InputError:
        pass
    hamiltonian = compute(molecule)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_hamiltonian(hamiltonian, path)
        remove_leftovers(path.parent, older_than=_OLD)
    except OSError:
        pass
    return hamiltonian


def cached_number(document: Any, compute: Callable[[], float | None]) -> float | None:
    """Return a number from the cache, or compute and keep it; None is kept as well."""
    (value,) = cached_numbers(document, 1, lambda: (compute(),))
    return value


def cached_numbers(
    document: Any, count: int, compute: Callable[[], Sequence[float | None]]
) -> tuple[float | None, ...]:
    """Return `count` numbers from the cache, or compute and keep them."""
    key = content_key(document)
    path = cache_folder() / f"{key}.json"
    try:
        stored = json.loads(path.read_bytes())
        values = stored["values"]
        if stored["sha256"] == _checksum(key, values) and len(values) == count:
            return tuple(None if v is None else float(v) for v in values)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # missing or damaged
    fresh = [None if v is None else float(v) for v in compute()]
    entry = {"values": fresh, "sha256": _checksum(key, fresh)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(entry).encode())
        remove_leftovers(path.parent, older_than=_OLD)
    except OSError:
        pass
    return tuple(fresh)


def _checksum(key: str, values: Any) -> str:
    return hashlib.sha256(json.dumps([key, values], sort_keys=True).encode()).hexdigest()

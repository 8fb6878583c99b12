"""Results on disk, keyed by the content of what they were computed from.

The folder is $QVOPT_CACHE_DIR, else $XDG_CACHE_HOME/qvopt, else ~/.cache/qvopt. Entries are
written whole (temporary file, then rename), so processes may share it. A damaged entry is computed
anew, and a folder that cannot be written is done without.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .molecule import Molecule
from .spins import molecular
from .storage import load_hamiltonian, save_hamiltonian

_FORMAT = 3


def cache_folder() -> Path:
    """Where results are kept."""
    own = os.environ.get("QVOPT_CACHE_DIR")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "qvopt"


def content_key(document: Any) -> str:
    """SHA-256 of the canonical JSON of plain data and the versions that compute from it."""
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
        return molecular(load_hamiltonian(path))
    except InputError:
        pass
    hamiltonian = compute(molecule)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_hamiltonian(hamiltonian, path)
    except OSError:
        pass
    return hamiltonian


def cached_number(document: Any, compute: Callable[[], float | None]) -> float | None:
    """Return a number from the cache, or compute and keep it; None is kept as well."""
    path = cache_folder() / f"{content_key(document)}.json"
    try:
        stored = json.loads(path.read_text())
        known = stored["value"] if isinstance(stored, dict) else ""
        if known is None or isinstance(known, float):
            return known
    except (OSError, ValueError, KeyError):
        pass
    value = compute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"value": value}))
        os.replace(temporary, path)
    except OSError:
        pass
    return value

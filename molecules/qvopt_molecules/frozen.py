"""Problems that came in as objects, kept by the hash of their content.

A description names such a problem by its hash. It is looked for among those of this process, in
the folders that were opened, and in the cache, so that other processes on the machine find it too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .cache import cache_folder
from .errors import InputError
from .spins import Hamiltonian
from .storage import load_hamiltonian, save_hamiltonian

_KEPT: Final[dict[str, Hamiltonian]] = {}


def freeze(hamiltonian: Hamiltonian) -> str:
    """Keep a Hamiltonian; return its content hash.

    The last one of a content is kept: another of the same integrals may lie in another frame, or,
    read from an FCIDUMP file, in none, and its dipole is not this one's.
    """
    digest = hamiltonian.content_hash()
    if _KEPT.get(digest) is not hamiltonian:
        _KEPT[digest] = hamiltonian
        path = _path(digest)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_hamiltonian(hamiltonian, path)
        except OSError:
            pass  # without a cache, it stays in this process and in the folders of its runs
    return digest


def frozen(digest: str, label: str = "") -> Hamiltonian:
    """Return the Hamiltonian of a content hash. Raises InputError where it is not at hand."""
    if digest not in _KEPT:
        try:
            hamiltonian = load_hamiltonian(_path(digest))
            if hamiltonian.content_hash() != digest:
                raise InputError("another content")
        except InputError:
            raise InputError(
                f"the problem {label or digest[:12]} came in as an object, and hamiltonian.npz "
                f"with its content is not beside the description; hand the object over again"
            ) from None
        _KEPT[digest] = hamiltonian
    return _KEPT[digest]


def freeze_beside(path: Path, digest: str) -> None:
    """Take a problem from a folder's file, if it is there and has that content."""
    try:
        hamiltonian = load_hamiltonian(path)
    except InputError:
        return
    if hamiltonian.content_hash() == digest:
        _KEPT[digest] = hamiltonian


def _path(digest: str) -> Path:
    return cache_folder() / "problems" / f"{digest}.npz"

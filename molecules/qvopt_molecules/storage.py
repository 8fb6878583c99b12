"""Hamiltonians on disk: npz without pickle, with a checksum over every byte.

The SHA-256 of the archive stands in its comment, after everything else, so that a damaged file is
recognised before any of it is interpreted. Files of format 1, which have none, are checked by the
hash of their integrals alone.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any, Final

import numpy as np

from .atomic_files import write_file
from .errors import InputError
from .frame import OrbitalFrame
from .hamiltonian import MolecularHamiltonian
from .molecule import Atom
from .pauli import PauliSum
from .spins import Hamiltonian, SpinHamiltonian

_FORMAT: Final = 2
_WITHOUT_CHECKSUM: Final = 1
_MARK: Final = b"sha256:"
_SEAL: Final = len(_MARK) + 64  # bytes of the comment


def save_hamiltonian(hamiltonian: Hamiltonian, path: str | Path) -> None:
    """Write a Hamiltonian so that a reader sees either all of it or the former file."""
    path = Path(path)
    arrays = {
        **_arrays(hamiltonian),
        "format": np.array(_FORMAT),
        "label": np.array(hamiltonian.label),
        "hash": np.array(hamiltonian.content_hash()),
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_file(path, _sealed(buffer.getvalue()), durable=True)


def load_hamiltonian(path: str | Path) -> Hamiltonian:
    """Read what `save_hamiltonian` wrote.

    Raises InputError for a missing or damaged file.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"cannot read {path}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {_one_line(error)}") from None
    sealed = data[-_SEAL:].startswith(_MARK)
    if sealed and data != _sealed(data[: -_SEAL - 2] + b"\0\0"):
        raise InputError(f"{path} is damaged: its contents do not match their checksum")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            written = int(arrays["format"])
            hamiltonian = _spins(arrays) if "pauli_x" in arrays else _integrals(arrays)
            stored = str(arrays["hash"])
    except Exception as error:  # a damaged archive may raise anything
        raise InputError(
            f"{path} does not hold a Hamiltonian, or is damaged: {_one_line(error)}"
        ) from None
    if written != (_FORMAT if sealed else _WITHOUT_CHECKSUM):
        raise InputError(f"{path} was written by another version of qvopt, or is damaged")
    if stored != hamiltonian.content_hash():
        raise InputError(f"{path} is damaged: its contents do not match their hash")
    return hamiltonian


def _sealed(archive: bytes) -> bytes:
    """Return a zip archive with its SHA-256 as the archive's comment."""
    body = archive[:-2] + _SEAL.to_bytes(2, "little")  # the length of the comment ends a zip
    return body + _MARK + hashlib.sha256(body).hexdigest().encode()


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:200]


def _arrays(h: Hamiltonian) -> dict[str, Any]:
    if isinstance(h, SpinHamiltonian):
        return {
            "pauli_x": h.observable.x,
            "pauli_z": h.observable.z,
            "coefficients": h.observable.coefficients,
            "n_spins": np.array(h.n_qubits),
            "reference": np.array(h.reference, dtype=np.uint64),
        }
    arrays: dict[str, Any] = {
        "core_energy": np.array(h.core_energy),
        "one_body": h.one_body,
        "two_body": h.two_body,
        "electrons": np.array([h.n_alpha, h.n_beta]),
    }
    if h.orbital_energies is not None:
        arrays["orbital_energies"] = h.orbital_energies
    if h.irreps is not None:
        arrays["irreps"] = np.array(h.irreps)
    if h.point_group is not None:
        arrays["point_group"] = np.array(h.point_group)
    if h.notes:
        arrays["notes"] = np.array(h.notes)
    if h.frame is not None:
        arrays |= _frame_arrays(h.frame)
    return arrays


def _integrals(data: Any) -> Hamiltonian:
    return MolecularHamiltonian(
        core_energy=float(data["core_energy"]),
        one_body=data["one_body"],
        two_body=data["two_body"],
        n_alpha=int(data["electrons"][0]),
        n_beta=int(data["electrons"][1]),
        orbital_energies=data.get("orbital_energies"),
        irreps=tuple(int(i) for i in data["irreps"]) if "irreps" in data else None,
        label=str(data["label"]),
        frame=_frame(data) if "frame_coefficients" in data else None,
        notes=tuple(str(n) for n in data["notes"]) if "notes" in data else (),
        point_group=str(data["point_group"]) if "point_group" in data else None,
    )


def _spins(data: Any) -> Hamiltonian:
    observable = PauliSum(
        int(data["n_spins"]), data["pauli_x"], data["pauli_z"], data["coefficients"]
    )
    return SpinHamiltonian(observable, int(data["reference"]), str(data["label"]))


def _frame_arrays(frame: OrbitalFrame) -> dict[str, Any]:
    return {
        "frame_symbols": np.array([a.symbol for a in frame.atoms]),
        "frame_positions": np.array([a.position for a in frame.atoms]),
        "frame_counts": np.array([frame.charge, frame.spin, frame.n_core]),
        "frame_basis": np.array(frame.basis),
        "frame_coefficients": frame.coefficients,
    }


def _frame(data: Any) -> OrbitalFrame:
    charge, spin, n_core = (int(n) for n in data["frame_counts"])
    places = data["frame_positions"].tolist()
    atoms = [
        Atom(str(s), (x, y, z)) for s, (x, y, z) in zip(data["frame_symbols"], places, strict=True)
    ]
    return OrbitalFrame(
        tuple(atoms), charge, spin, str(data["frame_basis"]), data["frame_coefficients"], n_core
    )

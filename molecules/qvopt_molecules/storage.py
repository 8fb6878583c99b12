"""Hamiltonians on disk: npz without pickle, checked by content."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError
from .frame import OrbitalFrame
from .hamiltonian import MolecularHamiltonian
from .molecule import Atom

_FORMAT = 1


def save_hamiltonian(hamiltonian: MolecularHamiltonian, path: str | Path) -> None:
    """Write a Hamiltonian so that a reader sees either all of it or the former file."""
    path = Path(path)
    h = hamiltonian
    arrays = {
        "format": np.array(_FORMAT),
        "core_energy": np.array(h.core_energy),
        "one_body": h.one_body,
        "two_body": h.two_body,
        "electrons": np.array([h.n_alpha, h.n_beta]),
        "label": np.array(h.label),
        "hash": np.array(h.content_hash()),
    }
    if h.orbital_energies is not None:
        arrays["orbital_energies"] = h.orbital_energies
    if h.irreps is not None:
        arrays["irreps"] = np.array(h.irreps)
    if h.frame is not None:
        arrays |= _frame_arrays(h.frame)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_hamiltonian(path: str | Path) -> MolecularHamiltonian:
    """Read what `save_hamiltonian` wrote.

    Raises InputError for a missing or damaged file.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as data:
            if int(data["format"]) != _FORMAT:
                raise InputError(f"{path} was written by another version of qvopt")
            hamiltonian = MolecularHamiltonian(
                core_energy=float(data["core_energy"]),
                one_body=data["one_body"],
                two_body=data["two_body"],
                n_alpha=int(data["electrons"][0]),
                n_beta=int(data["electrons"][1]),
                orbital_energies=data.get("orbital_energies"),
                irreps=tuple(int(i) for i in data["irreps"]) if "irreps" in data else None,
                label=str(data["label"]),
                frame=_frame(data) if "frame_coefficients" in data else None,
            )
            stored = str(data["hash"])
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"cannot read {path}: no such file") from None
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} does not hold a Hamiltonian, or is damaged: {error}") from None
    if stored != hamiltonian.content_hash():
        raise InputError(f"{path} is damaged: its contents do not match their hash")
    return hamiltonian


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

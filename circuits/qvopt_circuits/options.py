"""Checks that the options of several ansätze share, and the start point they draw."""

from __future__ import annotations

import math

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

MOST_LAYERS = 10_000


def check_count(name: str, value: int, least: int = 1, most: int = MOST_LAYERS) -> None:
    """Raise InputError unless `value` is from `least` to `most`."""
    if not least <= value <= most:
        raise InputError(f"{name} must be from {least} to {most}, got {value}")


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise InputError unless `value` is one of `known`."""
    if value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got '{value}'")


def check_spread(spread: float) -> None:
    """Raise InputError unless `spread` is a standard deviation."""
    if not (math.isfinite(spread) and spread >= 0):
        raise InputError(f"spread must be finite and not negative, got {spread}")


def need_orbitals(name: str, hamiltonian: MolecularHamiltonian, least: int = 2) -> None:
    """Raise InputError for a Hamiltonian of fewer than `least` orbitals."""
    if hamiltonian.norb < least:
        raise InputError(
            f"ansatz {name} acts on {least} orbitals at once, and the Hamiltonian has "
            f"{hamiltonian.norb}; choose a larger basis or active space"
        )


def draw(n_parameters: int, spread: float, rng: np.random.Generator) -> FloatArray:
    """Return parameters from a normal distribution of standard deviation `spread`."""
    return spread * rng.standard_normal(n_parameters)

"""Determinants near a mean field's, from which other solutions are reached."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .orbital_rotations import n_rotations, turned
from .self_consistency import SelfConsistency

_WINDOW: Final = 4  # orbitals of each kind of occupation that are exchanged
_EXCHANGES: Final = 6
_RANDOM: Final = 6
_ANGLE: Final = 1.0  # radians


def frontier_starts(solver: SelfConsistency, mean_field: Any) -> Iterator[FloatArray]:
    """Yield orbitals with two of different occupation exchanged, those of lowest energy first."""
    orbitals, occupations = np.asarray(mean_field.mo_coeff), np.asarray(mean_field.mo_occ)
    energies = np.asarray(mean_field.mo_energy)
    kinds = []
    for occupation in (2, 1, 0):
        places = np.flatnonzero(occupations == occupation)
        order = places[np.argsort(energies[places])]
        kinds.append(order[-_WINDOW:] if occupation == 2 else order[:_WINDOW])
    scored = []
    field = solver.new()
    for first, second in itertools.combinations(kinds, 2):
        for p, q in itertools.product(first, second):
            exchanged = orbitals.copy()
            exchanged[:, [p, q]] = exchanged[:, [q, p]]
            energy = field.energy_tot(field.make_rdm1(exchanged, occupations))
            scored.append((float(energy), int(p), int(q), exchanged))
    scored.sort(key=lambda entry: entry[:3])
    for *_, exchanged in scored[:_EXCHANGES]:
        yield exchanged


def random_starts(mean_field: Any) -> Iterator[FloatArray]:
    """Yield orbitals turned at random among each other, always the same ones."""
    occupations = np.asarray(mean_field.mo_occ)
    size = n_rotations(occupations)
    if size == 0:
        return
    rng = np.random.default_rng(0)
    for _ in range(_RANDOM):
        step = rng.standard_normal(size)
        yield turned(mean_field.mo_coeff, occupations, _ANGLE * step / np.sqrt(size / 4 + 1))

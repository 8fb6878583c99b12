"""The lowest unrestricted mean field, whose spins may separate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .self_consistency import SelfConsistency, spin_densities
from .stability import follow_instabilities, on_plain

_MOST_PAIRS: Final = 8


def unrestricted_densities(solver: SelfConsistency, restricted: Any) -> FloatArray:
    """Return the density matrices of the lowest UHF solution reached, shape (2, nao, nao).

    Starts are the restricted solution, of which the instabilities are followed, and occupied
    orbitals mixed with empty ones, one way for alpha and the other for beta electrons: the
    frontier pair, the two frontier pairs, and so on.

    Raises InputError where nothing converges.
    """
    plain = on_plain(solver, restricted)
    lowest = None
    for orbitals, occupations in _starts(plain):
        solution = solver.from_orbitals(orbitals, occupations, unrestricted=True)
        if solution is None:
            continue
        field = follow_instabilities(solver, solution)
        if lowest is None or field.energy < lowest.energy - 1e-8:
            lowest = field
    if lowest is None:
        raise InputError(
            f"the unrestricted mean field of {solver.name} does not converge; use other orbitals"
        )
    return spin_densities(lowest.mean_field)


def _starts(restricted: Any) -> Iterator[tuple[FloatArray, FloatArray]]:
    orbitals = np.asarray(restricted.mo_coeff)
    order = np.lexsort((np.asarray(restricted.mo_energy), -np.asarray(restricted.mo_occ)))
    orbitals = orbitals[:, order]
    n_alpha, n_beta = restricted.mol.nelec
    n = orbitals.shape[1]
    occupations = np.array([np.arange(n) < n_alpha, np.arange(n) < n_beta], dtype=float)
    yield np.array([orbitals, orbitals]), occupations
    for pairs in range(1, min(n_beta, n - n_alpha, _MOST_PAIRS) + 1):
        spins = np.array([orbitals, orbitals])
        for k in range(pairs):
            low, high = n_beta - 1 - k, n_alpha + k
            for spin, sign in ((0, 1.0), (1, -1.0)):
                a, b = orbitals[:, low], orbitals[:, high]
                spins[spin][:, low] = (a + sign * b) / np.sqrt(2)
                spins[spin][:, high] = (b - sign * a) / np.sqrt(2)
        yield spins, occupations

"""Determinants: occupation strings of one spin as integers."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray


def occupation_strings(norb: int, n_electrons: int) -> IntArray:
    """All strings of `n_electrons` in `norb` orbitals, ascending integers; bit p is orbital p."""
    strings = [sum(1 << p for p in occ) for occ in combinations(range(norb), n_electrons)]
    return np.array(sorted(strings), dtype=np.int64)


def occupied_orbitals(strings: IntArray, norb: int) -> IntArray:
    """Orbitals occupied in each string, ascending, shape (n_strings, n_electrons)."""
    bits = (strings[:, None] >> np.arange(norb)) & 1
    return np.nonzero(bits)[1].reshape(len(strings), -1).astype(np.int64)


def determinant_in_rotated_orbitals(
    rotation: FloatArray, occupied: IntArray, n_electrons: int
) -> FloatArray:
    """Amplitudes of the determinant of the lowest orbitals over strings of rotated ones.

    Its amplitude on the string with orbitals K is det(rotation[:n, K]), for
    b†_k = Σ_p rotation[p, k] a†_p.
    """
    if n_electrons == 0:
        return np.ones(1)
    minors = rotation[:n_electrons][:, occupied].transpose(1, 0, 2)
    return np.asarray(np.linalg.det(minors))


def compound_matrix(rotation: FloatArray, occupied: IntArray) -> FloatArray:
    """M[I, K] = det(rotation[occ_I, occ_K]): what an orbital rotation does to strings.

    With b†_k = Σ_p rotation[p, k] a†_p, amplitudes transform as C' = Mᵀ C (Cauchy-Binet).
    """
    n, electrons = occupied.shape
    if electrons == 0:
        return np.ones((n, n))
    out = np.empty((n, n))
    for row, occ in enumerate(occupied):
        minors = rotation[occ[:, None], occupied[:, None, :]]
        out[row] = np.linalg.det(minors)
    return out

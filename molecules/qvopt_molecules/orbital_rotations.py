r"""The energy of a determinant as a function of orbital rotations C exp(κ), and its minimisation.

Steps are Newton's with the absolute values of the Hessian's eigenvalues, x = -|A|⁻¹ g, at most a
trust radius long, and are taken only where the energy falls: they leave saddle points that
self-consistent iterations stay on. Y. Dauphin et al., NeurIPS 27 (2014), arXiv:1406.2572.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

DENSE: Final = 200
"""Rotations up to which the Hessian is made and diagonalised."""

_MOST_STEPS: Final = 80
_GRADIENT: Final = 1e-7
_ROUNDING: Final = 1e-9  # Hartree
_RADIUS: Final = 0.4  # radians
_SOFTEST: Final = 1e-3  # Hartree; softer modes are stepped along as if they were as stiff as this


def n_rotations(occupations: Any) -> int:
    """Number of independent rotations between orbitals of different occupation."""
    occupations = np.asarray(occupations)
    if occupations.ndim == 2:
        return sum(n_rotations(row) for row in occupations)
    counts = [int(np.sum(occupations == n)) for n in (0, 1, 2)]
    return counts[0] * counts[1] + counts[0] * counts[2] + counts[1] * counts[2]


def gradient_and_hessian(
    mean_field: Any, orbitals: FloatArray, occupations: FloatArray
) -> tuple[FloatArray, Any, FloatArray]:
    """Return PySCF's gradient, Hessian product and diagonal over all rotations.

    In half the energy's second derivatives. RHF, ROHF and UHF, molecules without a point group.
    PySCF's Hessian of ROHF leaves out what couples rotations d→s and s→v of doubly occupied,
    singly occupied and empty orbitals, -(F^α - F^β)_dv: it is added here.
    """
    from pyscf.soscf import newton_ah

    occupations = np.asarray(occupations)
    if occupations.ndim == 2:
        make = newton_ah.gen_g_hop_uhf
    else:
        make = newton_ah.gen_g_hop_rohf if np.any(occupations == 1) else newton_ah.gen_g_hop_rhf
    gradient, product, diagonal = make(mean_field, orbitals, occupations)
    if make is newton_ah.gen_g_hop_rohf:
        product = _with_coupling(mean_field, orbitals, occupations, product)
    return np.asarray(gradient), product, np.asarray(diagonal)


def _with_coupling(
    mean_field: Any, orbitals: FloatArray, occupations: FloatArray, product: Any
) -> Any:
    from pyscf.scf.hf import uniq_var_indices

    double, single, empty = (np.flatnonzero(occupations == n) for n in (2, 1, 0))
    fock = mean_field.get_fock(dm=mean_field.make_rdm1(orbitals, occupations))
    spin_fock = orbitals.T @ (fock.focka - fock.fockb) @ orbitals
    difference = spin_fock[np.ix_(double, empty)]
    variables = uniq_var_indices(occupations)

    def complete(x: FloatArray) -> FloatArray:
        rotation, coupling = np.zeros((2, len(occupations), len(occupations)))
        rotation[variables] = np.real(x)
        to_single = rotation[np.ix_(single, double)]
        to_empty = rotation[np.ix_(empty, single)]
        coupling[np.ix_(single, double)] = -(to_empty.T @ difference.T)
        coupling[np.ix_(empty, single)] = -(difference.T @ to_single.T)
        return np.asarray(np.real(product(x)) + coupling[variables] / 2)

    return complete


def hessian(product: Any, size: int) -> FloatArray:
    """The Hessian as a symmetric matrix."""
    matrix = np.array([np.real(product(unit)) for unit in np.eye(size)]).reshape(size, size)
    return np.asarray((matrix + matrix.T) / 2)


def turned(orbitals: FloatArray, occupations: FloatArray, step: FloatArray) -> FloatArray:
    """Return orbitals rotated by a vector of rotations; alpha ones first in UHF."""
    from pyscf.scf.hf import unpack_uniq_var
    from scipy.linalg import expm

    orbitals, occupations = np.asarray(orbitals), np.asarray(occupations)
    if occupations.ndim == 1:
        return np.asarray(orbitals @ expm(unpack_uniq_var(step, occupations)))
    split = n_rotations(occupations[0])
    parts = (step[:split], step[split:])
    return np.array([turned(*args) for args in zip(orbitals, occupations, parts, strict=True)])


def descend(mean_field: Any, orbitals: FloatArray, occupations: FloatArray) -> Any | None:
    """Return the mean field at the minimum below a determinant; None where it is not reached."""
    orbitals, occupations = np.asarray(orbitals), np.asarray(occupations)

    def energy_of(coefficients: FloatArray) -> float:
        return float(mean_field.energy_tot(mean_field.make_rdm1(coefficients, occupations)))

    energy, radius = energy_of(orbitals), _RADIUS
    for _ in range(_MOST_STEPS):
        gradient, product, _ = gradient_and_hessian(mean_field, orbitals, occupations)
        if np.abs(gradient).max(initial=0.0) < _GRADIENT:
            return _finished(mean_field, orbitals, occupations, energy)
        values, vectors = np.linalg.eigh(hessian(product, gradient.size))
        step = -vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), _SOFTEST))
        while True:
            length = float(np.linalg.norm(step))
            trial = turned(orbitals, occupations, step * min(1.0, radius / length))
            lower = energy_of(trial)
            if lower < energy or (length < 1e-3 and lower < energy + _ROUNDING):
                break
            radius = min(radius, length) / 4
            if radius < 1e-7:
                return None
        radius = min(2 * radius, _RADIUS)
        orbitals, energy = trial, lower
    return None


def _finished(mean_field: Any, orbitals: FloatArray, occupations: FloatArray, energy: float) -> Any:
    fock = mean_field.get_fock(dm=mean_field.make_rdm1(orbitals, occupations))
    energies, canonical = mean_field.canonicalize(orbitals, occupations, fock)
    mean_field.mo_coeff, mean_field.mo_energy = np.asarray(canonical), np.asarray(energies)
    mean_field.mo_occ, mean_field.e_tot, mean_field.converged = occupations, energy, True
    return mean_field

r"""Internal stability of mean fields.

A determinant is a minimum where the Hessian of its energy with respect to orbital rotations,
∂²E/∂κ_ai∂κ_bj, has no negative eigenvalue. Where it has one, the energy falls along its
eigenvector, also across the point group. R. Seeger, J. A. Pople, J. Chem. Phys. 66, 3045 (1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .orbital_rotations import DENSE, gradient_and_hessian, hessian, turned
from .self_consistency import SelfConsistency

UNSTABLE: Final = -1e-5
"""Hartree: eigenvalue of the Hessian below which a mean field counts as unstable."""

_ANGLES: Final = (0.4, -0.4, 0.1, -0.1)  # radians along a mode to start from
_MOST_MODES: Final = 3
_MOST_ROUNDS: Final = 12
_GAIN: Final = 1e-7  # Hartree


@dataclass(frozen=True, eq=False)
class StableField:
    """A mean field after its instabilities were followed.

    Attributes:
        mean_field: PySCF's, converged.
        curvature: lowest eigenvalue of the orbital Hessian in Hartree; infinite where there is
            nothing to rotate.
    """

    mean_field: Any
    curvature: float

    @property
    def energy(self) -> float:
        """Energy in Hartree."""
        return float(self.mean_field.e_tot)

    @property
    def stable(self) -> bool:
        """Whether no orbital rotation lowers the energy."""
        return self.curvature > UNSTABLE


def orbital_modes(mean_field: Any) -> tuple[FloatArray, FloatArray]:
    """Return the lowest eigenvalues (Hartree) and eigenvectors of the orbital Hessian.

    Shapes (k,) and (variables, k). The mean field must be one without a point group, so that all
    rotations are among the variables. RHF, ROHF and UHF.
    """
    from pyscf import lib

    with lib.with_omp_threads(1):
        gradient, product, diagonal = gradient_and_hessian(
            mean_field, mean_field.mo_coeff, mean_field.mo_occ
        )
        size = gradient.size
        if size == 0:
            return np.zeros(0), np.zeros((0, 0))
        if size <= DENSE:
            values, vectors = np.linalg.eigh(2.0 * hessian(product, size))
            return values[:_MOST_MODES], vectors[:, :_MOST_MODES]
        # Starts with a part in every irreducible representation, so that no symmetry hides a mode.
        rng = np.random.default_rng(0)
        scale = 1.0 / np.maximum(2.0 * diagonal, 0.1)
        starts = [scale * rng.standard_normal(size) for _ in range(_MOST_MODES)]
        starts.append(np.eye(1, size, int(np.argmin(diagonal)))[0])

        def precondition(residual: FloatArray, value: float, _: Any) -> FloatArray:
            shifted = 2.0 * diagonal - value
            return np.asarray(residual / np.where(np.abs(shifted) < 1e-2, 1e-2, shifted))

        values, rows = lib.davidson(
            lambda x: 2.0 * np.real(product(x)), starts, precondition,
            tol=1e-6, nroots=_MOST_MODES, max_cycle=60, verbose=0,
        )  # fmt: skip
    return np.atleast_1d(values), np.array(rows).reshape(-1, size).T


def follow_instabilities(solver: SelfConsistency, mean_field: Any) -> StableField:
    """Go down from a mean field until it is stable, by way of its orbital Hessian's modes."""
    current = on_plain(solver, mean_field)
    for _ in range(_MOST_ROUNDS):
        values, vectors = orbital_modes(current)
        curvature = float(values.min(initial=np.inf))
        if curvature > UNSTABLE:
            return StableField(current, curvature)
        lower = _below(solver, current, values, vectors)
        if lower is None:
            return StableField(current, curvature)
        current = lower
    return StableField(current, float(orbital_modes(current)[0].min(initial=np.inf)))


def _below(
    solver: SelfConsistency, current: Any, values: FloatArray, vectors: FloatArray
) -> Any | None:
    """A minimum reached along one of the unstable modes, either way; None where there is none."""
    unrestricted = np.ndim(current.mo_occ) == 2
    for mode in np.flatnonzero(values < UNSTABLE):
        for angle in _ANGLES:
            step = angle * vectors[:, mode]
            start = turned(current.mo_coeff, current.mo_occ, step)
            reached = solver.from_orbitals(start, current.mo_occ, unrestricted=unrestricted)
            if reached is not None and reached.e_tot < current.e_tot - _GAIN:
                return reached
    return None


def on_plain(solver: SelfConsistency, mean_field: Any) -> Any:
    """Return the mean field over the molecule without its point group."""
    if not mean_field.mol.symmetry:
        return mean_field
    plain = solver.new(unrestricted=np.ndim(mean_field.mo_occ) == 2)
    plain.mo_coeff = np.array(mean_field.mo_coeff)
    plain.mo_occ = np.array(mean_field.mo_occ)
    plain.mo_energy = np.array(mean_field.mo_energy)
    plain.e_tot, plain.converged = mean_field.e_tot, True
    return plain

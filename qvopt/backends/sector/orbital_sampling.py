"""Outcomes of orbital bases in small sectors, whose rotations are matrices over strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import MeasurementGroup, OrbitalBasis
from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray, aligned_zeros
from qvopt_molecules.determinants import compound_matrix, occupied_orbitals
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits, spin_strings

from .draws import by_multinomial, draw_counts, flat_planes
from .lanes import WIDTH
from .point_draws import rotate_and_draw
from .xoshiro import WordArray


class OrbitalSampler:
    """Basis-rotation groups: C' = M_aᵀ C M_b stays in the sector; outcomes follow |C'|².

    Rows over beta strings are padded with zeros to a multiple of eight.

    Attributes:
        shape: numbers of alpha and beta strings.
        left: the transposed minors of alpha strings, shape (groups, n_alpha, n_alpha).
        right: the minors of beta strings, shape (groups, n_beta, padded).
        values: of all outcomes in Hartree, shape (groups, n_alpha · padded).
    """

    def __init__(
        self,
        groups: Sequence[MeasurementGroup],
        hamiltonian: MolecularHamiltonian,
    ) -> None:
        strings = spin_strings(hamiltonian)
        self.shape = (len(strings[0]), len(strings[1]))
        self.padded = -(-self.shape[1] // WIDTH) * WIDTH
        n_groups, (n_alpha, n_beta) = len(groups), self.shape
        bits = sector_bits(hamiltonian).astype(np.uint64)
        # Kernels take four rows at a time: so many must exist.
        rows = aligned_zeros(max(n_groups * n_alpha, 4), n_alpha)
        self.left = rows[: n_groups * n_alpha].reshape(n_groups, n_alpha, n_alpha)
        self.right = aligned_zeros(n_groups, n_beta, self.padded)
        values = np.zeros((n_groups, n_alpha, self.padded))
        occupied = [occupied_orbitals(s, hamiltonian.norb) for s in strings]
        for k, group in enumerate(groups):
            assert isinstance(group.basis, OrbitalBasis)
            rotation = group.basis.rotation
            self.left[k] = compound_matrix(rotation, occupied[0]).T
            self.right[k, :, :n_beta] = compound_matrix(rotation, occupied[1])
            values[k, :, :n_beta] = group.diagonal.values(bits).reshape(self.shape)
        self.values = values.reshape(n_groups, -1)
        self.tables = (rows.reshape(-1), self.right.reshape(n_groups, -1), self.values)

    @property
    def n_outcomes(self) -> int:
        """Outcomes of each group, padding included."""
        return int(self.values.shape[1])

    def distribution(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group, and their values."""
        rotated = self.left[group] @ psi @ self.right[group]
        p = np.square(rotated.real) + np.square(rotated.imag)
        n_beta = self.shape[1]
        return (
            p[:, :n_beta].reshape(-1),
            self.values[group].reshape(-1, self.padded)[:, :n_beta].reshape(-1),
        )

    def together(self, shots: IntArray) -> BoolArray:
        """Which groups `draw` is for; others have so many shots that each is faster alone."""
        return np.asarray(~by_multinomial(shots, self.n_outcomes))

    def draw(
        self, psi: npt.NDArray[Any], shots: IntArray, key: WordArray, number: int
    ) -> tuple[FloatArray, FloatArray]:
        """Means and sums of squared deviations by group; `number` names the first's stream."""
        means, m2s = np.zeros((2, len(shots)))
        flat, planes = flat_planes(psi)
        rotate_and_draw(flat, planes, self.shape, *self.tables, shots, key, number, means, m2s)
        return means, m2s

    def draw_group(
        self, psi: npt.NDArray[Any], group: int, shots: int, key: WordArray, number: int
    ) -> Moments:
        """Moments of one group, of which so many shots are cheaper drawn as one multinomial."""
        p, values = self.distribution(psi, group)
        return Moments.from_counts(values, draw_counts(p, shots, key, number))

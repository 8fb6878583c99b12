"""Basis rotations of large sectors: the state is rotated by Givens rotations, then drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import MeasurementGroup
from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import spin_strings

from .draws import by_multinomial, draw_counts, flat_planes, places_in_rows, rows_of_draws
from .group_rotations import GroupRotations
from .lanes import WIDTH
from .line_sampling import LineSampler
from .neighbours import row_weights
from .workers import Workers
from .xoshiro import WordArray


class GivensSampler:
    """Outcomes of orbital bases, for one more state of memory, or two.

    An outcome is drawn in two steps, P(I, K) = P(I) P(K | I): rotating the orbitals of beta
    electrons does not change how often an alpha string I is read, so that it is done for the rows
    only that were drawn. Of groups with few shots not even P(I) is worked out, see `line_sampling`.
    Values are worked out for the outcomes drawn.
    """

    def __init__(
        self,
        groups: Sequence[MeasurementGroup],
        hamiltonian: MolecularHamiltonian,
        workers: Workers | None = None,
    ) -> None:
        self.groups = groups
        self._norb = hamiltonian.norb
        self._strings = spin_strings(hamiltonian)
        self.shape = (len(self._strings[0]), len(self._strings[1]))
        self._workers = Workers() if workers is None else workers
        self._rotations = GroupRotations(groups, self._strings, self._norb, self._workers)
        self._lines = LineSampler(self._rotations)
        self._z = np.zeros(0)

    def together(self, shots: IntArray) -> BoolArray:
        """Which groups are faster drawn all at once, by `draw`: those with few shots."""
        return shots <= self._lines.most_shots

    def draw(
        self, psi: npt.NDArray[Any], shots: IntArray, key: WordArray, number: int
    ) -> tuple[FloatArray, FloatArray]:
        """Means and sums of squared deviations by group; `number` names the first's stream."""
        means, m2s = np.zeros((2, len(shots)))
        if shots.any():
            for group, places in self._lines.draw(*flat_planes(psi), shots, key, number):
                moments = Moments.from_counts(self._values(places, group), np.ones_like(places))
                means[group], m2s[group] = moments.mean, moments.m2
        return means, m2s

    def probabilities(self, psi: npt.NDArray[Any], group: int) -> FloatArray:
        """Probability of every determinant in the group's orbitals, flat."""
        z, planes = self._with_alpha_rotated(psi, group)
        self._rotate_beta(z, planes, group, np.arange(self.shape[0]))
        return np.asarray(np.square(z).reshape(planes, -1).sum(axis=0))

    def distribution(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group, and their values."""
        p = self.probabilities(psi, group)
        return p, self._values(np.arange(len(p)), group)

    def draw_group(
        self, psi: npt.NDArray[Any], group: int, shots: int, key: WordArray, number: int
    ) -> Moments:
        """Moments of one group's outcomes; `number` names the random stream."""
        if shots == 0:
            return Moments(0, 0.0, 0.0)
        if by_multinomial(shots, psi.size):
            counts = draw_counts(self.probabilities(psi, group), shots, key, number)
            places = np.flatnonzero(counts)
            return Moments.from_counts(self._values(places, group), counts[places])
        places = self._draw(psi, group, shots, key, number)
        drawn, counts = np.unique(places, return_counts=True)
        return Moments.from_counts(self._values(drawn, group), counts.astype(np.int64))

    def _draw(
        self, psi: npt.NDArray[Any], group: int, shots: int, key: WordArray, number: int
    ) -> IntArray:
        """Draw determinants from the state with its alpha orbitals rotated: their places."""
        z, planes = self._with_alpha_rotated(psi, group)
        n_rows = self.shape[0]
        weights = np.zeros(-(-n_rows // WIDTH) * WIDTH)
        self._workers.run(row_weights, n_rows, z, planes, self.shape, weights, work=0.2 * len(z))
        of_rows, state = np.zeros(len(weights), dtype=np.int64), np.zeros(4, dtype=np.uint64)
        rows_of_draws(weights, shots, key, number, state, of_rows)
        rows = np.flatnonzero(of_rows)
        self._rotate_beta(z, planes, group, rows)
        places = np.empty(shots, dtype=np.int64)
        places_in_rows(z, planes, self.shape, rows, of_rows[rows], state, places)
        return places

    def _with_alpha_rotated(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, int]:
        """Return the planes of the state after the alpha rotations, flat, and their number."""
        source, planes = flat_planes(psi)
        if len(self._z) != len(source):
            self._z = np.empty(len(source))
        self._rotations.rotate_alpha(group, source, planes, self._z)
        return self._z, planes

    def _rotate_beta(self, z: FloatArray, planes: int, group: int, rows: IntArray) -> None:
        """Rotate the beta orbitals in some rows, in place."""
        self._rotations.rotate_lines(1, self._rotations.steps(group), z, planes, rows)

    def _values(self, positions: IntArray, group: int) -> FloatArray:
        rows, columns = np.divmod(positions, self.shape[1])
        bits = self._strings[0][rows] | self._strings[1][columns] << self._norb
        return self.groups[group].diagonal.values(bits.astype(np.uint64))

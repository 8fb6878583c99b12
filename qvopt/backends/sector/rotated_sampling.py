"""Basis rotations of large sectors: the state is rotated by Givens rotations, then drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import MeasurementGroup
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import spin_strings

from .compilation import GateTables, compile_circuit
from .draws import draw_counts
from .large import GateEngine
from .workers import Workers
from .xoshiro import WordArray


class GivensSampler:
    """Outcomes of orbital bases, for two more states of memory.

    The rotation of a group is at most norb (norb - 1) / 2 Givens rotations between neighbouring
    orbitals of each spin: one run over the rows of the state and one over its columns. Values are
    worked out for the outcomes that were drawn only.
    """

    def __init__(
        self,
        groups: Sequence[MeasurementGroup],
        hamiltonian: MolecularHamiltonian,
        workers: Workers | None = None,
    ) -> None:
        self.groups = groups
        self._hamiltonian = hamiltonian
        self._strings = spin_strings(hamiltonian)
        self._workers = Workers() if workers is None else workers
        self._rotations: dict[int, GateTables] = {}

    def probabilities(self, psi: npt.NDArray[Any], group: int) -> FloatArray:
        """Probability of every determinant in the group's orbitals, flat."""
        tables = self._tables(group)
        planes = 2 if np.iscomplexobj(psi) else 1
        engine = GateEngine(tables, self._workers, planes)
        parts = [psi.real, psi.imag][:planes]
        z = np.concatenate([np.asarray(p, dtype=np.float64).reshape(-1) for p in parts])
        engine.apply(tables.offsets, z)
        np.square(z, out=z)
        out = z[: psi.size]
        for plane in range(1, planes):
            out += z[plane * psi.size :]
        return out

    def _tables(self, group: int) -> GateTables:
        """The Givens rotations of a group, tabulated when it is measured first."""
        if group not in self._rotations:
            h = self._hamiltonian
            change = basis_change_circuit(self.groups[group], 2 * h.norb)
            occupied = [*range(h.n_alpha), *range(h.norb, h.norb + h.n_beta)]
            reference = tuple(Gate("x", (q,)) for q in occupied)
            circuit = Circuit(2 * h.norb, reference + change.gates, 0)
            self._rotations[group] = compile_circuit(circuit, h.norb, h.n_alpha, h.n_beta)
        return self._rotations[group]

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
        counts = draw_counts(self.probabilities(psi, group), shots, key, number)
        drawn = np.flatnonzero(counts)
        return Moments.from_counts(self._values(drawn, group), counts[drawn])

    def _values(self, positions: npt.NDArray[np.int64], group: int) -> FloatArray:
        rows, columns = np.divmod(positions, len(self._strings[1]))
        bits = self._strings[0][rows] | self._strings[1][columns] << self._hamiltonian.norb
        return self.groups[group].diagonal.values(bits.astype(np.uint64))

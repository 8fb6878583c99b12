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
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import spin_strings

from .compilation import compile_circuit
from .large import GateEngine
from .workers import Workers

FloatArray = npt.NDArray[np.float64]

_DRAWS = 1 << 20  # shots drawn at a time


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

    def probabilities(self, psi: npt.NDArray[Any], group: int) -> FloatArray:
        """Probability of every determinant in the group's orbitals, flat."""
        h = self._hamiltonian
        n_qubits = 2 * h.norb
        change = basis_change_circuit(self.groups[group], n_qubits)
        occupied = [*range(h.n_alpha), *range(h.norb, h.norb + h.n_beta)]
        reference = tuple(Gate("x", (q,)) for q in occupied)
        tables = compile_circuit(
            Circuit(n_qubits, reference + change.gates, 0), h.norb, h.n_alpha, h.n_beta
        )
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

    def distribution(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group, and their values."""
        p = self.probabilities(psi, group)
        return p, self._values(np.arange(len(p)), group)

    def draw(
        self, psi: npt.NDArray[Any], group: int, shots: int, rng: np.random.Generator
    ) -> Moments:
        """Outcomes of one group, drawn by inverting their distribution."""
        if shots == 0:
            return Moments(0, 0.0, 0.0)
        cumulative = np.cumsum(self.probabilities(psi, group))
        moments = Moments(0, 0.0, 0.0)
        for first in range(0, shots, _DRAWS):
            uniforms = rng.random(min(_DRAWS, shots - first)) * cumulative[-1]
            found = np.searchsorted(cumulative, uniforms, side="right")
            drawn, counts = np.unique(np.minimum(found, len(cumulative) - 1), return_counts=True)
            moments += Moments.from_counts(self._values(drawn, group), counts.astype(np.int64))
        return moments

    def _values(self, positions: npt.NDArray[np.int64], group: int) -> FloatArray:
        rows, columns = np.divmod(positions, len(self._strings[1]))
        bits = self._strings[0][rows] | self._strings[1][columns] << self._hamiltonian.norb
        return self.groups[group].diagonal.values(bits.astype(np.uint64))

"""⟨[H, A]⟩ of many operators in one state: one product Hψ, and one pass over their pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qvopt.backends.batch import Point
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray, IndexArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .compilation import all_pairs, compile_circuit, count_pairs
from .hamiltonian_matrix import sparse_hamiltonian
from .sparse import SlicedMatrix, multiply

Pairs = tuple[IndexArray, IndexArray, IndexArray]

_MOST_PAIRS = 1 << 26
_MOST_DETERMINANTS = 50_000


class OperatorSlopes:
    """Derivatives of the energy by excitations put after any real state of the sector.

    Attributes:
        circuit: a determinant's X gates, then the operators as excitations at parameters.
    """

    def __init__(self, circuit: Circuit, pairs: Pairs, matrix: SlicedMatrix) -> None:
        self.circuit = circuit
        self._pairs = pairs
        self._sparse = (matrix.starts, matrix.columns, matrix.values)

    def at(self, program: Any, x: FloatArray) -> FloatArray:
        """Return dE/dt at zero for each operator put after a sector program's circuit at x."""
        flat = np.ascontiguousarray(program.state(Point(x)), dtype=np.float64).reshape(-1)
        image = np.empty_like(flat)
        multiply(*self._sparse, flat, image)
        slopes = np.empty(len(self._pairs[0]) - 1)
        commutators(flat, image, *self._pairs, slopes)
        return self.circuit.pull_back(slopes)


def operator_slopes(hamiltonian: MolecularHamiltonian, circuit: Circuit) -> OperatorSlopes | None:
    """Tabulate operators once for all states; None where that would take too much memory."""
    h = hamiltonian
    tables = compile_circuit(circuit, h.norb, h.n_alpha, h.n_beta)
    many = tables.shape[0] * tables.shape[1] > _MOST_DETERMINANTS
    if many or count_pairs(tables) > _MOST_PAIRS:
        return None
    return OperatorSlopes(circuit, all_pairs(tables), sparse_hamiltonian(h))


@njit(cache=True)
def commutators(psi, image, first, left, right, slopes):  # type: ignore[no-untyped-def]
    """slopes[k] <- ⟨Hψ|T_k - T_k†|ψ⟩ = dE/dθ at θ = 0 of exp(θ (T_k - T_k†) / 2)."""
    for k in range(len(slopes)):
        total = 0.0
        for t in range(first[k], first[k + 1]):
            i, j = left[t], right[t]
            total += image[j] * psi[i] - image[i] * psi[j]
        slopes[k] = total

"""Pauli transfer matrices: channels as real matrices over the Pauli basis.

R[i, j] = Tr(P_i E(P_j)) / 2^k for k qubits; index i = Σ_q 4^q p_q, with p = 0, 1, 2, 3 for
I, X, Y, Z on qubit q. Channels compose as matrices multiply. D. Greenbaum, arXiv:1509.02921.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from qvopt_molecules.arrays import ComplexArray, FloatArray

PAULIS: Final[dict[str, ComplexArray]] = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=complex),
    "Z": np.diag([1.0 + 0j, -1.0]),
}

RESET: Final = (
    np.array([[1, 0], [0, 0]], dtype=complex),
    np.array([[0, 1], [0, 0]], dtype=complex),
)
"""Kraus operators of a reset to |0⟩."""


@lru_cache(maxsize=2)
def _basis(n_qubits: int) -> ComplexArray:
    """The Pauli strings as matrices, the first qubit the least significant."""
    letters = list(PAULIS.values())
    if n_qubits == 1:
        return np.array(letters)
    return np.array([np.kron(second, first) for second in letters for first in letters])


def transfer_matrix(kraus: Sequence[ComplexArray]) -> FloatArray:
    """Return that of the channel ρ -> Σ_k K_k ρ K_k†, K of one or two qubits."""
    n_qubits = len(kraus[0]).bit_length() - 1
    basis = _basis(n_qubits)
    out = np.zeros((len(basis), len(basis)))
    for k in kraus:
        images = k @ basis @ k.conj().T
        out += np.einsum("iab,jba->ij", basis, images).real / len(k)
    return out


def pauli_transfer(letters: str) -> FloatArray:
    """Return that of a Pauli string; the last letter stands for the first qubit."""
    matrix = PAULIS[letters[-1]]
    for letter in letters[-2::-1]:
        matrix = np.asarray(np.kron(PAULIS[letter], matrix), dtype=complex)
    return transfer_matrix([matrix])


def on_qubits(matrix: FloatArray, qubits: Sequence[int], n_qubits: int) -> FloatArray:
    """Return a channel of one qubit, or of two in their order or the other, among `n_qubits`."""
    if n_qubits == len(qubits):
        if list(qubits) == list(range(n_qubits)):
            return matrix
        turned: FloatArray = matrix.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)
        return turned
    one = np.eye(4)
    out = np.kron(one, matrix) if qubits[0] == 0 else np.kron(matrix, one)
    return np.asarray(out, dtype=np.float64)


def rotations(axis: str, angles: FloatArray) -> FloatArray:
    """Return those of exp(-iθP/2), P = X, Y or Z, for each angle; shape (angles, 4, 4)."""
    first, second = {"X": (2, 3), "Y": (3, 1), "Z": (1, 2)}[axis]
    out = np.tile(np.eye(4), (len(angles), 1, 1))
    cosine, sine = np.cos(angles), np.sin(angles)
    out[:, first, first] = out[:, second, second] = cosine
    out[:, second, first], out[:, first, second] = sine, -sine
    return out

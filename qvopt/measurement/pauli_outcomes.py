"""Outcomes of Pauli bases in a state of the sector: the full vector, one basis change a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from qvopt_molecules.arrays import FloatArray, MaskArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits

from .basis_change import basis_change_circuit
from .plan import MeasurementGroup

_FULL_QUBITS = 26


class PauliSampler:
    """Groups of Pauli strings leave the sector: the full vector, one change of basis a group.

    Attributes:
        bits: all outcomes, as integers.
        positions: the outcomes of the sector's amplitudes.
        groups: what is measured.
        changes: codes and bits of the qubits of all gates of all changes of basis in a row, and
            where each group's begin.
    """

    def __init__(
        self, groups: Sequence[MeasurementGroup], hamiltonian: MolecularHamiltonian
    ) -> None:
        n = hamiltonian.n_qubits
        if n > _FULL_QUBITS:
            need = 8 * 4 * 2**n / 2**30
            raise InputError(
                f"qubit-wise groups on {n} qubits would need {need:.0f} GiB; "
                f"use basis-rotation groups"
            )
        self.n_qubits = n
        self.positions = sector_bits(hamiltonian)
        self.groups = groups
        gates = [basis_change_circuit(group, n).gates for group in groups]
        first = np.cumsum([0, *map(len, gates)], dtype=np.int64)
        rows = [
            (_CODES[gate.name], 1 << gate.qubits[0], 1 << gate.qubits[-1])
            for of_group in gates
            for gate in of_group
        ]
        codes, a, b = np.array(rows, dtype=np.int64).reshape(-1, 3).T.copy()
        self.changes = codes, a, b, first
        self.bits = np.arange(2**n, dtype=np.uint64)

    def distribution(self, psi: FloatArray, group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group that occur, and their values."""
        probabilities, bits = self.outcomes(psi, group)
        return probabilities, self.groups[group].diagonal.values(bits)

    def outcomes(self, psi: FloatArray, group: int) -> tuple[FloatArray, MaskArray]:
        """Probabilities of the outcomes of one group that occur, and their bits."""
        real = np.zeros(2**self.n_qubits)
        real[self.positions] = psi.real.reshape(-1)
        imaginary = np.zeros_like(real)
        imaginary[self.positions] = psi.imag.reshape(-1)
        codes, a, b, first = self.changes
        some = slice(first[group], first[group + 1])
        change_basis(real, imaginary, codes[some], a[some], b[some])
        probabilities = real * real + imaginary * imaginary
        outcomes = np.flatnonzero(probabilities > 1e-16)
        return probabilities[outcomes], self.bits[outcomes]


_H, _S, _SDG, _CX, _CZ = range(5)
_CODES = {"h": _H, "s": _S, "sdg": _SDG, "cx": _CX, "cz": _CZ}
_HALF = np.sqrt(0.5)


@njit(inline="always")
def _hadamard(plane, start, bit):  # type: ignore[no-untyped-def]
    """H on one qubit of a plane of the vector, over the block of 2 · bit outcomes from start."""
    for k in range(start, start + bit):
        low, high = plane[k], plane[k + bit]
        plane[k], plane[k + bit] = _HALF * (low + high), _HALF * (low - high)


@njit(cache=True, nogil=True)
def change_basis(real, imaginary, codes, a, b):  # type: ignore[no-untyped-def]
    """Apply Clifford gates to a vector in place; a and b are the bits of each gate's qubits."""
    size = len(real)
    for gate in range(len(codes)):
        code, one, two = codes[gate], a[gate], b[gate]
        if code == _H:
            for start in range(0, size, 2 * one):
                _hadamard(real, start, one)
                _hadamard(imaginary, start, one)
        elif code in (_S, _SDG):
            sign = 1.0 if code == _S else -1.0
            for start in range(one, size, 2 * one):
                for k in range(start, start + one):
                    real[k], imaginary[k] = -sign * imaginary[k], sign * real[k]
        elif code == _CX:
            for k in range(size):
                if k & one and not k & two:
                    m = k | two
                    real[k], real[m] = real[m], real[k]
                    imaginary[k], imaginary[m] = imaginary[m], imaginary[k]
        else:
            for k in range(size):
                if k & one and k & two:
                    real[k], imaginary[k] = -real[k], -imaginary[k]

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
    """Groups of Pauli strings leave the sector: the full vector, one change of basis a group."""

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
        self._changes = [basis_change_circuit(group, n).gates for group in groups]
        self._bits = np.arange(2**n, dtype=np.uint64)

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
        for gate in self._changes[group]:
            a, b = gate.qubits[0], gate.qubits[-1]
            apply_clifford(real, imaginary, _CODES[gate.name], 1 << a, 1 << b)
        probabilities = real * real + imaginary * imaginary
        outcomes = np.flatnonzero(probabilities > 1e-16)
        return probabilities[outcomes], self._bits[outcomes]


_CODES = {"h": 0, "s": 1, "sdg": 2, "cx": 3, "cz": 4}


@njit(cache=True)
def apply_clifford(real, imaginary, code, a, b):  # type: ignore[no-untyped-def]
    """Apply a gate to a vector in place; a and b are the bits of its qubits."""
    r = np.sqrt(0.5)
    for k in range(len(real)):
        if code == 0:
            if not k & a:
                m = k | a
                c, d, e, f = real[k], imaginary[k], real[m], imaginary[m]
                real[k], imaginary[k] = r * (c + e), r * (d + f)
                real[m], imaginary[m] = r * (c - e), r * (d - f)
        elif code == 1:
            if k & a:
                real[k], imaginary[k] = -imaginary[k], real[k]
        elif code == 2:
            if k & a:
                real[k], imaginary[k] = imaginary[k], -real[k]
        elif code == 3:
            if k & a and not k & b:
                m = k | b
                real[k], real[m] = real[m], real[k]
                imaginary[k], imaginary[m] = imaginary[m], imaginary[k]
        elif k & a and k & b:
            real[k], imaginary[k] = -real[k], -imaginary[k]

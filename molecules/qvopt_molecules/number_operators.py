r"""Electron number and S_z over the qubits of a mapping: sums of Z strings.

Under Jordan-Wigner n_q = (1 - Z_q) / 2, so that

    N = norb - ½ Σ_q Z_q,   S_z = ¼ (Σ_{q in beta} Z_q - Σ_{q in alpha} Z_q);

linear mappings take Z strings to Z strings. So every circuit that is read in the computational
basis shows both.
"""

from __future__ import annotations

import numpy as np

from .hamiltonian import MolecularHamiltonian
from .mappings import encoded
from .pauli import PauliSum


def number_operators(hamiltonian: MolecularHamiltonian, mapping: str) -> dict[str, PauliSum]:
    """Return "electrons", N, and "s_z", S_z in units of ħ, over the qubits of `mapping`."""
    norb = hamiltonian.norb
    z = np.array([0, *(1 << q for q in range(2 * norb))], dtype=np.uint64)
    x = np.zeros_like(z)
    coefficients = {
        "electrons": np.array([float(norb), *[-0.5] * (2 * norb)]),
        "s_z": np.array([0.0, *[-0.25] * norb, *[0.25] * norb]),
    }
    operators = {name: PauliSum(2 * norb, x, z, c) for name, c in coefficients.items()}
    if mapping == "jordan-wigner":
        return operators
    return {name: encoded(o, hamiltonian, mapping) for name, o in operators.items()}

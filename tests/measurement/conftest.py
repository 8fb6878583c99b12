"""What the tests of measurement plans share."""

import numpy as np
import pytest

from qvopt.measurement.basis_change import basis_change_circuit
from qvopt_circuits.matrices import circuit_unitary


@pytest.fixture
def operator_of():
    """The dense operator that a plan measures: constant + Σ_g U_g† D_g U_g."""

    def operator(plan):
        n = plan.n_qubits
        outcomes = np.arange(2**n, dtype=np.uint64)
        total = plan.constant * np.eye(2**n, dtype=complex)
        for group in plan.groups:
            u = circuit_unitary(basis_change_circuit(group, n), np.zeros(0))
            total += u.conj().T @ np.diag(group.diagonal.values(outcomes)) @ u
        return total

    return operator

import numpy as np
import pytest

from qvopt_circuits.description import summary
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_circuits.uccsd import UCCSD


@pytest.mark.parametrize("seed", range(4))
def test_counts_as_qiskit_does(seed, random_circuit):
    circuit = random_circuit(np.random.default_rng(seed), 5, 25)
    sizes = summary(circuit)
    lowered = to_qiskit(circuit)
    assert sizes["depth"] == lowered.depth()
    counts = lowered.count_ops()
    swaps = 3 * counts.get("swap", 0)
    assert sizes["cnots"] == counts.get("cx", 0) + counts.get("cz", 0) + swaps
    assert sum(sizes["n_gates"].values()) == 25


def test_of_a_cluster_circuit(molecule):
    sizes = summary(UCCSD().circuit(molecule("h2")))
    assert sizes["n_qubits"] == 4
    assert sizes["n_parameters"] == 3
    assert sizes["n_gates"] == {"x": 2, "double-excitation": 1, "single-excitation": 2}
    assert sizes["cnots"] == 13 + 2 * 2

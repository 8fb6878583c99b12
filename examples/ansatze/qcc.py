"""Qubit coupled cluster: the Pauli strings of the largest gradients, and few of them."""

from common import show

from qvopt import build_hamiltonian, find_molecule
from qvopt_circuits import QCC

for qubits, letters in QCC().strings(build_hamiltonian(find_molecule("h2"))):
    print(letters, "on", qubits)
show("h2", "qcc", backend="lightning")

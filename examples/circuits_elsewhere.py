"""The same ansatz as a Qiskit circuit, as PennyLane operations and as OpenQASM 3."""

from qvopt import build_hamiltonian, find_molecule, get_ansatz
from qvopt_circuits import summary, to_openqasm3, to_pennylane, to_qiskit

hamiltonian = build_hamiltonian(find_molecule("h2"))
circuit = get_ansatz("uccsd").circuit(hamiltonian)

print(summary(circuit))
print(to_qiskit(circuit))
print(to_pennylane(circuit, [0.0, 0.0, -0.11])[:4])
print("\n".join([*to_openqasm3(circuit).splitlines()[:12], "…"]))

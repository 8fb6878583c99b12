"""Any Qiskit circuit, any PennyLane function, and a circuit written by hand."""

import numpy as np
import pennylane as qml
from qiskit.circuit.library import efficient_su2

from qvopt import from_pennylane, from_qiskit, run

# A Qiskit circuit, bare (it starts at zeros) or with a start point.
circuit = efficient_su2(4, reps=1)
start = np.random.default_rng(0).normal(size=circuit.num_parameters) * 0.5
ansatz = from_qiskit(circuit, start)
print(run("h2", ansatz=ansatz, backend="lightning", max_steps=60).energy)


# A PennyLane function: excitations stay whole, so this one runs on the sector backend.
def function(x):
    qml.BasisState(np.array([1, 0, 1, 0]), wires=range(4))  # alpha orbitals, then beta
    qml.DoubleExcitation(x[0], wires=[1, 3, 0, 2])
    qml.SingleExcitation(x[1], wires=[1, 0])


print(run("h2", ansatz=from_pennylane(function, [0.0, 0.0])).energy)

# Both become lines of gates, which an experiment file can hold.
print(from_pennylane(function, [0.0, 0.0]).gates)
lines = ["x 0", "x 2", "double-excitation 0 2 1 3 2.0*x0"]
print(run("h2", ansatz={"name": "circuit", "gates": lines}).energy)

"""Any Qiskit circuit, any PennyLane function, and a circuit written by hand."""

import numpy as np
import pennylane as qml
from qiskit.circuit.library import efficient_su2

from qvopt import from_pennylane, from_qiskit, run


def show(what, result):
    print(f"{what:18} {result.energy:.8f} Ha, {1e3 * result.error:.4f} mHa above full CI")


# A Qiskit circuit with a start point. Bare it starts at zeros: here the vacuum, and no way out.
circuit = efficient_su2(4)
start = np.random.default_rng(1).normal(size=circuit.num_parameters)
ansatz = from_qiskit(circuit, start)
show("Qiskit circuit", run("h2", ansatz=ansatz, backend="lightning"))


# A PennyLane function: excitations stay whole, so this one runs on the sector backend.
def function(x):
    qml.BasisState(np.array([1, 0, 1, 0]), wires=range(4))  # alpha orbitals, then beta
    qml.DoubleExcitation(x[0], wires=[1, 3, 0, 2])
    qml.SingleExcitation(x[1], wires=[1, 0])


show("PennyLane function", run("h2", ansatz=from_pennylane(function, [0.0, 0.0])))

# Both become lines of gates, which an experiment file can hold.
print("as lines of gates: ", *from_pennylane(function, [0.0, 0.0]).gates, sep="\n  ")
lines = ["x 0", "x 2", "double-excitation 0 2 1 3 2.0*x0"]
show("lines of gates", run("h2", ansatz={"name": "circuit", "gates": lines}))

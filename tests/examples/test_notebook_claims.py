"""What the notebooks claim, on problems small enough for the default suite.

The notebooks themselves run cell by cell with the slow tests (`test_notebooks.py`).
"""

import networkx as nx
import numpy as np
import pennylane as qml
import pytest
from openfermion import QubitOperator
from pyscf import gto, mcscf, scf
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qvopt import forecast, from_pennylane, run
from qvopt_circuits.qaoa import next_layer


def test_a_text_a_file_and_a_mole_are_one_molecule(tmp_path):
    """Notebook 2, on hydrogen in two of four orbitals; CASSCF brings its own orbitals."""
    choice = {"basis": "6-31g", "active_space": (2, 2)}
    text = run("H 0 0 0; H 0 0 0.8", **choice)
    xyz = tmp_path / "h2.xyz"
    xyz.write_text("2\nhydrogen\nH 0.0 0.0 0.0\nH 0.0 0.0 0.8\n")
    mole = gto.M(atom="H 0 0 0; H 0 0 0.8", basis="6-31g", verbose=0)
    for other in (run(xyz, **choice), run(mole, active_space=(2, 2))):
        assert other.energy == pytest.approx(text.energy, abs=1e-8)
    casscf = mcscf.CASSCF(scf.RHF(mole).run(), 2, 2).run()
    optimized = run(casscf)
    assert optimized.fci == pytest.approx(casscf.e_tot, abs=1e-6)
    assert optimized.energy < text.energy


def test_one_excitation_in_two_libraries_is_full_ci():
    """Notebook 3: a circuit with one parameter, of PennyLane and of Qiskit."""

    def one_excitation(x):
        qml.BasisState(np.array([1, 0, 1, 0]), wires=range(4))
        qml.DoubleExcitation(x[0], wires=[0, 2, 1, 3])

    assert abs(run("h2", ansatz=from_pennylane(one_excitation, [0.0])).error) < 1e-8
    theta = Parameter("θ")
    circuit = QuantumCircuit(4)
    circuit.ry(theta, 1)
    circuit.x(0)
    circuit.cx(1, 0)
    circuit.cx(0, 2)
    circuit.cx(1, 3)
    assert abs(run("h2", ansatz=circuit, backend="statevector").error) < 1e-8


def test_one_chain_of_four_libraries():
    """Notebook 4, with three spins, whose ground energy is -4."""
    terms = [(pauli, i) for i in range(2) for pauli in "XYZ"]
    in_qiskit = SparsePauliOp.from_sparse_list(
        [(2 * p, [i, i + 1], 1.0) for p, i in terms], num_qubits=3
    )
    letters = {"X": qml.X, "Y": qml.Y, "Z": qml.Z}
    others = (
        qml.sum(*(letters[p](i) @ letters[p](i + 1) for p, i in terms)),
        sum((QubitOperator(f"{p}{i} {p}{i + 1}") for p, i in terms), QubitOperator()),
        {"I" * i + 2 * p + "I" * (1 - i): 1.0 for p, i in terms},
    )
    chain = run(in_qiskit)
    assert chain.names["ansatz"] == "hva"
    assert chain.fci == pytest.approx(-4.0)
    for operator in others:
        assert run(operator).energy == pytest.approx(chain.energy, abs=1e-9)


def test_another_layer_starts_from_the_last_and_cuts_more():
    """Notebook 4: the approximation ratio grows, and published angles need no optimization."""
    graph = nx.random_regular_graph(3, 6, seed=4)
    one = run(graph, ansatz={"name": "qaoa", "layers": 1}, seed=1)
    two = run(graph, ansatz={"name": "qaoa", "layers": 2}, start=next_layer(one.x))
    assert one.bits.ratio < two.bits.ratio <= 1 + 1e-9
    fixed = {"name": "qaoa", "layers": 2, "initial": "fixed-angles"}
    published = run(graph, ansatz=fixed, max_steps=0)
    assert two.bits.ratio - 0.05 < published.bits.ratio <= two.bits.ratio + 1e-9


def test_a_budget_pays_for_fewer_steps_than_asked_for():
    """Notebook 5: a forecast of a device that is not yours, with the price of a plan."""
    plan = {"name": "ibm:ibm_fez", "price_per_second": 1.60}
    told = forecast(
        "h2", backend=plan, budget="20 QPU-s", optimizer="adam", shots=1000, max_steps=4,
        measurement={"postselect": True}, seed=1,
    )  # fmt: skip
    assert told.steps_in_budget() < 4
    assert told.frame()["money_USD"].iloc[-1] > 0

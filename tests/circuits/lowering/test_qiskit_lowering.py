import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import Operator, SparsePauliOp

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, Angle, Gate
from qvopt_circuits.lowering.elementary import decompose
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_circuits.matrices import circuit_unitary
from qvopt_circuits.uccsd import UCCSD


def cnots(circuit: QuantumCircuit, level: int) -> int:
    out = transpile(circuit, basis_gates=["cx", "u"], optimization_level=level, seed_transpiler=1)
    return out.count_ops().get("cx", 0)


def excitation(qubits: tuple[int, ...], angle: Angle) -> Gate:
    return Gate("single-excitation" if len(qubits) == 2 else "double-excitation", qubits, angle)


@pytest.fixture
def evolution(excitation_generator):
    """Qiskit's own synthesis of an excitation; the generator is built on the fewest qubits."""

    def build(qubits: tuple[int, ...], n_qubits: int, angle: float) -> QuantumCircuit:
        # Qubits outside the string do not matter: shrink to those the generator touches.
        ranks = sorted(
            q
            for q in range(n_qubits)
            if q in qubits or (min(qubits) < q < max(qubits) and sum(p > q for p in qubits) % 2)
        )
        small = tuple(ranks.index(q) for q in qubits)
        k = len(ranks)
        if k > 8:
            pytest.skip("dense generator too large")
        strings = SparsePauliOp.from_operator(1j * excitation_generator(small, k))
        circuit = QuantumCircuit(n_qubits)
        circuit.append(PauliEvolutionGate(strings, angle / 2), ranks)
        return circuit

    return build


@pytest.mark.parametrize("seed", range(8))
def test_unitary_of_parametrised_circuits(seed, random_circuit):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(
        rng, 5, 20, tuple(EXCITATIONS) * 3 + ("cx", "s", "rx", "pauli-rotation")
    )
    x = rng.normal(size=3)
    lowered = to_qiskit(circuit)
    values = {p: x[p.index] for p in lowered.parameters}
    bound = lowered.assign_parameters(values)
    np.testing.assert_allclose(Operator(bound).data, circuit_unitary(circuit, x), atol=1e-12)
    again = to_qiskit(circuit.bind(x))
    np.testing.assert_allclose(Operator(again).data, circuit_unitary(circuit, x), atol=1e-12)


def test_parameters_are_one_vector_in_order():
    gates = tuple(Gate("ry", (k % 2,), Angle(k, 2.0, 0.5)) for k in (2, 0, 11, 1))
    lowered = to_qiskit(Circuit(2, gates, 12))
    assert [str(p) for p in lowered.parameters] == ["x[0]", "x[1]", "x[2]", "x[11]"]
    assert lowered.data[0].operation.params[0] == 2.0 * lowered.parameters[2] + 0.5


@pytest.mark.parametrize(
    ("qubits", "count"),
    [
        ((0, 1), 2),
        ((0, 3), 6),
        ((4, 1), 6),
        ((0, 1, 2, 3), 13),
        ((0, 2, 1, 3), 13),
        ((0, 3, 2, 5), 17),
        ((0, 4, 3, 7), 21),
        ((5, 0, 2, 3), 17),
    ],
)
def test_cnots_of_one_excitation_at_most_qiskits(qubits, count, evolution):
    circuit = Circuit(8, (excitation(qubits, Angle(0)),), 1)
    assert sum(len(g.qubits) == 2 for g in decompose(circuit).gates) == count
    ours = to_qiskit(circuit.bind(np.array([0.37])))
    theirs = evolution(qubits, 8, 0.37)
    for level in (2, 3):
        assert cnots(ours, level) <= count
        assert cnots(ours, level) <= cnots(theirs, level)


def test_cnots_of_a_whole_cluster_circuit_at_most_qiskits(molecule, evolution):
    hamiltonian = molecule("h4")
    circuit = UCCSD().circuit(hamiltonian)
    bound = circuit.bind(np.linspace(0.1, 0.2, circuit.n_parameters))
    theirs = QuantumCircuit(circuit.n_qubits)
    for gate in bound.gates:
        if gate.name == "x":
            theirs.x(gate.qubits[0])
        else:
            part = evolution(gate.qubits, circuit.n_qubits, gate.angle.offset)
            theirs.compose(part, inplace=True)
    small = cnots(to_qiskit(bound), 2)
    assert small < cnots(theirs, 2)
    # Parameters cost nothing: the symbolic circuit has as many.
    assert cnots(to_qiskit(circuit), 2) == small

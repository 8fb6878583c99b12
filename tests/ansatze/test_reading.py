"""Circuits of Qiskit and PennyLane as ansätze, and circuits written gate by gate."""

import itertools

import numpy as np
import pennylane as qml
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import (
    PauliEvolutionGate,
    XXPlusYYGate,
    efficient_su2,
    n_local,
    real_amplitudes,
)
from qiskit.quantum_info import SparsePauliOp, Statevector

from qvopt import Session, from_pennylane, from_qiskit, make_experiment, run
from qvopt_circuits import TUPS, UCCSD, Circuit, GivenCircuit, get_ansatz
from qvopt_circuits.catalogue import ansatz_data
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian


@pytest.fixture(scope="module")
def h2():
    return build_hamiltonian(find_molecule("h2"))


def overlap(a, b):
    return abs(np.vdot(a, b))


def evolved():
    operator = SparsePauliOp.from_list([("XXII", 0.4), ("ZZIZ", -0.7)])
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.append(PauliEvolutionGate(operator, Parameter("t")), range(4))
    return circuit


def everything():
    x = ParameterVector("x", 4)
    a = Parameter("a")
    circuit = QuantumCircuit(4)
    circuit.x(0)
    circuit.h(1)
    circuit.sx(2)
    circuit.sxdg(3)
    circuit.barrier()
    circuit.rx(2 * x[0] - 0.3, 0)
    circuit.ry(x[0] / 2 + x[1] - a, 1)
    circuit.p(x[2], 2)
    circuit.u(x[1], 0.3, x[3], 3)
    circuit.crx(x[3], 0, 2)
    circuit.cp(x[0], 1, 3)
    circuit.rzz(x[2], 3, 0)
    circuit.rzx(x[1], 0, 2)
    circuit.rxx(0.7, 1, 2)
    circuit.append(XXPlusYYGate(x[3], 0.4), [1, 3])
    circuit.ccx(0, 1, 2)
    circuit.tdg(1)
    circuit.swap(0, 3)
    circuit.measure_all()
    return circuit


CIRCUITS = {
    "everything": everything,
    "evolution": evolved,
    "efficient-su2": lambda: efficient_su2(4, reps=2),
    "real-amplitudes": lambda: real_amplitudes(4, entanglement="full", reps=1),
    "n-local": lambda: n_local(4, ["rx", "rz"], "cz", "circular", reps=1),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_any_qiskit_circuit(name, h2):
    theirs = CIRCUITS[name]()
    ansatz = from_qiskit(theirs)
    circuit = ansatz.circuit(h2)
    assert circuit.n_parameters == len(theirs.parameters)
    x = np.random.default_rng(1).normal(size=circuit.n_parameters)
    bound = theirs.remove_final_measurements(inplace=False).assign_parameters(
        dict(zip(theirs.parameters, x, strict=True))
    )
    theirs = Statevector(bound.decompose(reps=6)).data
    assert overlap(theirs, circuit_state(circuit, x)) == pytest.approx(1, abs=1e-12)


def layered(x):
    qml.BasisState(np.array([1, 0, 1, 0]), wires=range(4))
    for k, (i, a) in enumerate(((0, 1), (2, 3))):
        qml.SingleExcitation(2 * x[0, k], wires=[a, i])
    qml.DoubleExcitation(x[1, 0] - 0.2, wires=[1, 3, 0, 2])
    qml.FermionicSingleExcitation(x[1, 1], wires=[0, 1])


def rotated(x):
    qml.Hadamard(0)
    qml.RX(x[0] + 2 * x[1], wires=1)
    qml.Rot(x[0], x[1], 0.1, wires=2)
    qml.CRY(x[1], wires=[0, 3])
    qml.PauliRot(x[0], "XIYZ", wires=range(4))
    qml.MultiRZ(x[1], wires=[3, 1])
    qml.IsingXY(x[0], wires=[1, 2])
    qml.adjoint(qml.S)(2)
    qml.PhaseShift(x[0], wires=0)
    qml.CSWAP(wires=[0, 1, 2])


def entangled(x):
    qml.StronglyEntanglingLayers(x, wires=range(4))


def rotations_of_orbitals(x):
    qml.BasisState(np.array([1, 1, 0, 0]), wires=range(4))
    qml.OrbitalRotation(x[0], wires=range(4))
    qml.ISWAP(wires=[1, 2])


FUNCTIONS = {
    "excitations": (layered, (2, 2)),
    "rotations": (rotated, (2,)),
    "template": (entangled, (2, 4, 3)),
    "orbital": (rotations_of_orbitals, (1,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_pennylane_function(name, h2):
    function, shape = FUNCTIONS[name]
    start = np.random.default_rng(2).normal(size=shape)
    ansatz = from_pennylane(function, start)
    np.testing.assert_allclose(ansatz.start(h2, None), start.ravel())
    circuit = ansatz.circuit(h2)

    @qml.qnode(qml.device("default.qubit", wires=4))
    def state(x):
        function(x)
        return qml.state()

    x = np.random.default_rng(3).normal(size=shape)
    theirs = np.asarray(state(x)).reshape([2] * 4).transpose().ravel()
    assert overlap(theirs, circuit_state(circuit, x.ravel())) == pytest.approx(1, abs=1e-10)
    again = from_pennylane(state, start)  # a QNode as well
    assert again == ansatz


def test_pennylanes_uccsd_is_ours():
    """qml.UCCSD has interleaved spins: renumbered, it reaches what ours reaches in the sector."""
    electrons, qubits = 2, 4
    singles, doubles = qml.qchem.excitations(electrons, qubits)
    s_wires, d_wires = qml.qchem.excitations_to_wires(singles, doubles)
    init = qml.qchem.hf_state(electrons, qubits)

    def function(x):
        qml.UCCSD(x, range(qubits), s_wires=s_wires, d_wires=d_wires, init_state=init)

    start = np.zeros(len(singles) + len(doubles))
    ansatz = from_pennylane(function, start, spin_order="interleaved")
    assert {line.split()[0] for line in ansatz.gates} == {
        "x", "single-excitation", "double-excitation"
    }  # fmt: skip
    theirs = run("h2", ansatz=ansatz, backend="sector")
    assert theirs.energy == pytest.approx(run("h2").energy, abs=1e-9)
    with pytest.raises(InputError, match="has no meaning when interleaved"):
        from_pennylane(rotated, np.zeros(2), spin_order="interleaved")


def test_a_qiskit_circuit_runs_and_resumes(tmp_path):
    circuit = efficient_su2(4, reps=2)
    start = np.random.default_rng(0).normal(size=circuit.num_parameters) * 0.3
    ansatz = from_qiskit(circuit, start)
    data = {"molecule": "h2", "ansatz": ansatz, "backend": "lightning", "max_steps": 12}
    experiment = make_experiment(data)
    with Session.begin(experiment, out=tmp_path / "run") as session:
        for step in itertools.islice(session, 5):
            assert step.exact is not None
    with Session.resume(tmp_path / "run") as session:
        list(session)
        resumed = session.result()
    whole = run(**data)
    assert np.array_equal(resumed.x, whole.x)
    assert whole.exact < whole.hf + 0.5
    bare = run("h2", ansatz=circuit, backend="lightning", max_steps=1)
    assert len(bare.x) == circuit.num_parameters


def test_circuits_over_mapped_qubits():
    circuit = QuantumCircuit(2)
    theta = Parameter("theta")
    circuit.x(0)
    circuit.ry(theta, 0)
    circuit.cx(0, 1)
    circuit.x(1)
    for backend in ("lightning", "aer"):
        result = run("h2", ansatz=circuit, mapping="parity-reduced", backend=backend)
        assert len(result.x) == 1
        assert result.energy <= result.hf + 1.0
    with pytest.raises(InputError, match="the circuit has 2 qubits, the observable 4"):
        run("h2", ansatz=circuit, backend="lightning")


def test_lines_read_back_to_the_last_bit(random_gates, h2):
    rng = np.random.default_rng(0)
    for _ in range(30):
        circuit = random_gates(rng)
        ansatz = GivenCircuit.of(circuit)
        again = ansatz.circuit(h2)
        assert again.gates == circuit.gates
        assert get_ansatz("circuit", gates=list(ansatz.gates)).gates == ansatz.gates


@pytest.fixture
def random_gates():
    from qvopt_circuits.gates import EXCITATIONS, FIXED, ROTATIONS, Angle, Gate

    def draw(rng):
        widths = {**FIXED, **ROTATIONS, **EXCITATIONS}
        gates = []
        for name in rng.choice(list(widths), 12):
            width = widths[str(name)] or int(rng.integers(1, 5))
            qubits = tuple(int(q) for q in rng.permutation(4)[:width])
            angle = None
            if name not in FIXED:
                index = None if rng.random() < 0.3 else int(rng.integers(3))
                c, b = float(rng.choice([1.0, -1.0, rng.normal()])), float(rng.normal() * 1e-7)
                angle = Angle(None, 1.0, b) if index is None else Angle(index, c, b)
            letters = "".join(rng.choice(list("XYZ"), width)) if name == "pauli-rotation" else ""
            gates.append(Gate(str(name), qubits, angle, letters))
        return Circuit(4, tuple(gates), 3)

    return draw


def test_ansatz_objects_as_data(h2):
    assert ansatz_data(UCCSD(initial="mp2")) == {"name": "uccsd", "initial": "mp2"}
    assert run("h2", ansatz=TUPS(layers=1)).fci is not None
    with pytest.raises(InputError, match=r"a qvopt or Qiskit circuit, .*; got object"):
        run("h2", ansatz=object())


def not_affine(x):
    qml.RX(x[0] ** 2, wires=0)


def changing(x):
    for _ in range(1 + int(x[0] > 1.2)):
        qml.RX(x[0], wires=0)


def measured():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    circuit.x(0)
    return circuit


def squared():
    circuit, a = QuantumCircuit(1), Parameter("a")
    circuit.rx(a * a, 0)
    return circuit


def reset():
    circuit = QuantumCircuit(1)
    circuit.reset(0)
    return circuit


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: from_qiskit(measured()), "measure uses classical bits"),
        (lambda: from_qiskit(squared()), "not affine in its parameters"),
        (lambda: from_qiskit(reset()), "reset on .* no unitary gate"),
        (lambda: from_qiskit(real_amplitudes(2, reps=0), [0.1]), "start_point must have 2 numbers"),
        (lambda: from_pennylane(not_affine, [0.1]), "not affine in its parameters"),
        (lambda: from_pennylane(changing, [0.1]), "other gates at other parameters"),
        (lambda: from_pennylane(lambda x: qml.RX(x[0], wires="a"), [0.1], wires=["b"]), "wire 'a'"),
        (lambda: GivenCircuit(("ry 0 2.0*y0",)), "angle '2.0\\*y0' is not a number, x0 or"),
        (lambda: GivenCircuit(("rye 0 x0",)), "unknown gate 'rye'"),
        (lambda: GivenCircuit(("cx 0 0",)), "needs distinct qubits"),
        (lambda: GivenCircuit(("ry 0 1",)), "acts on 1 qubits"),
        (lambda: GivenCircuit(("ry x0 0",)), "is not a name, qubits and an angle"),
        (lambda: get_ansatz("circuit", gates="x 0"), "must be a list"),
        (lambda: get_ansatz("circuit", gates=[1]), "must be a list of texts"),
        (lambda: run("h2", ansatz="circuit"), "ansatz circuit needs its gates"),
    ],
)
def test_what_cannot_be_read_is_named(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_start_where_the_gradient_vanishes_is_told() -> None:
    """A bare hardware-efficient circuit starts at zeros: the vacuum, and no step leads off it."""
    from qiskit.circuit.library import efficient_su2

    circuit = efficient_su2(4)
    stuck = run("h2", ansatz=circuit, backend="lightning")
    assert stuck.n_steps == 0
    assert stuck.message == "no step was taken: the gradient vanishes at the start"
    start = np.random.default_rng(1).normal(size=circuit.num_parameters)
    free = run("h2", ansatz=from_qiskit(circuit, start), backend="lightning")
    assert free.message == ""
    assert free.error == pytest.approx(0.0, abs=1e-6)

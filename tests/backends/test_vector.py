"""The full-vector engine against dense matrices, Qiskit and PennyLane."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvopt.backends.batch import Point
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.vector.observable import Observable
from qvopt.backends.vector.program import VectorBackend
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, FIXED, PHASES, Angle, Gate
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_circuits.matrices import circuit_state, gate_unitary
from qvopt_molecules.pauli import PauliSum

WIDTHS = {**FIXED, **EXCITATIONS, **PHASES, "rx": 1, "ry": 1, "rz": 1}
WORDS = ["X", "Y", "Z", "XY", "YY", "ZZ", "YX", "ZX", "YYY", "XZY", "YXXX", "YYYX", "ZZYZ"]


def pauli_sum(n, rng, size=14):
    strings = np.unique(rng.integers(0, 1 << n, size=(size, 2)), axis=0).astype(np.uint64)
    return PauliSum(n, strings[:, 0].copy(), strings[:, 1].copy(), rng.normal(size=len(strings)))


def program(circuit, observable=None):
    z = PauliSum(circuit.n_qubits, np.zeros(1, np.uint64), np.ones(1, np.uint64), np.ones(1))
    return VectorBackend().compile(Problem(circuit, z if observable is None else observable))


def rotated_start(n, rng):
    """Gates that leave no amplitude zero."""
    angles = rng.normal(size=(2, n))
    return [
        Gate(name, (q,), Angle(offset=float(a)))
        for name, row in zip(("ry", "rz"), angles, strict=True)
        for q, a in enumerate(row)
    ]


def placed(name, n=5):
    """A gate on rows, lanes and both: qubits below 3 are lanes."""
    width = WIDTHS.get(name, len(name))
    places = list(permutations(range(n), width))
    for qubits in places[:: max(1, len(places) // 12)]:
        if name in FIXED:
            yield Gate(name, qubits), 0.0
        elif name in WIDTHS:
            yield Gate(name, qubits, Angle(0, 1.0)), 0.7
        else:
            yield Gate("pauli-rotation", qubits, Angle(0, 1.0), name), 0.7


@pytest.mark.parametrize("name", [*WIDTHS, *WORDS])
def test_every_gate_is_its_matrix(name):
    n, rng = 5, np.random.default_rng(1)
    start = rotated_start(n, rng)
    before = circuit_state(Circuit(n, tuple(start), 0))
    for gate, angle in placed(name, n):
        circuit = Circuit(n, (*start, gate), 0 if gate.angle is None else 1)
        x = np.full(circuit.n_parameters, angle)
        (state,) = program(circuit).states([Point(x)])
        assert np.abs(state - gate_unitary(gate, n, angle) @ before).max() < 1e-14
        if gate.angle is None:
            continue
        # The derivative state, from small turns of the dense matrix.
        (tangent,) = program(circuit)._derivatives(x)
        step = 1e-5
        turned = [gate_unitary(gate, n, angle + s) @ before for s in (step, -step)]
        assert np.abs(tangent - (turned[0] - turned[1]) / (2 * step)).max() < 1e-9


@st.composite
def circuits(draw):
    n = draw(st.integers(1, 7))
    names = [name for name, width in WIDTHS.items() if width <= n]
    gates = []
    for _ in range(draw(st.integers(1, 20))):
        name = draw(st.sampled_from([*names, "pauli-rotation"]))
        word = "".join(draw(st.lists(st.sampled_from("XYZ"), min_size=1, max_size=n)))
        width = WIDTHS.get(name, len(word))
        qubits = tuple(draw(st.permutations(range(n)))[:width])
        angle = Angle(draw(st.sampled_from([0, 1, None])), draw(st.floats(-2, 2)), 0.3)
        letters = word if name == "pauli-rotation" else ""
        gates.append(Gate(name, qubits, None if name in FIXED else angle, letters))
    return Circuit(n, tuple(gates), 2)


@settings(max_examples=30, deadline=None)
@given(circuits(), st.integers(0, 2**32))
def test_random_circuits_agree_with_dense_states(circuit, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=2)
    h = pauli_sum(circuit.n_qubits, rng)
    matrix = h.to_sparse().toarray()
    engine = program(circuit, h)
    psi = circuit_state(circuit, x)
    assert np.abs(engine.states([Point(x)])[0] - psi).max() < 1e-13
    energy, gradient = engine.gradient(x)
    assert energy == pytest.approx(np.vdot(psi, matrix @ psi).real, abs=1e-12)
    assert engine.energies([Point(x)])[0] == pytest.approx(energy, abs=1e-12)
    step = 1e-5
    for k in range(2):
        turned = [circuit_state(circuit, x + s * np.eye(2)[k]) for s in (step, -step)]
        up, down = (np.vdot(s, matrix @ s).real for s in turned)
        assert gradient[k] == pytest.approx((up - down) / (2 * step), abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(circuits(), st.integers(0, 2**32))
def test_random_circuits_agree_with_qiskit_and_pennylane(circuit, seed):
    from qiskit.quantum_info import Statevector

    x = np.random.default_rng(seed).normal(size=2)
    (state,) = program(circuit).states([Point(x)])
    bound = to_qiskit(circuit.bind(x))
    assert np.abs(state - Statevector(bound).data).max() < 1e-12
    problem = Problem(circuit, pauli_sum(circuit.n_qubits, np.random.default_rng(seed)))
    for device in ("default.qubit", "lightning.qubit"):
        (peer,) = LightningBackend(device).compile(problem).states([Point(x)])
        assert np.abs(state - peer).max() < 1e-12


@pytest.mark.parametrize("n", [1, 3, 4, 6])
def test_an_observable_is_its_matrix_with_and_without_a_table(n):
    rng = np.random.default_rng(n)
    h = pauli_sum(n, rng, 40)
    width = max(n, 3)
    psi = np.zeros((2, 1 << width))
    psi[:, : 1 << n] = rng.normal(size=(2, 1 << n))
    expected = h.to_sparse() @ (psi[0] + 1j * psi[1])[: 1 << n]
    for max_bytes in (1 << 30, 0):
        observable = Observable(h, width, max_bytes)
        assert (observable.n_bytes > 0) == (max_bytes > 0)
        planes = psi.reshape(2, -1, 8)
        image = np.empty_like(planes)
        observable.apply(planes[0], planes[1], image[0], image[1])
        found = (image[0] + 1j * image[1]).reshape(-1)
        assert np.abs(found[: 1 << n] - expected).max() < 1e-12
        assert not found[1 << n :].any()


@pytest.mark.parametrize("mapping", ["jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev"])
@pytest.mark.parametrize("ansatz", ["uccsd", "hardware-efficient"])
def test_all_mappings(mapping, ansatz):
    from qvopt.engine.assembly import assemble
    from qvopt.experiment.specification import make_experiment

    data = {"molecule": "h2", "mapping": mapping, "ansatz": ansatz, "backend": "statevector"}
    assembly = assemble(make_experiment(data))
    problem = assembly.program.problem
    x = np.random.default_rng(2).normal(size=problem.circuit.n_parameters)
    psi = circuit_state(problem.circuit, x)
    energy, gradient = assembly.program.gradient(x)
    matrix = problem.observable.to_sparse()
    assert energy == pytest.approx(np.vdot(psi, matrix @ psi).real, abs=1e-12)
    peer = LightningBackend().compile(problem)
    assert np.abs(peer.gradient(x)[1] - gradient).max() < 1e-10
    assert np.abs(peer.metric(x) - assembly.program.metric(x)).max() < 1e-10


def test_tapered_qubits():
    from qvopt.engine.assembly import assemble
    from qvopt.experiment.specification import make_experiment

    data = {
        "molecule": "h4-chain",
        "mapping": "jordan-wigner-tapered",
        "ansatz": "hardware-efficient",
    }
    program_ = assemble(make_experiment({**data, "backend": "statevector"})).program
    problem = program_.problem
    x = np.random.default_rng(2).normal(size=problem.circuit.n_parameters)
    psi = circuit_state(problem.circuit, x)
    expected = np.vdot(psi, problem.observable.to_sparse() @ psi).real
    assert program_.energies([Point(x)])[0] == pytest.approx(expected, abs=1e-12)


def test_derivatives_in_pieces(monkeypatch):
    from qvopt.backends.vector import program as module

    rng = np.random.default_rng(0)
    gates = (
        *rotated_start(4, rng),
        Gate("double-excitation", (0, 1, 2, 3), Angle(0)),
        Gate("rz", (3,), Angle(1)),
        Gate("rx", (1,), Angle(0, 0.3)),
    )
    circuit = Circuit(4, gates, 2)
    x = rng.normal(size=2)
    whole = program(circuit).metric(x)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 1)
    assert np.array_equal(program(circuit).metric(x), whole)

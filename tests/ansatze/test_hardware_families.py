"""Hardware-efficient families, qubit coupled cluster and the Hamiltonian variational ansatz."""

import numpy as np
import pytest
from qiskit.circuit.library import efficient_su2, real_amplitudes
from qiskit.quantum_info import Statevector
from scipy.linalg import expm

from qvopt import Session, run
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt_circuits import (
    QCC,
    EfficientSU2,
    HamiltonianVariational,
    HardwareEfficient,
    NumberPreserving,
    RealAmplitudes,
    from_qiskit,
    get_ansatz,
    to_qiskit,
)
from qvopt_circuits.conserved import is_number_conserving
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

NAMES = ("real-amplitudes", "efficient-su2", "number-preserving", "qcc", "hva")


@pytest.fixture(scope="module")
def h2():
    return build_hamiltonian(find_molecule("h2"))


@pytest.fixture(scope="module")
def h4():
    return build_hamiltonian(find_molecule("h4-chain"))


@pytest.mark.parametrize("name", NAMES)
def test_lowering_and_gradients(name, h2):
    ansatz = get_ansatz(name)
    circuit = ansatz.circuit(h2)
    x = ansatz.start(h2, np.random.default_rng(0)) + 0.2
    theirs = Statevector(to_qiskit(circuit).assign_parameters(x)).data
    np.testing.assert_allclose(theirs, circuit_state(circuit, x), atol=1e-12)
    observable = qubit_hamiltonian(h2)
    energy, gradient = LightningBackend().compile(Problem(circuit, observable, h2)).gradient(x)
    matrix = observable.to_sparse()
    step = 1e-5
    for k in range(0, circuit.n_parameters, 3):
        e = step * np.eye(circuit.n_parameters)[k]
        states = [circuit_state(circuit, y) for y in (x + e, x - e, x)]
        ends = [np.vdot(s, matrix @ s).real for s in states]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-8)
        assert energy == pytest.approx(ends[2], abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_they_start_at_the_reference_and_go_down(name):
    options = {"name": name}
    if name in ("real-amplitudes", "efficient-su2", "number-preserving"):
        options["spread"] = 0.1
    result = run("h2", ansatz=options, backend="lightning", max_steps=150, seed=1)
    assert result.error < {"hva": 1e-2, "number-preserving": 5e-3}.get(name, 2.1e-2)
    if name == "qcc":
        assert result.error < 1e-6


@pytest.mark.parametrize(
    ("ours", "theirs"), [(RealAmplitudes, real_amplitudes), (EfficientSU2, efficient_su2)]
)
@pytest.mark.parametrize("entanglement", ["linear", "reverse_linear", "pairwise", "full"])
def test_the_circuits_are_qiskits(ours, theirs, entanglement):
    word = entanglement.replace("_", "-")
    circuit = ours(layers=2, entanglement=word).over_reference(4, set())
    read = from_qiskit(theirs(4, reps=2, entanglement=entanglement))
    x = np.random.default_rng(0).normal(size=circuit.n_parameters)
    state = circuit_state(read._parsed(4), x)
    assert abs(np.vdot(state, circuit_state(circuit, x))) == pytest.approx(1, abs=1e-12)


def test_a_gates_are_the_papers_and_keep_the_number(h2):
    circuit = NumberPreserving(layers=1, phases=True).circuit(h2)
    x = np.random.default_rng(0).normal(size=circuit.n_parameters)
    state = circuit_state(circuit, x)
    counts = np.bitwise_count(np.arange(16))
    assert np.abs(state[counts != 2]).max() < 1e-14
    # One gate by itself, on |10⟩ and |01⟩ (qubit 0 first).
    from qvopt_circuits.circuit import Circuit
    from qvopt_circuits.matrices import circuit_unitary

    gates = [g for g in circuit.gates if g.name != "x"][:5]
    assert {q for g in gates for q in g.qubits} == {0, 1}
    unitary = circuit_unitary(Circuit(2, tuple(gates), circuit.n_parameters), x)
    theta, phi = x[:2]
    c, s = np.cos(theta), np.sin(theta)
    expected = np.array([[c, np.exp(1j * phi) * s], [np.exp(-1j * phi) * s, -c]])
    np.testing.assert_allclose(unitary[1:3, 1:3], expected, atol=1e-12)
    np.testing.assert_allclose(unitary[[0, 3], [0, 3]], 1, atol=1e-12)
    # Spin is not conserved: no plan that counts on it may be chosen.
    assert not is_number_conserving(circuit)


def test_shots_without_spin_conservation_are_unbiased():
    """Basis rotations rely on the electrons of each spin; these circuits get Pauli groups."""
    options = {"name": "number-preserving", "spread": 0.3}
    result = run("h2", ansatz=options, backend="lightning", shots=20_000, max_steps=1, seed=2)
    assert abs(result.energy - result.exact) < 5 * result.stderr


def test_entanglers_have_the_largest_gradients(h4):
    ansatz = QCC(mean_field=False)
    circuit = ansatz.circuit(h4)
    observable = qubit_hamiltonian(h4)
    program = LightningBackend().compile(Problem(circuit, observable, h4))
    slopes = np.abs(program.gradient(np.zeros(circuit.n_parameters))[1])
    assert slopes.min() > 1e-8
    assert np.all(np.diff(slopes) < 1e-9)
    assert QCC(entanglers=3, mean_field=False).strings(h4) == ansatz.strings(h4)[:3]
    assert QCC(entanglers=3).circuit(h4).n_parameters == 2 * 8 + 3


def test_hva_is_a_product_of_exponentials_of_the_hamiltonian(h2):
    ansatz = HamiltonianVariational(layers=1)
    circuit = ansatz.circuit(h2)
    observable = qubit_hamiltonian(h2)
    diagonal = np.zeros((16, 16), dtype=complex)
    rest = observable.to_sparse().toarray() - np.diag(observable.to_sparse().diagonal())
    diagonal += np.diag(observable.to_sparse().diagonal())
    x = np.array([0.7, 0.4])
    assert circuit.n_parameters == 2  # H2 has no hops
    reference = np.eye(16)[0b0101]
    expected = expm(-1j * x[1] * rest) @ expm(-1j * x[0] * diagonal) @ reference
    overlap = np.vdot(expected, circuit_state(circuit, x))
    assert abs(overlap) == pytest.approx(1, abs=1e-12)


def test_hva_keeps_the_electrons(h4):
    ansatz = HamiltonianVariational(layers=2)
    circuit = ansatz.circuit(h4)
    state = circuit_state(circuit, ansatz.start(h4, np.random.default_rng(0)))
    n = np.arange(256)
    other = (np.bitwise_count(n & 15) != 2) | (np.bitwise_count(n >> 4) != 2)
    assert np.abs(state[other]).max() < 1e-12
    with pytest.raises(InputError, match="more than 4,096 frequencies"):
        _ = circuit.frequencies


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("real-amplitudes", {"layers": -1}, "layers must be from 0"),
        ("efficient-su2", {"entanglement": "ring"}, "must be one of 'linear', 'reverse-linear'"),
        ("number-preserving", {"layers": 0}, "layers must be from 1"),
        ("qcc", {"entanglers": -1}, "entanglers must be from 0"),
        ("hva", {"layers": 0}, "layers must be from 1"),
        ("hva", {"step": float("inf")}, "step of ansatz hva must be a finite number"),
    ],
)
def test_mistakes_are_named(name, options, message):
    with pytest.raises(InputError, match=message):
        get_ansatz(name, **options)


def test_neighbours_are_the_spins_of_an_orbital():
    h3 = build_hamiltonian(find_molecule("h3+"))
    ours = RealAmplitudes(layers=1, entanglement="linear").circuit(h3)
    pairs = [g.qubits for g in ours.gates if g.name == "cx"]
    assert pairs == [(0, 3), (3, 1), (1, 4), (4, 2), (2, 5)]
    by_number = RealAmplitudes(layers=1, entanglement="linear", order="qubits").circuit(h3)
    assert [g.qubits for g in by_number.gates if g.name == "cx"] == [(q, q + 1) for q in range(5)]
    cz = HardwareEfficient(layers=1).circuit(h3)
    assert [g.qubits for g in cz.gates if g.name == "cz"] == [(q, q + 1) for q in range(5)]
    # Either way the determinant is at x = 0.
    for circuit in (ours, by_number):
        state = circuit_state(circuit, np.zeros(circuit.n_parameters))
        assert abs(state[0b001001]) == pytest.approx(1, abs=1e-12)


def test_an_order_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="order must be one of orbitals, qubits"):
        RealAmplitudes(order="spins")
    ansatz = {"name": "real-amplitudes", "order": "orbitals"}
    for settings in ({"molecule": "h2", "mapping": "parity"}, {"molecule": "heisenberg"}):
        with pytest.raises(InputError, match="order = 'orbitals' needs"):
            run(ansatz=ansatz, backend="lightning", **settings)
    ansatz["order"] = "qubits"
    assert run("h2", mapping="parity", ansatz=ansatz, backend="lightning", max_steps=1).n_steps == 1


def test_runs_of_earlier_versions_keep_their_neighbours(tmp_path):
    """They have no weights of penalties; their circuits went by the numbers of the qubits."""
    from qvopt.experiment.earlier import as_begun
    from qvopt.experiment.specification import make_experiment

    earlier = make_experiment({"molecule": "h2", "ansatz": "efficient-su2"})
    assert as_begun(earlier).ansatz.options == {"order": "qubits"}
    run("h2", ansatz="efficient-su2", backend="lightning", max_steps=1, out=tmp_path / "r")
    with Session.resume(tmp_path / "r", max_steps=2) as session:
        assert session.experiment.ansatz.options == {}
    uccsd = make_experiment({"molecule": "h2"})
    assert as_begun(uccsd) is uccsd

"""Ansätze of excitations: the same circuit everywhere, the right symmetries, known energies."""

import numpy as np
import pennylane as qml
import pytest
from qiskit.quantum_info import Statevector

from qvopt import get_optimizer
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.optimizers.minimize import minimize
from qvopt_circuits import (
    TUPS,
    UCCGSD,
    UCCSD,
    GateFabric,
    KUpCCGSD,
    QubitExcitations,
    get_ansatz,
    map_circuit,
    to_pennylane,
    to_qiskit,
)
from qvopt_circuits.brickwork import perfect_pairing_order
from qvopt_circuits.excitations import generalised_doubles, generalised_singles
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

ANSATZE = {
    "qeb": QubitExcitations(),
    "qeb-tied": QubitExcitations(spin_adapted=True, initial="mp2"),
    "uccgsd": UCCGSD(),
    "uccgsd-tied": UCCGSD(spin_complemented=True, repetitions=2),
    "uccgsd-qubit": UCCGSD(qubit_excitations=True, point_group=True),
    "k-upccgsd": KUpCCGSD(k=2),
    "k-upccgsd-loose": KUpCCGSD(spin_adapted=False, qubit_excitations=True),
    "tups": TUPS(),
    "tups-canonical": TUPS(layers=3, pairing="canonical"),
    "fabric": GateFabric(layers=3),
    "fabric-pi": GateFabric(include_pi=True),
}
SINGLETS = ("k-upccgsd", "tups", "tups-canonical", "fabric", "fabric-pi")


@pytest.fixture(scope="module")
def h4():
    return build_hamiltonian(find_molecule("h4-chain"))


@pytest.fixture(scope="module")
def h2():
    return build_hamiltonian(find_molecule("h2"))


def random_point(circuit, size=0.4):
    return np.random.default_rng(5).normal(size=circuit.n_parameters) * size


@pytest.mark.parametrize("name", ANSATZE)
def test_every_library_prepares_the_same_state(name, h2):
    circuit = ANSATZE[name].circuit(h2)
    x = random_point(circuit)
    ours = circuit_state(circuit, x)
    qiskit = Statevector(to_qiskit(circuit).assign_parameters(x)).data
    np.testing.assert_allclose(qiskit, ours, atol=1e-12)
    tape = qml.tape.QuantumScript(to_pennylane(circuit, x))
    matrix = qml.matrix(tape, wire_order=range(circuit.n_qubits - 1, -1, -1))
    np.testing.assert_allclose(matrix[:, 0], ours, atol=1e-12)


@pytest.mark.parametrize("name", ANSATZE)
def test_sector_against_lightning_and_differences(name, h4):
    circuit = ANSATZE[name].circuit(h4)
    observable = qubit_hamiltonian(h4)
    problem = Problem(circuit, observable, h4)
    x = random_point(circuit)
    sector = SectorBackend().compile(problem)
    energy, gradient = sector.gradient(x)
    theirs, slopes = LightningBackend().compile(problem).gradient(x)
    assert energy == pytest.approx(theirs, abs=1e-10)
    np.testing.assert_allclose(gradient, slopes, atol=1e-10)
    step = 1e-5
    for k in np.random.default_rng(0).permutation(circuit.n_parameters)[:6]:
        e = np.eye(circuit.n_parameters)[k] * step
        difference = (sector.gradient(x + e)[0] - sector.gradient(x - e)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(difference, abs=1e-8)


def spin_squared(norb, ladder):
    """S² = S_- S_+ + S_z (S_z + 1), dense, in Jordan-Wigner blocks."""
    n = 2 * norb
    raising = sum(ladder(p, n).T @ ladder(norb + p, n) for p in range(norb))
    number = [ladder(p, n).T @ ladder(p, n) for p in range(n)]
    z = 0.5 * (sum(number[:norb]) - sum(number[norb:]))
    return raising.T @ raising + z @ (z + np.eye(1 << n)), z, sum(number)


def dense_ladder(q, n_qubits):
    out = np.eye(1)
    for p in range(n_qubits):
        lower = np.array([[0, 1], [0, 0]])
        out = np.kron(np.diag([1, -1]) if p < q else lower if p == q else np.eye(2), out)
    return out


@pytest.fixture(scope="module")
def spins():
    return spin_squared(4, dense_ladder)


@pytest.mark.parametrize("name", ANSATZE)
def test_particle_number_and_spin(name, h4, spins):
    squared, z, number = spins
    circuit = ANSATZE[name].circuit(h4)
    psi = circuit_state(circuit, random_point(circuit))
    assert np.abs(number @ psi - 4 * psi).max() < 1e-12
    assert np.abs(z @ psi).max() < 1e-12
    spin = np.vdot(psi, squared @ psi).real
    if name in SINGLETS:
        assert spin == pytest.approx(0, abs=1e-12)
    elif name in ("qeb", "uccgsd", "k-upccgsd-loose"):
        assert spin > 1e-3


def vqe(ansatz, hamiltonian, seed=0):
    circuit = ansatz.circuit(hamiltonian)
    program = SectorBackend().compile(Problem(circuit, None, hamiltonian))
    start = ansatz.start(hamiltonian, np.random.default_rng(seed))
    found = minimize(
        lambda x: program.gradient(x)[0],
        start,
        get_optimizer("l-bfgs"),
        jac=lambda x: program.gradient(x)[1],
        max_steps=2000,
    )
    return float(found.fun)


FCI_H4 = -2.16638745


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("qeb", 2e-4),
        ("uccgsd", 1e-6),
        ("uccgsd-tied", 1e-6),
        ("k-upccgsd", 2e-3),
        ("tups-canonical", 5e-3),
        ("tups", 2e-3),
        ("fabric", 5e-3),
    ],
)
def test_h4_reaches_full_ci(name, error, h4):
    """The one-parameter pieces add up: each ends within `error` Hartree above PySCF's full CI."""
    found = vqe(ANSATZE[name], h4) - FCI_H4
    assert -1e-8 < found < error


def test_more_layers_reach_full_ci_exactly(h4):
    assert vqe(TUPS(layers=5), h4) == pytest.approx(FCI_H4, abs=1e-5)
    assert vqe(GateFabric(layers=7), h4) == pytest.approx(FCI_H4, abs=1e-5)
    assert vqe(KUpCCGSD(k=3), h4) == pytest.approx(FCI_H4, abs=1e-5)


@pytest.mark.parametrize("name", ["qeb", "k-upccgsd", "tups", "fabric"])
def test_h2_is_solved(name, h2):
    assert vqe(get_ansatz(name), h2) == pytest.approx(-1.13730604, abs=1e-7)


def test_fabric_is_pennylanes(h2, h4):
    """The same energies as qml.GateFabric, whose spins alternate on wires."""
    for h, layers, pi in ((h2, 2, True), (h4, 1, False), (h4, 2, True)):
        n = h.n_qubits
        ansatz = GateFabric(layers=layers, include_pi=pi)
        circuit = ansatz.circuit(h)
        x = random_point(circuit)
        energy = SectorBackend().compile(Problem(circuit, None, h)).gradient(x)[0]
        # Theirs has one pair exchange less of sign, and tiles (0, 1), (2, 3) …, then (1, 2) ….
        weights = x.reshape(layers, h.norb - 1, 2)
        init = np.array([1] * h.n_electrons + [0] * (n - h.n_electrons))
        energies = []
        for sign in (1, -1):
            state = fabric_state(n, weights * np.array([sign, 1]), init, pi)
            energies.append(interleaved_energy(h, state))
        assert min(abs(e - energy) for e in energies) < 1e-9


def fabric_state(n, weights, init, pi):
    @qml.qnode(qml.device("default.qubit", wires=n))
    def state():
        qml.GateFabric(weights, wires=range(n), init_state=init, include_pi=pi)
        return qml.state()

    return np.asarray(state())


def interleaved_energy(h, state):
    """⟨H⟩ of a state whose wire 2p is alpha orbital p and 2p + 1 beta, wire 0 the highest bit."""
    n = h.n_qubits
    order = [2 * p for p in range(h.norb)] + [2 * p + 1 for p in range(h.norb)]
    psi = state.reshape([2] * n).transpose(range(n)[::-1]).ravel()
    # |interleaved⟩ -> |blocked⟩: the occupied modes are reordered, each exchange a sign.
    out = np.zeros_like(psi)
    for word in np.flatnonzero(np.abs(psi) > 1e-14):
        modes = [order.index(q) for q in range(n) if word >> q & 1]
        swaps = sum(a > b for k, a in enumerate(modes) for b in modes[k + 1 :])
        out[sum(1 << m for m in modes)] = (-1) ** swaps * psi[word]
    return np.vdot(out, qubit_hamiltonian(h).to_sparse() @ out).real


def test_numbers_of_parameters(h4):
    """Counted by hand: n (n - 1) singles, and doubles between disjoint spin orbitals."""
    n = 4
    assert len(generalised_singles(n)) == n * (n - 1)
    doubles = generalised_doubles(n)
    assert len(doubles) == 2 * 3 + n * (n - 1) * n * (n - 1) // 2
    sides = {frozenset((frozenset(d[:2]), frozenset(d[2:]))) for d in doubles}
    assert len(sides) == len(doubles)
    assert all(not set(d[:2]) & set(d[2:]) for d in doubles)
    assert KUpCCGSD(k=3).circuit(h4).n_parameters == 3 * (6 + 6)
    assert KUpCCGSD(spin_adapted=False).circuit(h4).n_parameters == 6 + 12
    assert TUPS(layers=4).circuit(h4).n_parameters == 4 * 9
    assert GateFabric(layers=4).circuit(h4).n_parameters == 4 * 6
    assert UCCGSD(point_group=True).circuit(h4).n_parameters < UCCGSD().circuit(h4).n_parameters


def test_qubit_excitations_start_as_fermions_do(h4):
    """With MP2 amplitudes both prepare the same state to first order, in fewer CNOTs."""
    from qvopt_circuits import summary

    for tied in (False, True):
        fermions = UCCSD(initial="mp2", spin_adapted=tied)
        qubits = QubitExcitations(initial="mp2", spin_adapted=tied)
        states = []
        for ansatz in (fermions, qubits):
            start = ansatz.start(h4, np.random.default_rng(0))
            states.append(circuit_state(ansatz.circuit(h4), 1e-4 * start))
        assert np.abs(states[0] - states[1]).max() < 1e-7
    assert summary(qubits.circuit(h4))["cnots"] < summary(fermions.circuit(h4))["cnots"]


@pytest.mark.parametrize("mapping", ["parity", "parity-reduced", "bravyi-kitaev"])
@pytest.mark.parametrize("name", ["qeb", "tups"])
def test_in_other_mappings(name, mapping, h2):
    circuit = get_ansatz(name).circuit(h2)
    x = random_point(circuit)
    energy = SectorBackend().compile(Problem(circuit, None, h2)).gradient(x)[0]
    mapped = map_circuit(circuit, mapping)
    psi = circuit_state(mapped, x)
    there = np.vdot(psi, qubit_hamiltonian(h2, mapping).to_sparse() @ psi).real
    assert there == pytest.approx(energy, abs=1e-10)


def test_perfect_pairs_leave_nobody_out(h4):
    assert perfect_pairing_order(h4) == [1, 2, 0, 3]
    water = build_hamiltonian(find_molecule("h2o"))
    order = perfect_pairing_order(water)
    assert order[:4] == [4, 5, 3, 6]
    assert sorted(order) == list(range(7))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("k-upccgsd", {"k": 0}, "k must be from 1 to 1000, got 0"),
        ("k-upccgsd", {"spread": -1}, "spread must be finite and not negative"),
        ("uccgsd", {"repetitions": 0}, "repetitions must be from 1"),
        ("uccgsd", {"spin_adapted": True}, "unknown option of ansatz uccgsd"),
        ("tups", {"layers": -1}, "layers must be from 1"),
        ("tups", {"pairing": "imperfect"}, "must be one of 'perfect', 'canonical'"),
        ("fabric", {"layers": 10**7}, "layers must be from 1 to 10000"),
        ("qeb", {"qubit_excitations": 1}, "must be true or false"),
    ],
)
def test_mistakes_are_named(name, options, message):
    with pytest.raises(InputError, match=message):
        get_ansatz(name, **options)


@pytest.mark.parametrize("name", ["uccgsd", "k-upccgsd", "tups", "fabric"])
def test_one_orbital_is_too_few(name):
    helium = MolecularHamiltonian(0.0, np.array([[-1.0]]), np.ones((1, 1, 1, 1)), 1, 1)
    with pytest.raises(InputError, match=f"ansatz {name} acts on 2 orbitals at once"):
        get_ansatz(name).circuit(helium)

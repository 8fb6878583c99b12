"""LUCJ against ffsim: factorisation, orbital rotations, Coulomb phases and the whole state."""

import ffsim
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qvopt import run
from qvopt.backends.aer import AerBackend
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt_circuits import LUCJ, Circuit, get_ansatz, to_qiskit
from qvopt_circuits.lucj import factorised
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.orbital_rotations import (
    n_rotation_parameters,
    rotation_gates,
    rotation_parameters,
)
from qvopt_molecules.amplitudes import ccsd_amplitudes
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian


@pytest.fixture(scope="module")
def h4():
    return build_hamiltonian(find_molecule("h4-chain"))


@pytest.fixture(scope="module")
def h2():
    return build_hamiltonian(find_molecule("h2"))


def in_sector(h, state):
    """Amplitudes of a full vector, alpha string by beta string."""
    alpha, beta = (occupation_strings(h.norb, n) for n in (h.n_alpha, h.n_beta))
    return state[(alpha[:, None] | beta[None, :] << h.norb).ravel()]


def test_orbital_rotations_are_ffsims(h4):
    norb, nelec = h4.norb, (h4.n_alpha, h4.n_beta)
    rng = np.random.default_rng(0)
    for seed in range(3):
        unitary = ffsim.random.random_unitary(norb, seed=seed)
        x = rotation_parameters(unitary, phases=True)
        gates = rotation_gates(norb, 0, phases=True)
        assert len(x) == n_rotation_parameters(norb, phases=True) == norb**2
        assert np.abs(rotation_parameters(np.eye(norb), phases=True)).max() == 0
        vector = ffsim.random.random_state_vector(ffsim.dim(norb, nelec), seed=rng)
        theirs = ffsim.apply_orbital_rotation(vector, unitary, norb, nelec)
        full = np.zeros((1 << 2 * norb, 1), dtype=complex)
        alpha, beta = (occupation_strings(norb, n) for n in nelec)
        full[(alpha[:, None] | beta[None, :] << norb).ravel(), 0] = vector
        from qvopt_circuits.matrices import apply_gate

        for gate in gates:
            full = apply_gate(gate, gate.angle(x), full)
        np.testing.assert_allclose(in_sector(h4, full[:, 0]), theirs, atol=1e-12)


def test_the_factorisation_gives_the_amplitudes_back(h4):
    t2 = ccsd_amplitudes(h4).mixed
    coulomb, rotations = factorised(t2)
    n = h4.n_alpha
    whole = 1j * np.einsum(
        "kpq,kap,kip,kbq,kjq->ijab", np.array(coulomb), np.array(rotations),
        np.conj(rotations), np.array(rotations), np.conj(rotations), optimize=True,
    )  # fmt: skip
    np.testing.assert_allclose(whole[:n, :n, n:, n:], t2, atol=1e-10)


@pytest.mark.parametrize("connectivity", ["square", "heavy-hex", "all-to-all"])
@pytest.mark.parametrize("repetitions", [1, 2])
def test_the_start_is_ffsims_state(connectivity, repetitions, h4):
    norb, nelec = h4.norb, (h4.n_alpha, h4.n_beta)
    ansatz = LUCJ(repetitions=repetitions, connectivity=connectivity)
    circuit = ansatz.circuit(h4)
    x = ansatz.start(h4, np.random.default_rng(0))
    amplitudes = ccsd_amplitudes(h4)
    pairs = ffsim.variational.util.interaction_pairs_spin_balanced(connectivity, norb)
    operator = ffsim.UCJOpSpinBalanced.from_t_amplitudes(
        amplitudes.mixed, t1=amplitudes.t1[0], n_reps=repetitions, interaction_pairs=pairs
    )
    if connectivity == "heavy-hex":  # its pairs depend on the signs of eigenvectors: take ours
        coulomb, rotations = (np.array(part[:repetitions]) for part in factorised(amplitudes.mixed))
        same, opposite = np.zeros((2, norb, norb))
        for matrix, kept in zip((same, opposite), pairs, strict=True):
            for p, q in kept:
                matrix[p, q] = matrix[q, p] = 1
        operator = ffsim.UCJOpSpinBalanced(
            np.stack([coulomb * same, coulomb * opposite], axis=1),
            rotations,
            operator.final_orbital_rotation,
        )
    reference = ffsim.hartree_fock_state(norb, nelec)
    theirs = ffsim.apply_unitary(reference, operator, norb=norb, nelec=nelec)
    full = circuit_state(circuit, x)
    ours = in_sector(h4, full)
    assert np.linalg.norm(ours) == pytest.approx(1, abs=1e-12)
    assert abs(np.vdot(ours, theirs)) == pytest.approx(1, abs=1e-10)
    # And as a circuit of Jordan-Wigner qubits.
    qiskit = QuantumCircuit(2 * norb)
    qiskit.append(ffsim.qiskit.PrepareHartreeFockJW(norb, nelec), range(2 * norb))
    qiskit.append(ffsim.qiskit.UCJOpSpinBalancedJW(operator), range(2 * norb))
    jordan_wigner = Statevector(qiskit).data
    assert abs(np.vdot(jordan_wigner, full)) == pytest.approx(1, abs=1e-10)


def test_every_library_agrees(h2):
    ansatz = LUCJ(repetitions=2, spread=0.3)
    circuit = ansatz.circuit(h2)
    x = ansatz.start(h2, np.random.default_rng(1))
    full = circuit_state(circuit, x)
    theirs = Statevector(to_qiskit(circuit).assign_parameters(x)).data
    np.testing.assert_allclose(theirs, full, atol=1e-12)
    problem = Problem(circuit, qubit_hamiltonian(h2), h2)
    lightning, aer = (b().compile(problem) for b in (LightningBackend, AerBackend))
    energy, gradient = lightning.gradient(x)
    there, slopes = aer.gradient(x)
    assert there == pytest.approx(energy, abs=1e-10)
    np.testing.assert_allclose(slopes, gradient, atol=1e-9)
    sector = SectorBackend().compile(problem)
    inside, own = sector.gradient(x)
    assert inside == pytest.approx(energy, abs=1e-10)
    np.testing.assert_allclose(own, gradient, atol=1e-10)
    np.testing.assert_allclose(sector.metric(x), lightning.metric(x), atol=1e-9)
    step = 1e-5
    for k in (0, 3, 5, circuit.n_parameters - 1):
        e = step * np.eye(circuit.n_parameters)[k]
        states = [circuit_state(circuit, y) for y in (x + e, x - e)]
        ends = [np.vdot(s, problem.observable.to_sparse() @ s).real for s in states]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-8)


def test_it_starts_low_and_goes_on(h4):
    """All pairs: CCSD's amplitudes start near CCSD, and h2 is solved."""
    result = run("h2", ansatz={"name": "lucj"})
    assert result.energy == pytest.approx(-1.13730604, abs=1e-6)
    ansatz = LUCJ(repetitions=8, connectivity="all-to-all")
    circuit = ansatz.circuit(h4)
    state = circuit_state(circuit, ansatz.start(h4, np.random.default_rng(0)))
    energy = np.vdot(state, qubit_hamiltonian(h4).to_sparse() @ state).real
    assert -2.16638745 < energy < -2.16
    optimised = run("h4-chain", ansatz={"name": "lucj", "repetitions": 2}, max_steps=60)
    assert 0 < optimised.error < 5e-3


def test_zeros_are_hartree_fock(h4):
    ansatz = LUCJ(initial="zeros")
    state = circuit_state(ansatz.circuit(h4), ansatz.start(h4, np.random.default_rng(0)))
    assert abs(state[0b00110011]) == pytest.approx(1, abs=1e-12)
    assert isinstance(ansatz.circuit(h4), Circuit)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repetitions": 0}, "repetitions must be from 1"),
        ({"connectivity": "hex"}, "must be one of 'square', 'heavy-hex', 'all-to-all'"),
        ({"initial": "fci"}, "must be one of 'ccsd', 'mp2', 'zeros'"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(InputError, match=message):
        get_ansatz("lucj", **options)


def test_open_shells_are_refused():
    h = build_hamiltonian(find_molecule("h2", {}, charge=1, spin=1))
    with pytest.raises(InputError, match="spin-balanced and needs a closed shell"):
        LUCJ().circuit(h)

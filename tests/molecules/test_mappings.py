"""Qubit Hamiltonians: term counts, spectra, and laws that every basis keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.encodings import MAPPINGS
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.references import fci_energy, hartree_fock_energy

TERMS = {"h2": 15, "heh+": 27, "h4-chain": 185, "h4-square": 93, "h6-chain": 919, "lih": 631,
         "beh2": 666, "h2o": 1086, "hf": 631}  # fmt: skip


def random_hamiltonian(seed: int, norb: int = 3) -> MolecularHamiltonian:
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(norb, norb))
    factors = rng.normal(size=(4, norb, norb))
    factors = factors + factors.transpose(0, 2, 1)
    g = np.einsum("lpq,lrs->pqrs", factors, factors) / 10
    n_alpha, n_beta = rng.integers(0, norb + 1, size=2)
    return MolecularHamiltonian(rng.normal(), h + h.T, g, int(n_alpha), int(n_beta))


def fermionic_matrix(h: MolecularHamiltonian) -> np.ndarray:
    """H from dense ladder operators, with no Pauli string in sight."""
    n = h.n_qubits
    z, lower = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
    ladders = []
    for q in range(n):
        matrix = np.ones((1, 1))
        for k in range(n):  # qubit 0 is the lowest bit: the rightmost factor
            matrix = np.kron(lower if k == q else z if k < q else np.eye(2), matrix)
        ladders.append(matrix)
    norb = h.norb
    e = np.zeros((norb, norb, 2**n, 2**n))
    for p in range(norb):
        for q in range(norb):
            for spin in (0, norb):
                e[p, q] += ladders[p + spin].T @ ladders[q + spin]
    total = h.core_energy * np.eye(2**n) + np.einsum("pq,pqab->ab", h.one_body, e)
    total -= 0.5 * np.einsum("prrq,pqab->ab", h.two_body, e)
    inner = np.einsum("pqrs,rsab->pqab", h.two_body, e)
    return total + 0.5 * np.einsum("pqab,pqbc->ac", e, inner)


@pytest.mark.parametrize("name", TERMS)
def test_number_of_terms(name):
    assert len(qubit_hamiltonian(build_hamiltonian(find_molecule(name)))) == TERMS[name]


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_jordan_wigner_is_the_fermionic_operator(seed):
    h = random_hamiltonian(seed, 2)
    found = qubit_hamiltonian(h).to_sparse().toarray()
    assert np.abs(found - fermionic_matrix(h)).max() < 1e-10


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_mappings_have_one_spectrum(seed):
    h = random_hamiltonian(seed)
    spectra = {
        m: np.linalg.eigvalsh(qubit_hamiltonian(h, m).to_sparse().toarray()) for m in MAPPINGS
    }
    for mapping in ("parity", "bravyi-kitaev"):
        assert np.abs(spectra[mapping] - spectra["jordan-wigner"]).max() < 1e-9
    # Two conserved parities are fixed: a quarter of the spectrum, each value in the whole.
    for value in spectra["parity-reduced"]:
        assert np.abs(spectra["jordan-wigner"] - value).min() < 1e-9
    sector = fci_energy(h)
    assert np.abs(spectra["parity-reduced"] - sector).min() < 1e-8


@pytest.mark.parametrize("name", ["h2", "heh+", "h3+", "h4-chain", "h4-square"])
def test_the_reduced_ground_state_is_full_ci(name):
    molecule = find_molecule(name)
    matrix = qubit_hamiltonian(build_hamiltonian(molecule), "parity-reduced").to_sparse()
    lowest = np.linalg.eigvalsh(matrix.toarray())[0]
    assert lowest == pytest.approx(molecule.references["fci"], abs=1e-7)


@pytest.mark.slow
def test_the_ground_state_of_water_over_all_qubits():
    observable = qubit_hamiltonian(build_hamiltonian(find_molecule("h2o")))
    lowest = eigsh(observable.to_sparse(), k=1, which="SA", return_eigenvectors=False)[0]
    assert lowest == pytest.approx(-75.01262894, abs=1e-6)


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_energies_do_not_depend_on_the_orbitals(seed):
    rng = np.random.default_rng(seed)
    h = random_hamiltonian(seed)
    rotation = np.linalg.qr(rng.normal(size=(h.norb, h.norb)))[0]
    rotated = MolecularHamiltonian(
        h.core_energy,
        rotation.T @ h.one_body @ rotation,
        np.einsum("pqrs,pi,qj,rk,sl->ijkl", h.two_body, *[rotation] * 4, optimize=True),
        h.n_alpha,
        h.n_beta,
    )
    assert fci_energy(rotated) == pytest.approx(fci_energy(h), abs=1e-8)
    order = rng.permutation(h.norb)
    relabelled = MolecularHamiltonian(
        h.core_energy,
        h.one_body[np.ix_(order, order)],
        h.two_body[np.ix_(order, order, order, order)],
        h.n_alpha,
        h.n_beta,
    )
    assert fci_energy(relabelled) == pytest.approx(fci_energy(h), abs=1e-8)


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_hartree_fock_is_an_expectation_value(seed):
    h = random_hamiltonian(seed)
    bits = (1 << h.n_alpha) - 1 | ((1 << h.n_beta) - 1) << h.norb
    matrix = qubit_hamiltonian(h).to_sparse()
    assert matrix[bits, bits].real == pytest.approx(hartree_fock_energy(h), abs=1e-10)


def test_unknown_mapping():
    with pytest.raises(InputError, match="did you mean 'parity'"):
        qubit_hamiltonian(random_hamiltonian(0), "parityy")

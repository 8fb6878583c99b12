"""Spin-pure and symmetry-pure exact references, held against dense algebra."""

import numpy as np
import pytest

from qvopt_molecules import spin_pure
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.encodings import diagonal_symmetries
from qvopt_molecules.exact_reference import exact_reference
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.lattice import hubbard_chain
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy

CH2 = "C 0 0 0; H 0 0.86 0.7; H 0 -0.86 0.7"


def dense_energies(h, spin):
    """All energies of one total spin from PySCF's matrix and operator, no penalty involved."""
    from pyscf import fci

    nelec = (h.n_alpha, h.n_beta)
    size = fci.cistring.num_strings(h.norb, nelec[0]) * fci.cistring.num_strings(h.norb, nelec[1])
    addresses, matrix = fci.direct_spin1.pspace(h.one_body, h.two_body, h.norb, nelec, np=size)
    assert np.array_equal(addresses, np.arange(size))
    shape = [fci.cistring.num_strings(h.norb, n) for n in nelec]
    square = np.array(
        [fci.spin_op.contract_ss(e.reshape(shape), h.norb, nelec).ravel() for e in np.eye(size)]
    )
    values, vectors = np.linalg.eigh(square)
    basis = vectors[:, np.abs(values - spin * (spin + 1)) < 1e-6]
    return np.linalg.eigvalsh(basis.T @ matrix @ basis) + h.core_energy


def random_hamiltonian(seed, norb, n_alpha, n_beta):
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(norb, norb))
    two = rng.normal(size=(norb,) * 4) * 0.3
    for axes in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = two + two.transpose(axes)
    return MolecularHamiltonian(0.3, one + one.T, two, n_alpha, n_beta)


@pytest.mark.parametrize("numbers", [(3, 3), (3, 2), (4, 2), (2, 3), (4, 0)])
@pytest.mark.parametrize("seed", range(3))
def test_the_lowest_state_of_a_spin(numbers, seed):
    h = random_hamiltonian(seed, 5, *numbers)
    expected = dense_energies(h, abs(numbers[0] - numbers[1]) / 2)
    found = spin_pure.spin_pure_states(h, 3)
    assert np.allclose(found.energies, expected[:3], atol=1e-9)


def test_iterations_agree_with_the_matrix(monkeypatch):
    h = random_hamiltonian(7, 6, 3, 3)
    expected = dense_energies(h, 0)
    monkeypatch.setattr(spin_pure, "_DENSE", 10)
    monkeypatch.setattr(spin_pure, "_MODEL", 60)
    found = spin_pure.spin_pure_states(h, 2)
    assert np.allclose(found.energies, expected[:2], atol=1e-8)


def test_a_singlet_is_not_held_against_a_triplet():
    h = build_hamiltonian(find_molecule(CH2, active_space=ActiveSpace(frozen_core=1)))
    reference = exact_reference(h)
    assert reference.energy == pytest.approx(dense_energies(h, 0)[0], abs=1e-8)
    assert reference.lowest == pytest.approx(dense_energies(h, 1)[0], abs=1e-8)
    assert reference.gap == pytest.approx(0.0291597, abs=1e-5)
    assert (reference.method, reference.multiplicity) == ("CASCI(6, 6)", 1)
    assert reference.state == "lowest singlet"
    assert fci_energy(h) == reference.energy


def test_a_triplet_names_the_singlet_below_it():
    h = build_hamiltonian(find_molecule("h2", spin=2))
    reference = exact_reference(h)
    assert reference.method == "full CI"
    assert reference.lowest == pytest.approx(-1.13730604, abs=1e-7)
    assert reference.gap == pytest.approx(reference.energy + 1.13730604, abs=1e-7)


@pytest.mark.parametrize("name", ["h4-square", "h4-chain", "h2o"])
def test_the_sector_is_that_of_the_tapered_qubits(name):
    from qvopt_molecules.mappings import qubit_hamiltonian

    h = build_hamiltonian(find_molecule(name))
    sector = exact_reference(h, diagonal_symmetries(h))
    matrix = qubit_hamiltonian(h, "jordan-wigner-tapered").to_sparse().toarray().real
    # Tapered qubits keep parities, not numbers or spins: their lowest state is not above.
    assert np.linalg.eigvalsh(matrix)[0] <= sector.energy + 1e-8
    assert sector.energy >= exact_reference(h).energy - 1e-9
    kept = spin_pure.parity_mask(h, diagonal_symmetries(h))
    states = spin_pure.spin_pure_states(h, 1, diagonal_symmetries(h))
    assert kept[0, 0]
    assert not states.vectors[0][~kept].any()


def test_a_sector_above_the_ground_state():
    """The lowest singlet of a stretched ring is of another symmetry than its determinant."""
    h = hubbard_chain({"sites": 4, "u": 4.0, "periodic": 1})
    whole = exact_reference(h)
    sector = exact_reference(h, diagonal_symmetries(h))
    assert sector.energy >= whole.energy - 1e-9
    assert sector.gap == pytest.approx(sector.energy - sector.lowest)

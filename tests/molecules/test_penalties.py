"""Penalties and total spin against OpenFermion, PySCF and dense algebra."""

import numpy as np
import pytest

from qvopt.engine.assembly import molecular_hamiltonian
from qvopt.experiment.specification import MoleculeSpec
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.penalties import PenaltyWeights, added, penalty
from qvopt_molecules.total_spin import spin_squared

PLACES = {
    "h3+": MoleculeSpec(name="h3+"),
    "oh": MoleculeSpec(
        name="O 0 0 0; H 0 0 0.97", spin=1, active_space={"electrons": 3, "n_orbitals": 3}
    ),
    "triplet": MoleculeSpec(name="h4-square", spin=2),
}


def ladders(n):
    """Dense annihilators, qubit 0 the lowest bit, by Kronecker products."""
    down, z = np.array([[0.0, 1.0], [0.0, 0.0]]), np.diag([1.0, -1.0])
    out = []
    for q in range(n):
        matrix = np.eye(1)
        for k in range(n):
            factor = down if k == q else (z if k < q else np.eye(2))
            matrix = np.kron(factor, matrix)
        out.append(matrix)
    return out


@pytest.mark.parametrize("place", PLACES)
def test_the_penalty_is_what_dense_ladder_operators_give(place):
    h = molecular_hamiltonian(PLACES[place])
    a = ladders(h.n_qubits)
    n = h.norb
    alpha = sum(m.T @ m for m in a[:n])
    beta = sum(m.T @ m for m in a[n:])
    one = np.eye(len(alpha))
    raising = sum(a[p].T @ a[n + p] for p in range(n))
    spin = (h.n_alpha - h.n_beta) / 2
    number, projection = alpha + beta - h.n_electrons * one, (alpha - beta) / 2 - spin * one
    dense = 0.7 * number @ number + 0.3 * projection @ projection + 0.2 * raising.T @ raising
    ours = penalty(h, "jordan-wigner", PenaltyWeights(0.7, 0.3, 0.2)).to_sparse().toarray()
    assert np.abs(ours - dense).max() < 1e-12
    values = np.linalg.eigvalsh(dense)
    assert values.min() > -1e-12


@pytest.mark.parametrize("mapping", ["parity", "bravyi-kitaev", "parity-reduced"])
def test_every_mapping_has_the_same_spectrum_of_the_sum(mapping):
    h = molecular_hamiltonian(PLACES["h3+"])
    weights = PenaltyWeights(1.0, 1.0, 0.5)
    spectra = []
    for name in ("jordan-wigner", mapping):
        both = added(qubit_hamiltonian(h, name), penalty(h, name, weights))
        spectra.append(np.linalg.eigvalsh(both.to_sparse().toarray()))
    assert spectra[0][0] == pytest.approx(spectra[1][0], abs=1e-9)
    if mapping != "parity-reduced":
        assert spectra[0] == pytest.approx(spectra[1], abs=1e-9)


def test_the_lowest_state_with_the_penalty_is_the_exact_one_of_the_sector():
    from qvopt_molecules.exact_reference import exact_reference

    for place in PLACES.values():
        h = molecular_hamiltonian(place)
        both = added(
            qubit_hamiltonian(h), penalty(h, "jordan-wigner", PenaltyWeights(3.0, 3.0, 1.0))
        )
        lowest = np.linalg.eigvalsh(both.to_sparse().toarray())[0]
        assert lowest == pytest.approx(exact_reference(h).energy, abs=1e-8)


@pytest.mark.parametrize(
    ("norb", "n_alpha", "n_beta"), [(4, 2, 2), (5, 3, 1), (4, 4, 2), (3, 0, 2)]
)
def test_total_spin_is_pyscfs(norb, n_alpha, n_beta):
    from math import comb

    from pyscf.fci import spin_op

    rng = np.random.default_rng(norb)
    psi = rng.standard_normal((comb(norb, n_alpha), comb(norb, n_beta)))
    psi /= np.linalg.norm(psi)
    theirs = spin_op.spin_square0(psi, norb, (n_alpha, n_beta))[0]
    assert spin_squared(psi, norb, n_alpha, n_beta) == pytest.approx(theirs, abs=1e-12)
    assert spin_squared(1j * psi, norb, n_alpha, n_beta) == pytest.approx(theirs, abs=1e-12)

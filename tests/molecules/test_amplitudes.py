"""Cluster amplitudes against their defining equations, with dense ladder operators."""

import itertools

import numpy as np
import pytest
from scipy.linalg import expm
from slow_cases import rest_slow

from qvopt_molecules.amplitudes import ccsd_amplitudes, mp2_amplitudes
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.references import hartree_fock_energy, reference_energies

MOLECULES = {
    "h4-chain": {},
    "h3+": {},
    "H 0 0 0; H 0 0 1; H 0 0 2.1": {"spin": 1},
    "H 0 0 0; H 0 0.1 1; H 0 0.7 2.1; H 0 0 3": {"spin": 2},
    "He 0 0 0; H 0 0 1.1": {"spin": 1},
}


def hamiltonian(spec):
    return build_hamiltonian(find_molecule(spec, **MOLECULES[spec]))


def ladder(q, n):
    """a_q over n qubits, qubit 0 the lowest bit."""
    out = np.eye(1)
    for p in range(n):
        lower = np.array([[0.0, 1.0], [0.0, 0.0]])
        factor = np.diag([1.0, -1.0]) if p < q else lower if p == q else np.eye(2)
        out = np.kron(factor, out)
    return out


def cluster(h, amplitudes):
    """T as a matrix, the reference determinant, and the determinants T reaches by one step."""
    n, norb = h.n_qubits, h.norb
    a = [ladder(q, n) for q in range(n)]
    occupied = [*range(h.n_alpha), *range(norb, norb + h.n_beta)]
    virtual = [q for q in range(n) if q not in occupied]
    reference = np.zeros(2**n)
    reference[sum(1 << q for q in occupied)] = 1.0
    t, reached = np.zeros((2**n, 2**n)), []
    for i, b in itertools.product(occupied, virtual):
        step = a[b].T @ a[i]
        t += amplitudes.single(i, b) * step
        if i // norb == b // norb:
            reached.append(step @ reference)
    for (i, j), (b, c) in itertools.product(
        itertools.combinations(occupied, 2), itertools.combinations(virtual, 2)
    ):
        step = a[b].T @ a[c].T @ a[j] @ a[i]
        t += amplitudes.double(i, j, b, c) * step
        if i // norb + j // norb == b // norb + c // norb:
            reached.append(step @ reference)
    return t, reference, reached


@pytest.mark.parametrize("spec", rest_slow(MOLECULES, ["h4-chain", "He 0 0 0; H 0 0 1.1"]))
def test_ccsd_solves_its_equations(spec):
    h = hamiltonian(spec)
    t, reference, reached = cluster(h, ccsd_amplitudes(h))
    matrix = qubit_hamiltonian(h).to_sparse().toarray().real
    transformed = expm(-t) @ matrix @ expm(t) @ reference
    for determinant in reached:
        assert determinant @ transformed == pytest.approx(0.0, abs=1e-6)
    expected = reference_energies(h, ("ccsd",))["ccsd"]
    assert reference @ transformed == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("spec", ["h4-chain", "h3+"])
def test_mp2_amplitudes_give_the_mp2_energy(spec):
    h = hamiltonian(spec)
    t, reference, _ = cluster(h, mp2_amplitudes(h))
    matrix = qubit_hamiltonian(h).to_sparse().toarray().real
    energy = reference @ matrix @ (reference + t @ reference)
    assert energy == pytest.approx(reference_energies(h, ("mp2",))["mp2"], abs=1e-9)


def test_larger_molecules_against_pyscf():
    from pyscf import cc, gto, mp, scf

    molecule = find_molecule("h2o")
    h = build_hamiltonian(molecule)
    mol = gto.M(atom=[(a.symbol, a.position) for a in molecule.atoms], basis="sto-3g", verbose=0)
    mean_field = scf.RHF(mol).set(conv_tol=1e-12).run()
    for found, solver in (
        (ccsd_amplitudes(h), cc.CCSD(mean_field).set(conv_tol=1e-10, conv_tol_normt=1e-8)),
        (mp2_amplitudes(h), mp.MP2(mean_field)),
    ):
        solver.kernel()
        # Orbitals agree up to their signs, which squares do not feel.
        assert np.abs(found.mixed**2 - solver.t2**2).max() < 1e-6


@pytest.mark.parametrize("make", [mp2_amplitudes, ccsd_amplitudes])
def test_antisymmetry_and_spin(make):
    h = hamiltonian("h4-chain")
    t, n = make(h), h.norb
    rng = np.random.default_rng(0)
    occupied, virtual = [0, 1, n, n + 1], [2, 3, n + 2, n + 3]
    for _ in range(100):
        i, j = (int(q) for q in rng.choice(occupied, 2, replace=False))
        a, b = (int(q) for q in rng.choice(virtual, 2, replace=False))
        value = t.double(i, j, a, b)
        assert value == pytest.approx(-t.double(j, i, a, b), abs=1e-14)
        assert value == pytest.approx(-t.double(i, j, b, a), abs=1e-14)
        if i // n + j // n != a // n + b // n:
            assert value == 0.0
        if i // n != a // n:
            assert t.single(i, a) == 0.0


def test_degenerate_orbitals_have_no_mp2_amplitudes():
    rng = np.random.default_rng(3)
    g = rng.normal(size=(2, 2))
    g = np.einsum("pq,rs->pqrs", g + g.T, g + g.T)
    coulomb = 2 * g[:, :, 0, 0] - g[:, 0, 0, :]
    flat = MolecularHamiltonian(0.0, -coulomb, g, 1, 1)  # a Fock matrix of zeros
    assert np.isfinite(hartree_fock_energy(flat))
    with pytest.raises(InputError, match="degenerate"):
        mp2_amplitudes(flat)


@pytest.mark.parametrize("electrons", [(0, 0), (2, 2), (1, 0), (0, 1), (1, 2)])
@pytest.mark.parametrize("make", [mp2_amplitudes, ccsd_amplitudes])
def test_nothing_to_excite_or_fewer_alpha_than_beta(make, electrons):
    full = build_hamiltonian(find_molecule("h2"))
    h = MolecularHamiltonian(full.core_energy, full.one_body, full.two_body, *electrons)
    try:
        t = make(h)
    except InputError:
        return
    assert all(np.isfinite(block).all() for block in (*t.t1, *t.same, t.mixed))

"""The catalogue's energies, recomputed, and overrides that change them."""

import warnings

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt_molecules.catalogue import catalogue_names, find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mean_field import solve_mean_field
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy, reference_energies

HEAVY = {"ch4", "n2", "f2"}


@pytest.mark.parametrize("name", catalogue_names())
def test_hartree_fock_and_ccsd(name):
    molecule = find_molecule(name)
    found = reference_energies(build_hamiltonian(molecule), ("hf", "ccsd"))
    for method, energy in found.items():
        assert energy == pytest.approx(molecule.references[method], abs=1e-7)


@pytest.mark.parametrize("name", sorted(set(catalogue_names()) - HEAVY))
def test_full_ci(name):
    molecule = find_molecule(name)
    assert fci_energy(build_hamiltonian(molecule)) == pytest.approx(
        molecule.references["fci"], abs=1e-7
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HEAVY))
def test_full_ci_of_the_large_ones(name):
    test_full_ci(name)


def pyscf_mean_field(atoms, **options):
    from pyscf import gto, scf

    mol = gto.M(atom=atoms, basis="sto-3g", verbose=0, **options)
    mean_field = (scf.ROHF if mol.spin else scf.RHF)(mol)
    mean_field.set(conv_tol=1e-12).run()
    for _ in range(5):
        orbitals, _, stable, _ = mean_field.stability(return_status=True)
        if stable:
            break
        mean_field = mean_field.newton().set(conv_tol=1e-12)
        mean_field.kernel(orbitals, mean_field.mo_occ)
    return mean_field


def test_a_stretched_bond_has_its_own_energy_and_no_references():
    molecule = find_molecule("lih", {"bond": 2.2})
    assert not molecule.references
    expected = pyscf_mean_field("Li 0 0 0; H 0 0 2.2").e_tot
    found = reference_energies(build_hamiltonian(molecule), ("hf",))["hf"]
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("atoms", "spin"),
    [
        ("O 0 0 0; H 0 0 0.97", 1),
        pytest.param("O 0 0 0; O 0 0 1.2", 2, marks=pytest.mark.slow),
    ],
)
def test_open_shells(atoms, spin):
    from pyscf import fci

    molecule = find_molecule(atoms, spin=spin)
    hamiltonian = build_hamiltonian(molecule)
    mean_field = pyscf_mean_field(atoms, spin=spin)
    energies = reference_energies(hamiltonian, ("hf", "fci"))
    assert energies["hf"] == pytest.approx(mean_field.e_tot, abs=1e-8)
    assert energies["fci"] == pytest.approx(fci.FCI(mean_field).kernel()[0], abs=1e-7)


@pytest.mark.parametrize(
    ("space", "orbitals", "electrons"),
    [
        (ActiveSpace(electrons=6, n_orbitals=5), None, 6),
        (ActiveSpace(electrons=4, orbitals=(3, 4, 5, 6)), (3, 4, 5, 6), 4),
        (ActiveSpace(frozen_core=1), tuple(range(1, 7)), 8),
    ],
)
def test_active_spaces_against_casci(space, orbitals, electrons):
    from pyscf import gto, mcscf, scf

    molecule = find_molecule("h2o", active_space=space)
    hamiltonian = build_hamiltonian(molecule)
    atoms = [(a.symbol, a.position) for a in molecule.atoms]
    mol = gto.M(atom=atoms, basis="sto-3g", verbose=0)
    mean_field = scf.RHF(mol).set(conv_tol=1e-12).run()
    casci = mcscf.CASCI(mean_field, hamiltonian.norb, electrons)
    casci.verbose = 0
    chosen = None
    if orbitals is not None:
        chosen = casci.sort_mo([p + 1 for p in orbitals])
    expected = casci.kernel(chosen)[0]
    assert hamiltonian.n_electrons == electrons
    assert fci_energy(hamiltonian) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    "space",
    [
        ActiveSpace(electrons=2, n_orbitals=9),
        ActiveSpace(electrons=3, n_orbitals=3),
        ActiveSpace(electrons=12, n_orbitals=6),
        ActiveSpace(electrons=2, orbitals=(5, 5)),
        ActiveSpace(electrons=2, orbitals=(5, 99)),
        ActiveSpace(electrons=-2, n_orbitals=2),
        ActiveSpace(frozen_core=9),
        ActiveSpace(electrons=2),
        ActiveSpace(n_orbitals=2),
    ],
)
def test_active_spaces_that_do_not_fit(space):
    with pytest.raises(InputError):
        build_hamiltonian(find_molecule("h2o", active_space=space), cache=False)


def test_forbidden_integrals_are_zero_and_allowed_ones_are_not():
    h = build_hamiltonian(find_molecule("h2o"))
    label = np.array(h.irreps) % 10
    forbidden = (label[:, None] ^ label[None, :]) != 0
    assert not h.one_body[forbidden].any()
    assert set(h.irreps) == {0, 2, 3}


@pytest.mark.parametrize(
    ("bond", "lower"),
    rest_slow([(1.595, -7.86202386), (5.0, -7.58430074), (6.0, -7.56671022)], [(5.0, -7.58430074)]),
)
def test_the_lower_of_two_mean_fields_of_a_stretched_bond(bond, lower):
    """PySCF's default guess ends in higher minima of LiH: a curve through them has jumps."""
    from pyscf import gto, scf

    found = solve_mean_field(find_molecule("lih", {"bond": bond}))
    assert found.e_tot == pytest.approx(lower, abs=1e-7)
    mol = gto.M(atom=f"Li 0 0 0; H 0 0 {bond}", basis="sto-3g", verbose=0)
    for guess in ("minao", "atom", "1e", "huckel"):
        other = scf.RHF(mol).set(conv_tol=1e-11, init_guess=guess)
        other._chkfile.close()  # an unclosed file is a warning
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other.run(chkfile=None)
        assert not other.converged or found.e_tot < other.e_tot + 1e-7

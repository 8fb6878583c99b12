"""Orbitals and active spaces other than canonical ones, held against PySCF."""

from dataclasses import replace

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy, hartree_fock_energy
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian

KINDS = ["mp2-natural", "uhf-natural", "boys", "pipek-mezey", "edmiston-ruedenberg"]


@pytest.mark.parametrize("kind", KINDS)
def test_full_ci_does_not_depend_on_the_orbitals(kind):
    canonical = build_hamiltonian(find_molecule("h4-chain"))
    other = build_hamiltonian(find_molecule("h4-chain", orbitals=kind))
    assert fci_energy(other) == pytest.approx(fci_energy(canonical), abs=1e-9)
    overlap = other.frame.mole().intor("int1e_ovlp")
    c = other.frame.coefficients
    assert np.allclose(c.T @ overlap @ c, np.eye(4), atol=1e-10)


@pytest.mark.parametrize("kind", ["boys", "pipek-mezey", "edmiston-ruedenberg"])
def test_localised_orbitals_keep_the_determinant_and_localise(kind):
    from pyscf import lo

    canonical = build_hamiltonian(find_molecule("h4-chain"))
    local = build_hamiltonian(find_molecule("h4-chain", orbitals=kind))
    assert hartree_fock_energy(local) == pytest.approx(hartree_fock_energy(canonical), abs=1e-9)
    mol = local.frame.mole()
    spread = [lo.Boys(mol, h.frame.coefficients[:, :2]).cost_function(np.eye(2))
              for h in (canonical, local)]  # fmt: skip
    assert spread[1] < 0.8 * spread[0]
    # A bond on either side of the middle.
    assert np.abs(local.frame.coefficients[:2, 0]).min() > 0.5
    assert np.abs(local.frame.coefficients[2:, 0]).max() < 0.2


def test_mp2_natural_orbitals_diagonalise_the_mp2_density():
    from pyscf import gto, mp, scf

    h = build_hamiltonian(find_molecule("h2o", orbitals="mp2-natural"))
    mol = gto.M(atom=[(a.symbol, a.position) for a in h.frame.atoms], basis="sto-3g", verbose=0)
    mean_field = scf.RHF(mol).run(conv_tol=1e-12)
    solver = mp.MP2(mean_field).run()
    left = h.frame.coefficients.T @ mol.intor("int1e_ovlp") @ mean_field.mo_coeff
    density = left @ solver.make_rdm1() @ left.T
    assert np.abs(density - np.diag(density.diagonal())).max() < 1e-5
    assert np.all(np.diff(density.diagonal()) < 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("basis", rest_slow(["sto-3g", "6-31g"], ["sto-3g"]))
def test_automatic_spaces(basis):
    from pyscf import mcscf, scf
    from pyscf.mcscf import avas

    stretched = find_molecule(
        "n2", {"bond": 1.6}, active_space=ActiveSpace(selection="mp2", n_orbitals=6)
    )
    h = build_hamiltonian(stretched)
    assert (h.norb, h.n_electrons) == (6, 6)
    space = ActiveSpace(selection="avas", labels=("N 2p",))
    h = build_hamiltonian(find_molecule("n2", {"bond": 1.6}, basis=basis, active_space=space))
    mean_field = scf.RHF(h.frame.mole()).run(conv_tol=1e-12)
    lower, _ = mean_field.stability()
    mean_field = mean_field.newton().set(conv_tol=1e-12)
    mean_field.kernel(lower, mean_field.mo_occ)
    norb, nelec, orbitals = avas.avas(mean_field, ["N 2p"], verbose=0)
    assert (h.norb, h.n_electrons) == (norb, nelec)
    reference = mcscf.CASCI(mean_field, norb, nelec)
    reference.verbose = 0
    assert fci_energy(h) == pytest.approx(reference.kernel(orbitals)[0], abs=1e-7)


def test_uhf_natural_occupations_choose_the_broken_bond():
    space = ActiveSpace(selection="uhf")
    h = build_hamiltonian(find_molecule("h2", {"bond": 3.0}, basis="6-31g", active_space=space))
    assert (h.norb, h.n_electrons) == (2, 2)
    # Two electrons in two orbitals give nearly all of the dissociation that RHF gets wrong.
    assert fci_energy(h) < hartree_fock_energy(h) - 0.1


BAD = {
    "kind": ({"orbitals": "canonicle"}, "did you mean 'canonical'"),
    "selection": ({"active_space": ActiveSpace(selection="mp3")}, "unknown selection"),
    "both": (
        {"active_space": ActiveSpace(selection="mp2", frozen_core=1)},
        "chooses electrons and orbitals itself",
    ),
    "labels": ({"active_space": ActiveSpace(selection="avas")}, "needs labels"),
    "label": (
        {"active_space": ActiveSpace(selection="avas", labels=("N 3d",))},
        "unknown atomic orbital",
    ),
    "nothing": (
        {"active_space": ActiveSpace(selection="mp2", threshold=0.5)},
        "lower active_space.threshold",
    ),
    "threshold": ({"active_space": ActiveSpace(selection="mp2", threshold=2.0)}, "between 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_choices_are_one_line(name):
    options, message = BAD[name]
    with pytest.raises(InputError, match=message) as caught:
        build_hamiltonian(find_molecule("n2", **options))
    assert "\n" not in str(caught.value)


def test_the_frame_is_stored_and_gives_the_integrals_again(tmp_path):
    from qvopt_molecules.integrals import hamiltonian_in_frame

    h = build_hamiltonian(find_molecule("lih", active_space=ActiveSpace(2, 3)))
    save_hamiltonian(h, tmp_path / "h.npz")
    loaded = load_hamiltonian(tmp_path / "h.npz")
    assert loaded.frame.atoms == h.frame.atoms
    assert np.array_equal(loaded.frame.coefficients, h.frame.coefficients)
    again = hamiltonian_in_frame(loaded.frame, h.norb, h.n_alpha, h.n_beta)
    assert np.allclose(again.one_body, h.one_body, atol=1e-10)
    assert np.allclose(again.two_body, h.two_body, atol=1e-10)
    assert again.core_energy == pytest.approx(h.core_energy, abs=1e-10)


def test_a_space_that_does_not_fit_is_refused_before_the_mean_field(monkeypatch):
    from qvopt_molecules import mean_field

    monkeypatch.setattr(mean_field, "_lowest", lambda *a: pytest.fail("a mean field was solved"))
    molecule = find_molecule("lih")
    for space, reason in (
        (ActiveSpace(electrons=3, n_orbitals=1), "odd number"),
        (ActiveSpace(electrons=2, n_orbitals=9), "orbitals"),
        (ActiveSpace(frozen_core=5), "frozen|electrons"),
    ):
        with pytest.raises(InputError, match=reason):
            build_hamiltonian(replace(molecule, active_space=space), cache=False)


@pytest.mark.parametrize(
    ("space", "inside", "outside"),
    [
        ({"electrons": 2, "n_orbitals": 3}, "3", "4"),
        ({"electrons": 2, "orbitals": (1, 2, 4)}, "4", "3"),
        ({"selection": "mp2", "n_orbitals": 3}, "3", "4"),
        ({"electrons": 2, "n_orbitals": 4}, "", ""),
        ({"electrons": 2, "n_orbitals": 2}, "", ""),
        ({"frozen_core": 1}, "", ""),
    ],
)
def test_a_space_that_splits_degenerate_orbitals_is_noted(space, inside, outside):
    """The π pair of LiH: both, or none of it, or a note."""
    notes = build_hamiltonian(find_molecule("lih", active_space=ActiveSpace(**space))).notes
    assert len(notes) == bool(inside)
    if inside:
        assert f"it has {inside} and leaves out {outside}, of the same energy" in notes[0]

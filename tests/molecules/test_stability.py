"""Mean fields are stable and the lowest known; held against PySCF and finite differences."""

import numpy as np
import pytest
from pyscf import scf

from qvopt_molecules import orbital_rotations
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mean_field import build_mole, mean_field_of_molecule
from qvopt_molecules.orbital_choice import natural_orbitals
from qvopt_molecules.references import hartree_fock_energy
from qvopt_molecules.self_consistency import SelfConsistency
from qvopt_molecules.stability import orbital_modes


def chain(count, distance):
    return "; ".join(f"H 0 0 {distance * k}" for k in range(count))


@pytest.mark.parametrize(
    ("text", "spin"),
    [("O 0 0 0; H 0 0.1 1.0", 1), ("O 0 0 0; O 0 0 1.2", 2), ("H 0 0 0; F 0 0 0.9", 0)],
)
def test_the_hessian_is_the_second_derivative(text, spin):
    """Of ROHF too, where PySCF's lacks the coupling through the singly occupied orbitals."""
    solver = SelfConsistency(build_mole(find_molecule(text, spin=spin)), "x")
    field = solver.from_guess("minao")
    orbitals, occupations = field.mo_coeff, field.mo_occ
    _, product, diagonal = orbital_rotations.gradient_and_hessian(field, orbitals, occupations)
    analytic = 2 * orbital_rotations.hessian(product, diagonal.size)

    def energy(x):
        turned = orbital_rotations.turned(orbitals, occupations, x)
        return field.energy_tot(field.make_rdm1(turned, occupations))

    step = 2e-3 * np.eye(diagonal.size)
    for i, j in [(0, 0), *np.random.default_rng(0).integers(0, diagonal.size, (60, 2))]:
        a, b = step[i], step[j]
        numeric = (energy(a + b) - energy(a - b) - energy(b - a) + energy(-a - b)) / 1.6e-5
        assert numeric == pytest.approx(analytic[i, j], abs=2e-3)


# Lowest of 100 random starts of PySCF's second-order solver, instabilities followed.
LOWEST = {
    "h4-square": ("h4-square", {}, 0, -1.7792433),
    "a small square": ("h4-square", {"bond": 1.0}, 0, -1.7610751),
    "o2": ("O 0 0 0; O 0 0 1.2", {}, 2, -147.6324022),
    "b2": ("B 0 0 0; B 0 0 1.59", {}, 2, -48.3814940),
    "h3": ("H 0 0 0; H 1 0 0; H 0.5 0.866025403784 0", {}, 1, None),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in ("o2", "b2") else []) for n in LOWEST]
)
def test_the_lowest_mean_field(name):
    text, settings, spin, energy = LOWEST[name]
    molecule = find_molecule(text, settings, spin=spin)
    solved = mean_field_of_molecule(molecule)
    plain = SelfConsistency(build_mole(molecule), name)
    found = plain.from_density(_densities(solved.solution))
    assert orbital_modes(found)[0].min() > -1e-5
    if energy is not None:
        assert solved.solution.e_tot == pytest.approx(energy, abs=1e-6)
    rng = np.random.default_rng(5)
    for _ in range(6):
        step = rng.normal(size=orbital_rotations.n_rotations(found.mo_occ)) * 0.6
        start = orbital_rotations.turned(found.mo_coeff, found.mo_occ, step)
        other = plain.from_orbitals(start, found.mo_occ)
        assert other is None or other.e_tot > solved.solution.e_tot - 1e-6


def _densities(mean_field):
    from qvopt_molecules.self_consistency import spin_densities

    return spin_densities(mean_field)


@pytest.mark.slow
def test_a_septet_of_chromium():
    h = build_hamiltonian(find_molecule("Cr 0 0 0", spin=6), cache=False)
    assert hartree_fock_energy(h) == pytest.approx(-1032.2092353, abs=1e-6)
    assert any("below the lowest symmetric one" in note for note in h.notes)


@pytest.mark.slow
def test_notes_say_what_was_found():
    square = build_hamiltonian(find_molecule("h4-square"))
    assert any("degenerate frontier orbitals" in note for note in square.notes)
    assert build_hamiltonian(find_molecule("h2o")).notes == ()
    oxygen = build_hamiltonian(find_molecule("O 0 0 0; O 0 0 1.2", spin=2))
    assert any("breaks the point group D2h" in note for note in oxygen.notes)


def test_a_neighbour_is_continued_and_says_that_it_is_unstable():
    from qvopt_molecules.integrals import hamiltonian_in_frame

    square = find_molecule("h4-square")
    # Kept symmetric by PySCF: rounding alone decides where an iteration without symmetry ends.
    mol = build_mole(square)
    mol.symmetry = "D2h"
    symmetric = scf.RHF(mol.build(dump_input=False, parse_arg=False)).run(conv_tol=1e-12)
    assert symmetric.e_tot == pytest.approx(-1.70148936, abs=1e-7)
    frame = build_hamiltonian(square).frame
    from dataclasses import replace

    frame = replace(frame, coefficients=np.asarray(symmetric.mo_coeff))
    near = hamiltonian_in_frame(frame, 4, 2, 2)
    h = build_hamiltonian(square, near=near)
    assert hartree_fock_energy(h) == pytest.approx(-1.70148936, abs=1e-7)
    assert any("unstable" in note for note in h.notes)


@pytest.mark.slow
def test_broken_symmetry_does_not_collapse():
    solution = mean_field_of_molecule(find_molecule(chain(6, 2.0))).solution
    _, occupations = natural_orbitals(solution, "uhf-natural")
    assert np.allclose(occupations, [1.41, 1.29, 1.11, 0.89, 0.71, 0.59], atol=6e-3)
    solution = mean_field_of_molecule(find_molecule("n2", {"bond": 1.8})).solution
    _, occupations = natural_orbitals(solution, "uhf-natural")
    expected = [2, 2, 2, 2, 1.64, 1.18, 1.18, 0.82, 0.82, 0.36]
    assert np.allclose(occupations, expected, atol=6e-3)


def test_impossible_mp2_occupations_are_refused():
    molecule = find_molecule("n2", {"bond": 3.0})
    symmetric = SelfConsistency(build_mole(molecule), "x").from_guess("minao")
    with pytest.raises(InputError, match="uhf-natural"):
        natural_orbitals(symmetric, "mp2-natural")


def test_the_order_of_a_list_of_orbitals_does_not_matter():
    from qvopt_molecules.molecule import ActiveSpace

    energies = {
        hartree_fock_energy(
            build_hamiltonian(
                find_molecule("h2o", active_space=ActiveSpace(electrons=4, orbitals=order))
            )
        )
        for order in ((3, 4, 5, 6), (6, 5, 4, 3), (5, 3, 6, 4))
    }
    assert len(energies) == 1

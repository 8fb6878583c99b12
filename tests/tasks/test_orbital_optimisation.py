"""Orbital-optimised VQE against PySCF's CASSCF, its gradient against finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from qvopt import optimise_orbitals
from qvopt.tasks.orbital_optimisation import orbital_energy, orbital_gradient, rotations
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace


def test_the_orbital_gradient_by_finite_differences():
    h = build_hamiltonian(find_molecule("lih", basis="6-31g", active_space=ActiveSpace(2, 2)))
    rng = np.random.default_rng(0)
    one = np.array([[1.8, 0.1], [0.1, 0.2]])
    two = rng.standard_normal((2,) * 4)  # of the symmetry that integrals see
    for order in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = two + two.transpose(order)
    slope = orbital_gradient(h, h.frame, one, two)
    assert np.allclose(slope, -slope.T, atol=1e-12)

    def energy(p, q, angle):
        generator = np.zeros_like(slope)
        generator[p, q], generator[q, p] = angle, -angle
        turned = h.frame.coefficients @ expm(generator)
        return orbital_energy(h, replace(h.frame, coefficients=turned), one, two)

    for p, q in list(zip(*rotations(h), strict=True))[::3]:
        difference = (energy(p, q, 1e-4) - energy(p, q, -1e-4)) / 2e-4
        assert slope[p, q] == pytest.approx(difference, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "basis", "electrons", "orbitals"),
    [("lih", "6-31g", 2, 2), ("h4-chain", "sto-3g", 2, 2)],
)
def test_against_pyscf_casscf(name, basis, electrons, orbitals):
    from pyscf import mcscf, scf

    space = {"electrons": electrons, "n_orbitals": orbitals}
    found = optimise_orbitals({"name": name, "basis": basis, "active_space": space})
    h = build_hamiltonian(find_molecule(name, basis=basis))
    mean_field = scf.RHF(h.frame.mole()).run(conv_tol=1e-12)
    reference = mcscf.CASSCF(mean_field, orbitals, electrons)
    reference.verbose, reference.conv_tol = 0, 1e-10
    expected = reference.kernel(h.frame.coefficients)[0]
    assert found.converged
    assert found.energy == pytest.approx(expected, abs=1e-6)
    assert found.energy < found.energies[0] - 1e-4


@pytest.mark.parametrize(
    ("molecule", "options", "message"),
    [
        ("h2", {}, "nothing to rotate"),
        ("lih", {"shots": 100}, "leave shots out"),
        ("hubbard-chain", {}, "needs a molecule"),
        ("lih", {"tolerance": 2.0}, "tolerance"),
    ],
)
def test_bad_input_is_one_line(molecule, options, message):
    with pytest.raises(InputError, match=message) as caught:
        optimise_orbitals(molecule, **options)
    assert "\n" not in str(caught.value)

"""Orbital-optimised VQE against PySCF's CASSCF, its gradient against finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from pyscf import mcscf, scf
from pyscf.fci import direct_spin1
from scipy.linalg import expm
from slow_cases import rest_slow

from qvopt import optimize_orbitals
from qvopt.tasks.curvature import lowest_curvature
from qvopt.tasks.orbital_derivatives import (
    orbital_gradient,
    orbital_hessian,
    rotations,
)
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian, hamiltonian_in_frame
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
        there = replace(h.frame, coefficients=turned)
        g = hamiltonian_in_frame(there, h.norb, h.n_alpha, h.n_beta)
        return g.core_energy + np.sum(g.one_body * one) + 0.5 * np.sum(g.two_body * two)

    for p, q in list(zip(*rotations(h), strict=True))[::3]:
        difference = (energy(p, q, 1e-4) - energy(p, q, -1e-4)) / 2e-4
        assert slope[p, q] == pytest.approx(difference, abs=1e-6)


def test_the_orbital_hessian_by_finite_differences():
    h = build_hamiltonian(find_molecule("h2o", basis="sto-3g", active_space=ActiveSpace(4, 4)))
    rng = np.random.default_rng(1)
    psi = rng.standard_normal((6, 6))
    one, two = direct_spin1.make_rdm12(psi / np.linalg.norm(psi), 4, (2, 2))
    pairs = rotations(h)
    n = len(pairs[0])

    def slope(kappa):
        generator = np.zeros((7, 7))
        generator[pairs] = kappa
        turned = h.frame.coefficients @ expm(generator - generator.T)
        return orbital_gradient(h, replace(h.frame, coefficients=turned), one, two)[pairs]

    jacobian = np.array([(slope(1e-4 * v) - slope(-1e-4 * v)) / 2e-4 for v in np.eye(n)])
    hessian = orbital_hessian(h, h.frame, one, two)
    # Rotations one after another differ from the exponential of their sum antisymmetrically.
    assert np.allclose(hessian, (jacobian + jacobian.T) / 2, atol=1e-5)


@pytest.mark.parametrize(("shift", "negative"), [(0.0, False), (0.5, True)])
def test_the_lowest_curvature_of_known_matrices(shift, negative):
    rng = np.random.default_rng(2)
    axes, _ = np.linalg.qr(rng.standard_normal((40, 40)))
    values = np.geomspace(0.01, 100, 40)
    coupled = rng.standard_normal((40, 3)) * np.sqrt(values)[:, None]
    coupled *= np.sqrt((0.6 + shift) / np.linalg.eigvalsh(coupled.T / values @ coupled).max())
    hessian = axes @ (np.diag(values) - coupled @ coupled.T) @ axes.T
    calls = []
    lowest, v = lowest_curvature(
        lambda u: calls.append(u) or hessian @ u, values**-0.5, axes, np.random.default_rng(0)
    )
    truth = np.linalg.eigvalsh(hessian)[0]
    assert (truth < 0) == negative
    assert len(calls) < 12
    if negative:
        assert lowest < 0
        assert v @ hessian @ v < 0
    else:
        assert lowest == pytest.approx(0.4, abs=0.02)


def casscf(h, electrons, orbitals, start, noise=0.0):
    """PySCF's energy from orbitals, turned a little off them by noise."""
    mean_field = scf.RHF(h.frame.mole()).run(conv_tol=1e-12)
    turn = noise * np.random.default_rng(0).standard_normal((start.shape[1],) * 2)
    solver = mcscf.CASSCF(mean_field, orbitals, electrons)
    solver.verbose, solver.conv_tol = 0, 1e-10
    solver.fix_spin_(ss=0)
    return solver.kernel(start @ expm(turn - turn.T))[0]


@pytest.mark.parametrize(
    ("name", "basis", "electrons", "saddle"),
    [
        pytest.param("lih", "6-31g", 2, 0.0, marks=pytest.mark.slow),
        ("h4-chain", "sto-3g", 2, 0.005),
        pytest.param("h2o", "6-31g", 4, -5e-5, marks=pytest.mark.slow),
    ],
)
def test_against_pyscf_casscf(name, basis, electrons, saddle):
    space = {"electrons": electrons, "n_orbitals": electrons}
    found = optimize_orbitals({"name": name, "basis": basis, "active_space": space})
    h = build_hamiltonian(find_molecule(name, basis=basis))
    # UCCSD is exact for two electrons.
    worst = 1e-6 if electrons == 2 else 5e-5
    assert found.converged
    # From there PySCF goes no further down; from canonical orbitals it stays on saddles, but for
    # water's, which it leaves by its rounding.
    reference = casscf(h, electrons, electrons, found.hamiltonian.frame.coefficients, noise=0.03)
    assert -1e-6 < found.energy - reference < worst
    canonical = casscf(h, electrons, electrons, h.frame.coefficients)
    assert found.energy < canonical - saddle + 1e-6
    assert found.energy < found.energies[0] - 1e-4


@pytest.mark.slow
def test_a_saddle_of_the_canonical_orbitals_is_left():
    space = {"electrons": 2, "n_orbitals": 2}
    found = optimize_orbitals({"name": "h4-chain", "active_space": space})
    assert found.converged
    assert found.saddles == 1
    assert found.runs > len(found.energies)
    cut = optimize_orbitals({"name": "h4-chain", "active_space": space}, max_rounds=5)
    assert not cut.converged
    assert (cut.saddles, cut.runs) == (0, 5)
    assert cut.energy > found.energy + 0.005


@pytest.mark.parametrize(
    "ansatz",
    rest_slow(
        [
            {"name": "uccsd", "point_group": True},
            {"name": "uccsd", "order": "mp2"},
            {"name": "adapt", "pool": "fermionic"},
        ],
        lambda ansatz: "point_group" in ansatz,
    ),
)
def test_circuits_that_depend_on_the_orbitals_are_those_of_the_first(ansatz):
    molecule = {"name": "lih", "basis": "6-31g", "active_space": {"electrons": 2, "n_orbitals": 2}}
    found = optimize_orbitals(molecule, ansatz=ansatz, tolerance=1e-4)
    assert found.converged
    assert found.energy == pytest.approx(-7.995833, abs=1e-6)  # as above


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
        optimize_orbitals(molecule, **options)
    assert "\n" not in str(caught.value)

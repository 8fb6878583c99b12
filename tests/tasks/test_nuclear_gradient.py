"""Nuclear gradients and relaxation against PySCF."""

import json

import numpy as np
import pytest
from command_line import command_line
from pyscf.fci import direct_spin1

from qvopt import relax, run
from qvopt.engine.assembly import assemble
from qvopt.engine.states import components, numbers_of, turned
from qvopt.experiment.specification import make_experiment
from qvopt.measurement.density import MeasuredDensity, density_settings
from qvopt.measurement.density_outcomes import DensityOutcomes
from qvopt.tasks.nuclear_gradient import (
    BOHR,
    displaced,
    gradient_from_matrices,
    integral_derivatives,
)
from qvopt.tasks.properties import density_matrices
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy, hartree_fock_energy
from qvopt_molecules.states import fci_state

TIGHT = {"optimizer": {"name": "l-bfgs", "tolerance": 1e-9}, "max_steps": 2000}


@pytest.fixture(scope="module")
def lih():
    """LiH off its equilibrium, two electrons in three orbitals: UCCSD is exact."""
    spec = {"name": "lih", "set": {"bond": 1.9},
            "active_space": {"electrons": 2, "n_orbitals": 3}}  # fmt: skip
    assembly = assemble(make_experiment({"molecule": spec, **TIGHT}))
    x = run(assembly.experiment).x
    molecule = find_molecule("lih", {"bond": 1.9}, active_space=ActiveSpace(2, 3))
    return assembly, x, integral_derivatives(molecule, assembly.hamiltonian)


def test_against_pyscf_casci(lih):
    from pyscf import mcscf, scf

    assembly, x, derivatives = lih
    matrices = density_matrices(components(assembly, x), 3)
    found = gradient_from_matrices(derivatives, *matrices)
    mean_field = scf.RHF(assembly.hamiltonian.frame.mole()).run(conv_tol=1e-12)
    solver = mcscf.CASCI(mean_field, 3, 2)
    solver.verbose = 0
    solver.kernel()
    reference = solver.nuc_grad_method()
    reference.verbose = 0
    assert np.allclose(found, reference.kernel(), atol=2e-6)
    assert np.allclose(found.sum(axis=0), 0.0, atol=1e-6)  # nothing pushes the whole molecule


def test_measured_gradients_are_unbiased(lih):
    assembly, x, derivatives = lih
    parts = components(assembly, x)
    exact = gradient_from_matrices(derivatives, *density_matrices(parts, 3))
    settings, numbers = density_settings(3), numbers_of(parts, 3)
    rng = np.random.default_rng(8)
    scores = []
    for _ in range(40):
        outcomes = []
        for s in settings:
            p = np.concatenate([turned(q, s.rotation, s.turns).reshape(-1) for q in parts])
            outcomes.append(
                DensityOutcomes.from_occupations(numbers, rng.multinomial(400, p / p.sum()))
            )
        measured, d = MeasuredDensity(3, settings, outcomes), derivatives[5]
        force = measured.estimate(d.core, d.one, 0.5 * d.two)
        scores.append((force.value - exact[1, 2]) / force.stderr)
    assert abs(np.mean(scores)) < 5 / np.sqrt(40)
    assert 0.6 < np.std(scores) < 1.5


@pytest.mark.slow
def test_relaxed_hydrogen_is_at_pyscfs_minimum(tmp_path):
    from pyscf import fci, gto, scf
    from scipy.optimize import minimize_scalar

    def energy(bond):
        mol = gto.M(atom=f"H 0 0 0; H 0 0 {bond}", basis="sto-3g", verbose=0)
        return fci.FCI(scf.RHF(mol).run(conv_tol=1e-12)).kernel()[0]

    best = minimize_scalar(energy, bounds=(0.6, 0.9), method="bounded", options={"xatol": 1e-6})
    command = ["relax", "h2", "--set", "bond=0.9", "--tolerance", "1e-4", "--json",
               "--out", str(tmp_path / "r")]  # fmt: skip
    done = command_line(*command)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    words = document["geometry"].replace(";", " ").split()
    bond = float(words[7]) - float(words[3])
    assert abs(bond) == pytest.approx(best.x, abs=3e-4)
    assert document["energy"] == pytest.approx(best.fun, abs=1e-6)
    assert (tmp_path / "r" / "path.xyz").read_text().startswith("2\nstep 0")
    # Again: the runs are there, and the same path comes out.
    again = command_line(*command)
    assert json.loads(again.stdout) == document


@pytest.mark.parametrize(
    ("molecule", "options", "message"),
    [
        ("h2", {"shots": 100}, "leave shots out"),
        ("h2", {"tolerance": 0.0}, "tolerance"),
        ("hubbard-chain", {}, "only a molecule"),
    ],
)
def test_bad_input_is_one_line(molecule, options, message):
    with pytest.raises(InputError, match=message) as caught:
        relax(molecule, **options)
    assert "\n" not in str(caught.value)
    assert pytest.approx(0.529177, abs=1e-6) == BOHR


def test_automatic_spaces_have_no_gradient():
    from qvopt_molecules.integrals import build_hamiltonian

    space = ActiveSpace(selection="mp2", n_orbitals=2)
    molecule = find_molecule("lih", active_space=space)
    with pytest.raises(InputError, match="give the counts it found"):
        integral_derivatives(molecule, build_hamiltonian(molecule))


@pytest.mark.slow
def test_the_gradient_stays_on_its_mean_field():
    """Of water with both bonds at 2.5 Å: displaced geometries solved afresh would find another."""
    near = build_hamiltonian(find_molecule("h2o", {"bond": 1.8}))
    molecule = find_molecule("h2o", {"bond": 2.5})
    h = build_hamiltonian(molecule, near=near)
    energies = []
    for sign in (1.0, -1.0):
        moved = displaced(molecule, sign * 1e-3 * BOHR * np.eye(9)[3].reshape(3, 3))
        energies.append(fci_energy(build_hamiltonian(moved, near=h)))
    one, two = direct_spin1.make_rdm12(fci_state(h), h.norb, (h.n_alpha, h.n_beta))
    gradient = gradient_from_matrices(integral_derivatives(molecule, h), one, two)
    assert gradient[1, 0] == pytest.approx((energies[0] - energies[1]) / 2e-3, abs=1e-5)
    assert hartree_fock_energy(h) > hartree_fock_energy(build_hamiltonian(molecule)) + 0.05


@pytest.mark.parametrize("name", ["h4-chain", "h3+", "h2o", "nh3", "ch4"])
def test_symmetric_displacements_keep_the_group_and_hold_the_gradient(name):
    """PySCF's RHF gradient has no other part, and PySCF finds the group of displaced atoms."""
    from pyscf import grad, symm

    from qvopt_molecules.mean_field import build_mole
    from qvopt_molecules.point_group import symmetric_displacements, symmetric_geometry

    atoms, group = symmetric_geometry(find_molecule(name).atoms)
    along = symmetric_displacements(atoms, group)
    flat = along.reshape(len(along), -1)
    assert flat @ flat.T == pytest.approx(np.eye(len(along)), abs=1e-12)
    moved = [
        (a.symbol, np.array(a.position) + d)
        for a, d in zip(atoms, np.tensordot(0.05 * np.arange(1, len(along) + 1), along, axes=1),
                        strict=True)
    ]  # fmt: skip
    kept = symm.detect_symm(moved)[0]
    kept = symm.std_symb({"Dooh": "D2h", "Coov": "C2v"}.get(kept, kept))
    orders = {"C1": 1, "Cs": 2, "Ci": 2, "C2": 2, "C2v": 4, "C2h": 4, "D2": 4, "D2h": 8}
    assert orders.get(kept, 4) >= orders[group.name]
    molecule = find_molecule(name)
    field = build_mole(molecule).RHF().run(conv_tol=1e-11)
    gradient = grad.RHF(field).kernel()
    inside = np.tensordot(np.tensordot(along, gradient, axes=2), along, axes=1)
    assert inside == pytest.approx(gradient, abs=1e-6)


@pytest.mark.slow
def test_a_chain_relaxes_into_two_molecules(tmp_path):
    """Two hydrogen molecules far apart: nearly degenerate orbitals, at PySCF's full CI minimum."""
    from qvopt import relax

    found = relax("h4-chain", tolerance=2e-3)
    assert found.converged
    z = sorted(a.position[2] for a in found.final.atoms)
    assert z[1] - z[0] == pytest.approx(0.7349, abs=3e-3)  # of H2 in STO-3G
    assert z[3] - z[2] == pytest.approx(z[1] - z[0], abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["h2", "heh+", "h3+", "h4-square", "lih", "h2o", "h6-chain"])
def test_catalogue_molecules_relax_with_symmetry(name):
    from qvopt import relax

    found = relax(name, tolerance=3e-3, max_geometries=25)
    assert found.converged, found.message


@pytest.mark.slow
@pytest.mark.parametrize("name", ["h2", "lih", "heh+", "h3+", "beh2", "h2o"])
def test_relaxed_geometries_are_minima_of_full_ci(name):
    """The forces of PySCF's full CI by differences of its energies, at our geometry."""
    from pyscf import fci, gto, scf

    from qvopt import relax

    relaxed = relax(name, tolerance=1e-3)
    assert relaxed.converged, relaxed.message
    symbols = [a.symbol for a in relaxed.final.atoms]
    positions = np.array([a.position for a in relaxed.final.atoms])

    def full_ci(displaced):
        mol = gto.M(atom=list(zip(symbols, displaced.tolist(), strict=True)), basis="sto-3g",
                    charge=int(name.endswith("+")), verbose=0)  # fmt: skip
        return fci.FCI(scf.RHF(mol).run(conv_tol=1e-11)).kernel()[0]

    assert relaxed.final.energy == pytest.approx(full_ci(positions), abs=5e-4)
    for atom in range(len(symbols)):
        for axis in range(3):
            step = np.zeros_like(positions)
            step[atom, axis] = 2e-3
            slope = (full_ci(positions + step) - full_ci(positions - step)) / 4e-3
            assert abs(slope) * 0.529177 < 1.5e-3  # Hartree per bohr

"""Properties against PySCF's full CI, and measured ones against exact ones."""

import json

import numpy as np
import pytest
from command_line import command_line
from slow_cases import rest_slow

from qvopt import run, run_properties
from qvopt.engine.assembly import assemble
from qvopt.engine.states import Component
from qvopt.experiment.specification import make_experiment
from qvopt.measurement.density import MeasuredDensity, density_settings
from qvopt.measurement.density_outcomes import DensityOutcomes
from qvopt.tasks.properties import _overlap, exact_properties, measured_properties
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import BudgetExceededError, InputError
from qvopt_molecules.fcidump import write_fcidump
from qvopt_molecules.frozen import freeze
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.states import fci_ground_space


def assembly_and_point(data, spread=0.3):
    assembly = assemble(make_experiment(data))
    rng = np.random.default_rng(5)
    return assembly, spread * rng.standard_normal(assembly.circuit.n_parameters)


def pyscf_casci(name, frozen, norb, nelec):
    from pyscf import gto, mcscf, scf

    atoms = [(a.symbol, a.position) for a in find_molecule(name).atoms]
    mol = gto.M(atom=atoms, basis="sto-3g", verbose=0)
    mean_field = scf.RHF(mol).run(conv_tol=1e-12)
    solver = mcscf.CASCI(mean_field, norb, nelec)
    solver.verbose = 0
    solver.fcisolver.conv_tol = 1e-13
    solver.kernel()
    return mean_field, solver


def test_full_ci_state_against_pyscf(tmp_path):
    """H2 in 6-31G: UCCSD is exact; active LiH: nearly."""
    molecule = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 5}}
    run(molecule, out=tmp_path / "run", optimizer={"name": "l-bfgs", "tolerance": 1e-9},
        max_steps=1000)  # fmt: skip
    found = run_properties(tmp_path / "run")
    mean_field, solver = pyscf_casci("lih", 1, 5, 2)
    dipole = mean_field.dip_moment(dm=solver.make_rdm1(), unit="Debye", verbose=0)
    values = [d.value for d in found.dipole]
    assert np.allclose(values, dipole, atol=2e-4)
    one, two = solver.fcisolver.make_rdm12(solver.ci, 5, (1, 1))
    natural = np.linalg.eigvalsh(one)[::-1]
    assert np.allclose([o.value for o in found.occupations], natural, atol=1e-4)
    assert found.overlap == pytest.approx(1.0, abs=1e-6)
    assert found.spin_squared.value == pytest.approx(0.0, abs=1e-6)
    assert found.electrons.value == pytest.approx(2.0, abs=1e-10)
    # Up to the orbitals' signs, by what does not depend on them.
    assert np.allclose(np.abs(found.one), np.abs(one), atol=2e-4)
    assert np.allclose(np.abs(found.two), np.abs(two), atol=2e-4)


@pytest.mark.parametrize(
    ("atoms", "spin", "level"),
    [("O 0 0 0; H 0 0 0.97", 1, 2), pytest.param("C 0 0 0", 2, 3, marks=pytest.mark.slow)],
)
def test_overlap_is_with_the_whole_degenerate_level(atoms, spin, level):
    """Of a Π radical or a P atom any member of the level is the ground state."""
    molecule = {"name": atoms, "spin": spin}
    assembly = assemble(make_experiment({"molecule": molecule, "ansatz": "uccgsd"}))
    space = fci_ground_space(assembly.molecular)
    assert len(space) == level
    overlaps = []
    for k in range(level):
        parts = [Component(assembly.molecular.n_alpha, assembly.molecular.n_beta, space[k] + 0j)]
        overlaps.append(_overlap(assembly.molecular, parts))
    assert np.allclose(overlaps, 1.0, atol=1e-9)
    reached = run(molecule, ansatz="uccgsd", max_steps=1000)
    found = exact_properties(assembly, reached.x)
    assert reached.error == pytest.approx(0.0, abs=1e-5)
    assert found.overlap == pytest.approx(1.0, abs=1e-4)


@pytest.mark.slow
def test_open_shell_spin():
    data = {"molecule": {"name": "O 0 0 0; O 0 0 1.2", "spin": 2,
                         "active_space": {"electrons": 4, "n_orbitals": 3}}}  # fmt: skip
    assembly, x = assembly_and_point(data, 0.0)
    found = exact_properties(assembly, x)
    assert found.spin_squared.value == pytest.approx(2.0, abs=1e-9)


@pytest.mark.parametrize("backend", ["lightning", "aer"])
@pytest.mark.parametrize("mapping", ["jordan-wigner", "parity-reduced", "bravyi-kitaev"])
def test_backends_and_mappings_agree(backend, mapping):
    assembly, x = assembly_and_point({"molecule": "h2"})
    other = assemble(make_experiment({"molecule": "h2", "backend": backend, "mapping": mapping}))
    a, b = exact_properties(assembly, x), exact_properties(other, x)
    assert np.allclose(a.one, b.one, atol=1e-9)
    assert np.allclose(a.two, b.two, atol=1e-9)
    assert a.overlap == pytest.approx(b.overlap, abs=1e-9)


SAMPLED = {
    "excitations": {"molecule": {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 3}}},
    "no electron number": {"molecule": "h2", "ansatz": "hardware-efficient",
                           "backend": "lightning"},
}  # fmt: skip


@pytest.mark.parametrize("name", rest_slow(SAMPLED, ["excitations"]))
def test_measured_values_are_unbiased_and_their_errors_honest(name):
    assembly, x = assembly_and_point(SAMPLED[name])
    exact = exact_properties(assembly, x)
    repeats = 60
    scores, matrix = [], []
    for seed in range(repeats):
        found = measured_properties(assembly, x, 6000, seed=seed)
        pairs = [
            (found.energy, exact.energy),
            (found.spin_squared, exact.spin_squared),
            (found.dipole[2], exact.dipole[2]),
            (found.occupations[0], exact.occupations[0]),
        ]
        scores.append([(a.value - b.value) / a.stderr for a, b in pairs])  # fmt: skip
        matrix.append((found.two - exact.two)[0, 0, -1, -1] / found.two_errors[0, 0, -1, -1])
    scores = np.array(scores)
    # Means within 5 standard errors, spreads within what 60 repeats allow at 1e-6.
    assert np.all(np.abs(scores[:, :3].mean(axis=0)) < 5 / np.sqrt(repeats))
    assert np.all((scores.std(axis=0) > 0.6) & (scores.std(axis=0) < 1.5))
    assert 0.6 < np.std(matrix) < 1.5


def test_settings_determine_everything_exactly():
    """From exact means, the inversion returns the exact matrices, imaginary parts filtered."""
    from qvopt.engine.states import components, numbers_of, turned

    data = SAMPLED["no electron number"]
    assembly, x = assembly_and_point(data)
    exact = exact_properties(assembly, x)
    parts = components(assembly, x)
    assert max(np.abs(p.psi.imag).max() for p in parts) > 0.01
    settings, numbers = density_settings(2), numbers_of(parts, 2)
    outcomes = []
    for setting in settings:
        p = np.concatenate([turned(q, setting.rotation, setting.turns).reshape(-1) for q in parts])
        outcomes.append(DensityOutcomes.from_occupations(numbers, 1e6 * p))
    measured = MeasuredDensity(2, settings, outcomes)
    assert np.allclose(measured.one, exact.one, atol=1e-9)
    assert np.allclose(measured.two, exact.two, atol=1e-9)


def test_circuits_of_the_settings_agree_with_the_amplitudes():
    """Noisy Aer with no noise worth the name, outcome for outcome."""
    quiet = {"name": "aer", "noise": {"readout": 1e-9}}
    data = {"molecule": "h2", "backend": quiet, "shots": 500}
    assembly, x = assembly_and_point(data)
    exact = exact_properties(assembly_and_point({"molecule": "h2"})[0], x)
    found = measured_properties(assembly, x, 40_000)
    assert abs(found.energy.value - exact.energy.value) < 5 * found.energy.stderr
    assert np.all(np.abs(found.two - exact.two) < 5 * found.two_errors + 1e-9)
    assert found.overlap is None


def test_properties_are_paid_once_and_count(tmp_path):
    folder = tmp_path / "run"
    run("h2", shots=400, max_steps=3, seed=4, out=folder, budget={"shots": 40_000})
    first = run_properties(folder, shots=2000)
    again = run_properties(folder, shots=2000)
    assert first.document() == again.document()
    shown = command_line("show", folder, "--json")
    costs = json.loads(shown.stdout)["costs"]
    own = {"evaluations": 1, "circuits": first.circuits, "shots": 2000}
    assert own.items() <= costs["properties"].items()
    with pytest.raises(BudgetExceededError):
        run_properties(folder, shots=39_000)
    # The run goes on with the account it has.
    resumed = command_line("resume", folder, "--max-steps", "5", "--json", "-q")
    assert json.loads(resumed.stdout)["costs"]["properties"]["shots"] == 2000


def test_results_are_typed_and_name_their_units(tmp_path):
    run("h2", shots=400, max_steps=1, out=tmp_path / "r")
    found = run_properties(tmp_path / "r", shots=2000)
    rows = {row["property"]: row for row in found.rows()}
    assert rows["energy_hartree"]["value"] == found.energy.value
    assert rows["dipole_z_debye"]["stderr"] == found.dipole[2].stderr
    assert list(found.frame().columns) == ["property", "value", "stderr"]
    written = json.loads((tmp_path / "r" / "properties.json").read_text())
    assert written == found.document()
    assert found.at == "average"


def test_command_and_fcidump(tmp_path):
    hamiltonian = build_hamiltonian(find_molecule("h2"))
    freeze(hamiltonian)  # of the same integrals, but with orbitals: another problem's
    write_fcidump(hamiltonian, tmp_path / "h2.fcidump")
    run(str(tmp_path / "h2.fcidump"), out=tmp_path / "run")
    done = command_line("properties", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "no orbitals known" in done.stdout
    assert "natural occupations" in done.stdout
    assert run_properties(tmp_path / "run").dipole is None


def test_bad_input_is_one_line(tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        run_properties(tmp_path / "none")
    assembly, x = assembly_and_point({"molecule": "h2"})
    with pytest.raises(InputError, match="at least"):
        measured_properties(assembly, x, 3)
    other = assemble(
        make_experiment({"molecule": "h2", "backend": "lightning", "mapping": "parity"})
    )
    with pytest.raises(InputError, match="jordan-wigner"):
        measured_properties(other, x, 3000)
    with pytest.raises(InputError, match="at most 10 orbitals"):
        density_settings(11)

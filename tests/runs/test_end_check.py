"""What a run says of the state that it ends in, and of the energy that this is held against."""

import json

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import run
from qvopt.backends.batch import Point
from qvopt.cli.output import result_rows
from qvopt.engine.states import components
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.registry import optimizer_names
from qvopt.runs.folder import RunFolder
from qvopt.runs.session import Session
from qvopt.runs.stored import stored_result
from qvopt_molecules.errors import InputError

FREE = {"ansatz": "real-amplitudes", "backend": "lightning"}
NONE = {"electrons": 0, "s_z": 0, "s2": 0}
SMALL = {"electrons": 2, "n_orbitals": 2}
CH2 = {"name": "C 0 0 0; H 0 0.86 0.7; H 0 -0.86 0.7", "active_space": {"frozen_core": 1}}


def rows(result):
    return {name: (value, note) for name, value, note in result_rows(result) if name}


def test_an_energy_below_the_exact_one_is_not_called_converged(tmp_path):
    result = run("h3+", constraints=NONE, out=tmp_path / "r", **FREE)
    assert result.error < -0.05  # three electrons, not two
    assert result.status == "below-exact"
    assert result.exit_code == 1
    assert "⟨N⟩ = 3.000, not 2" in result.message
    assert result.numbers.electrons == pytest.approx(3, abs=1e-3)
    again = stored_result(RunFolder.open(tmp_path / "r"))
    assert (again.status, again.message) == (result.status, result.message)
    assert again.numbers == result.numbers
    assert json.loads((tmp_path / "r" / "result.json").read_text())["state"]["electrons"] > 2.9


def test_penalties_keep_the_electrons_and_are_not_in_the_energy():
    result = run("h3+", **FREE)
    assert result.status == "converged"
    assert result.error > -1e-6
    assert result.problem["constraints"] == {"electrons": 1.0, "s_z": 1.0, "s2": 0.5}
    assert result.numbers.electrons == pytest.approx(2, abs=1e-4)
    with Session.begin(make_experiment({"molecule": "h3+", **FREE}), store=False) as session:
        evaluator = session.assembly.evaluator
        x = np.full(len(session.assembly.start), 0.3)
        (_, *others) = components(session.assembly, x)
        assert others  # another electron number has weight there
        bare = evaluator.reported.exact_energy(x)
        assert evaluator.exact_energy(x) > bare + 0.1
        # Dense algebra: the state and the qubit Hamiltonian without penalties.
        program = evaluator.reported.program
        (vector,) = program.states([Point(x)])
        matrix = program.problem.observable.to_sparse()
        assert bare == pytest.approx(float(np.vdot(vector, matrix @ vector).real), abs=1e-10)


def test_penalties_under_shots_are_paid_and_not_reported():
    settings = {"shots": 4000, "max_steps": 3, "optimizer": "spsa", "seed": 3}
    with_them = run("h2", **FREE, **settings)
    without = run("h2", **FREE, **settings, constraints=NONE)
    assert with_them.status == "max-steps"
    assert abs(with_them.energy - with_them.exact) < 6 * with_them.stderr
    assert not np.array_equal(with_them.x, without.x)


@pytest.mark.parametrize("name", ["electrons", "s_z"])
def test_a_weight_on_what_is_conserved_is_refused(name):
    with pytest.raises(InputError, match="has no effect: ansatz uccsd conserves"):
        run("h2", constraints={name: 1.0})


def test_a_penalty_for_spin_keeps_the_singlet():
    with pytest.raises(InputError, match="lightning"):
        run("h2", constraints={"s2": 1.0})
    held = run("h4-chain", backend="lightning", constraints={"s2": 2.0}, max_steps=30)
    assert held.numbers.s2 < 1e-3


def test_orbital_groups_are_refused_where_electrons_are_not_conserved():
    with pytest.raises(InputError, match="which ansatz real-amplitudes does not conserve"):
        run("h2", shots=1000, measurement={"grouping": "basis-rotation"}, constraints=NONE, **FREE)
    with pytest.raises(InputError, match="no penalties"):
        run("h2", shots=1000, measurement={"grouping": "basis-rotation"}, **FREE)


def test_numbers_of_an_open_shell():
    oh = {
        "name": "O 0 0 0; H 0 0 0.97",
        "spin": 1,
        "active_space": {"electrons": 5, "n_orbitals": 4},
    }
    result = run(oh, max_steps=4)
    assert result.numbers.electrons == pytest.approx(5)
    assert result.numbers.s_z == pytest.approx(0.5)
    assert result.numbers.s2 == pytest.approx(0.75, abs=0.1)


@pytest.mark.parametrize(
    "mapping",
    rest_slow(
        ["jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev", "jordan-wigner-tapered"],
        ["parity-reduced", "jordan-wigner-tapered"],
    ),
)
def test_numbers_are_the_same_in_every_mapping(mapping):
    ansatz = {"name": "uccsd", "point_group": True}
    result = run("h3+", mapping=mapping, backend="lightning", ansatz=ansatz, max_steps=5)
    assert result.numbers.electrons == pytest.approx(2, abs=1e-9)
    assert result.numbers.s2 == pytest.approx(0, abs=1e-9)
    sector = run("h3+", ansatz=ansatz, max_steps=5)
    assert result.exact == pytest.approx(sector.exact, abs=1e-5)


@pytest.mark.slow
def test_expectation_values_of_a_vendor_leave_the_state_unchecked():
    pytest.importorskip("qiskit_ibm_runtime")
    settings = {"shots": 200, "max_steps": 1, "optimizer": "spsa", "budget": {"jobs": 9}}
    result = run("h2", backend={"name": "ibm:fake_manila", "resilience": 0}, **settings)
    assert result.numbers is None
    assert rows(result)["state"][0] == "not checked"


def test_more_electrons_than_asked_for_show_on_a_noisy_device_too():
    noisy = {"name": "aer", "noise": {"readout": 1e-4}}
    best = run("h3+", constraints=NONE, seed=1, **FREE)  # three electrons
    settings = {"start": best.x.tolist(), "shots": 20_000, "max_steps": 0}
    result = run("h3+", constraints=NONE, ansatz="real-amplitudes", backend=noisy, **settings)
    assert result.numbers.electrons == pytest.approx(3, abs=0.05)
    assert result.status == "max-steps"
    assert "⟨N⟩ = " in result.message


@pytest.mark.parametrize(
    ("molecule", "least"),
    rest_slow(
        [("h3+", 0.5), ("h2", 0.99), ("heh+", 0.99), ("lih", 0.01)], [("h2", 0.99), ("h3+", 0.5)]
    ),
)
@pytest.mark.parametrize("ansatz", ["real-amplitudes", "efficient-su2"])
def test_circuits_of_rotations_go_below_hartree_fock(molecule, least, ansatz):
    space = {"active_space": {"electrons": 2, "orbitals": [1, 2, 5]}} if molecule == "lih" else {}
    result = run({"name": molecule, **space}, ansatz=ansatz, backend="lightning", max_steps=60)
    assert result.correlation > least
    assert result.error > -1e-6
    assert result.numbers.electrons == pytest.approx(2, abs=1e-3)


def test_a_run_that_stays_at_hartree_fock_says_so():
    blocks = {"name": "real-amplitudes", "order": "qubits"}
    result = run("h3+", ansatz=blocks, backend="lightning")
    assert result.status == "converged"
    assert result.energy == pytest.approx(result.hf, abs=1e-6)
    assert "27.90 mHa above the exact energy" in result.message
    assert run("h2").message == ""
    assert run("He 0 0 0").message == "the circuit has no parameters"


def test_active_spaces_are_called_so_everywhere(tmp_path):
    lih = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}
    result = run(lih, out=tmp_path / "r")
    shown = rows(result)
    assert "CASCI(2, 2)" in shown
    assert "full CI" not in shown
    assert "CASCI(2, 2)" in shown["correlation recovered"][1]
    assert result.document()["exact_reference"]["method"] == "CASCI(2, 2)"
    from qvopt.runs.picture import draw_convergence
    from qvopt.runs.result import Trace

    trace = Trace.from_events(RunFolder(tmp_path / "r").events())
    draw_convergence(trace, result, tmp_path / "p.svg")
    text = (tmp_path / "p.svg").read_text()
    assert "CASCI" in text
    assert "full CI" not in text


@pytest.mark.slow
def test_a_singlet_above_the_triplet_is_held_against_singlets():
    result = run(CH2, max_steps=60)
    exact = result.document()["exact_reference"]
    assert exact["state"] == "lowest singlet"
    assert result.error < 1e-3
    assert result.correlation > 0.98
    assert exact["gap"] > 0.02
    assert "mHa below it" in rows(result)["lowest of all states"][1]


def test_a_tapered_circuit_is_held_against_its_sector():
    ansatz = {"name": "uccsd", "point_group": True}
    result = run("h4-square", mapping="jordan-wigner-tapered", backend="lightning", ansatz=ansatz,
                 max_steps=1)  # fmt: skip
    exact = result.document()["exact_reference"]
    from qvopt.engine.assembly import molecular_hamiltonian
    from qvopt.experiment.specification import MoleculeSpec
    from qvopt_molecules.mappings import qubit_hamiltonian

    h = molecular_hamiltonian(MoleculeSpec(name="h4-square"))
    dense = qubit_hamiltonian(h, "jordan-wigner-tapered").to_sparse().toarray()
    assert result.fci >= np.linalg.eigvalsh(dense)[0] - 1e-9
    assert exact["gap"] == pytest.approx(result.fci - exact["lowest"])
    assert result.fci >= exact["lowest"] - 1e-9


# One of each family: by gradients, metrics, energies, one coordinate, a population, SciPy's.
KINDS = ("adam", "qng", "spsa", "rotosolve", "cma-es", "l-bfgs", "kalman-newton", "icans", "cobyla")


@pytest.mark.parametrize("name", rest_slow(optimizer_names(), KINDS))
@pytest.mark.parametrize("shots", [None, 200])
def test_a_circuit_without_parameters_ends_at_once(name, shots):
    settings = {} if shots is None else {"shots": shots}
    result = run("He 0 0 0", optimizer=name, **settings)
    assert result.status == "converged"
    assert result.n_steps == 0
    assert result.message == "the circuit has no parameters"
    assert result.exact == pytest.approx(result.hf, abs=1e-10)
    assert result.energy == pytest.approx(result.hf, abs=1e-10)  # a determinant has no noise


@pytest.mark.parametrize("name", rest_slow(["tnc", "powell", "cobyla"], ["cobyla"]))
def test_stopping_under_shots_is_not_convergence(name):
    result = run("h2", optimizer=name, shots=50, max_steps=300, seed=1,
                 budget={"shots": 60_000})  # fmt: skip
    assert result.status in ("stopped", "budget")
    exact = run("h2", optimizer=name)
    assert exact.status == "converged"


@pytest.mark.parametrize(
    ("what", "group", "irreps", "numbers"),
    [
        ({"name": "h2o", "active_space": {"electrons": 4, "n_orbitals": 4}}, "C2v",
         ["A1", "B1", "A1", "B2"], [3, 4, 5, 6]),
        ({"name": "n2", "active_space": {"electrons": 6, "n_orbitals": 6}}, "D2h",
         ["B2u", "B3u", "Ag", "B2g", "B3g", "B1u"], [4, 5, 6, 7, 8, 9]),
        ({"name": "lih", "active_space": {"electrons": 2, "orbitals": [5, 1, 2]}}, "C2v",
         ["A1", "A1", "A1"], [1, 2, 5]),
        ({"name": "O 0 0 0; H 0 0.1 0.96; F 0.9 1 0", "active_space": SMALL}, "Cs", None, [8, 9]),
        ({"name": "N 0 0 0; H 0 0.1 1; H 0.9 0.4 0; F 0.3 -1.3 0.1", "active_space": SMALL},
         None, None, [8, 9]),
    ],
    ids=["h2o", "n2", "lih", "plane", "asymmetric"],
)  # fmt: skip
def test_active_orbitals_are_named(what, group, irreps, numbers):
    """Irreps by PySCF's names of its orbitals."""
    problem = run(what, max_steps=0).problem
    assert problem.get("point_group") == group
    if irreps is not None:
        assert problem["irreps"] == irreps
    assert ("irreps" in problem) == (group is not None)
    assert problem["active_orbitals"] == numbers


def test_a_run_says_what_it_runs():
    lih = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 3}}
    problem = run(lih, shots=1000, max_steps=1, optimizer="spsa").problem
    assert problem["electrons"] == 2
    assert problem["orbitals"] == 3
    assert problem["orbitals_of"] == 6
    assert problem["frozen"] == 1
    assert problem["basis"] == "sto-3g"
    assert problem["qubits"] == 6
    assert problem["occupations"] == [2, 0, 0]
    assert problem["grouping"] == "fluid-basis-rotation"
    assert (problem["depth"], problem["two_qubit_gates"]) == (
        98,
        60,
    )  # those of Qiskit for the lowered circuit


def test_no_parameters_on_any_backend():
    for backend in ("sector", "lightning", "statevector", "aer"):
        for what in ("He 0 0 0", {"name": "H 0 0 0", "spin": 1}):
            result = run(what, backend=backend, shots=100)
            assert result.status == "converged"
            assert result.energy == pytest.approx(result.fci, abs=1e-10)


def test_a_penalty_for_spin_is_measured_under_shots():
    """UCCSD's default groups are orbital rotations, which would leave the strings out."""
    settings = {"backend": "lightning", "shots": 500, "max_steps": 2, "seed": 2}
    held = run("h2", constraints={"s2": 1.0}, **settings)
    assert held.problem["grouping"] == "qubit-wise"
    free = run("h2", grouping="qubit-wise", **settings)
    assert not np.array_equal(held.x, free.x)

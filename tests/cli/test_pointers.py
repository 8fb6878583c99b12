"""Options and settings that are looked for at the wrong place: the error says the right one."""

import re
import shlex

import pytest
from command_line import command_line as call

from qvopt import run
from qvopt.backends.cost import Cost
from qvopt.cli.commands import run as command
from qvopt.cli.ending import _said
from qvopt.experiment.specification import make_experiment
from qvopt.experiment.unknown_settings import parameters_of, place_of
from qvopt.records.ledger import Budget
from qvopt.runs.forecast_result import RunForecast
from qvopt_molecules.errors import InputError


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("run h2 --bond 1", "--set bond=VALUE"),
        ("excited h2 --bond=1", "--set bond=VALUE"),
        ("run hubbard --u 4", "--set u=VALUE"),
        ("run 'H 0 0 0; H 0 0 r' --r 1", "--set r=VALUE"),
        ("run h2 --postselect true", "--set measurement.postselect=VALUE"),
        ("relax h2 --symmetry false", "--set molecule.symmetry=VALUE"),
        ("run h2 --units bohr", "comment, the second line"),
    ],
)
def test_an_unknown_option_points_to_its_key(line, hint, capsys):
    assert command(shlex.split(line)) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problem", "setting", "hint"),
    [
        ("h2", {"bond": 2.0}, "set={'bond': …}"),
        ("hubbard", {"u": 3}, "set={'u': …}"),
        ({"name": "H 0 0 0; H 0 0 2*r"}, {"r": 3}, "set={'r': …}"),
        ("lih", {"postselect": True}, "measurement={'postselect': …}"),
        ("lih", {"occupied": [1]}, "'occupied': …"),
        ("lih", {"optimiser": "adam"}, "did you mean 'optimizer'"),
    ],
)
def test_an_unknown_keyword_points_to_its_key(problem, setting, hint):
    with pytest.raises(InputError) as refusal:
        run(problem, **setting)
    assert hint in str(refusal.value)


def test_parameters_and_places():
    assert parameters_of("h2") == {"bond"}
    assert parameters_of("O 0 0 0; H r*cos(w/2) 0 0; H 0 r 0") == {"r", "w"}
    assert parameters_of("nothing") == frozenset()
    assert place_of("shots") == ("measurement", "shots")
    assert place_of("name") is None


@pytest.mark.parametrize("name", ["run", "excited", "measurements", "relax"])
def test_orbitals_are_an_option_where_a_molecule_is(name, tmp_path):
    more = ["--json"] if name != "run" else ["--json", "--max-steps", "0"]
    done = call(name, "h2", "--orbitals", "mp2-natural", *more, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    wrong = call(name, "h2", "--orbitals", "mp2", cwd=tmp_path)
    assert "kind of orbitals 'mp2'" in wrong.stderr


def test_an_orbital_optimization_takes_orbitals_too(tmp_path):
    question = ["oo-vqe", "h4-chain", "--active-space", "2,2", "--orbitals", "boys", "--json"]
    done = call(*question, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "orbitals").iterdir()
    assert 'orbitals = "boys"' in (folder / "orbitals.toml").read_text()


def test_a_comparison_on_a_molecule_takes_its_options(tmp_path):
    asked = ["--optimizer", "adam", "--budget", "1e7", "--seeds", "2", "--dry"]
    plain = call("compare", "lih", *asked, cwd=tmp_path)
    small = call("compare", "lih", "--active-space", "2,2", "--set", "bond=1.5", *asked,
                 cwd=tmp_path)  # fmt: skip
    assert (plain.returncode, small.returncode) == (0, 0), small.stderr
    assert re.search(r"lih +12 ", plain.stdout)  # qubits
    assert re.search(r"lih.* 4 ", small.stdout)
    assert not re.search(r"lih.*  12  +\d+ +\d+ ", small.stdout)
    file = call("compare", "c.toml", "--charge", "0", cwd=tmp_path)
    assert "--charge is for a MOLECULE" in file.stderr
    other = call("compare", "lih", "--set", "mapping=parity", *asked, cwd=tmp_path)
    assert "is not of the molecule" in other.stderr


@pytest.mark.parametrize("key", ["units", "unit"])
def test_a_unit_of_length_is_said_in_the_file(key, tmp_path):
    with pytest.raises(InputError, match="second line"):
        make_experiment({"molecule": {"name": "h2", key: "bohr"}})
    path = tmp_path / "a.xyz"
    path.write_text("2\npositions in bohr\nH 0 0 0\nH 0 0 1.4\n")
    with pytest.raises(InputError, match="comment, the file's second line"):
        run(str(path))


def test_a_budget_below_the_final_estimate_says_so():
    def warning(first, final):
        return RunForecast("d", 5, Cost(shots=first), Cost(shots=10), Cost(shots=final),
                        Budget(shots=100), False, "USD").warnings()  # fmt: skip

    assert warning(0, 150) == ["the budget does not pay for the final estimate: 150 shots of 100"]
    assert warning(60, 60) == [
        "the budget does not pay for the first step and the final estimate together"
    ]
    assert warning(0, 60) == []
    assert warning(10, 60) == ["the budget pays for about 4 of the 5 steps"]


def test_an_early_interrupt_of_a_run_claims_nothing_kept(monkeypatch):
    monkeypatch.setattr("sys.argv", ["qvopt", "run", "h2"])
    assert "before anything was kept" in _said()
    monkeypatch.setattr("sys.argv", ["qvopt", "scan", "h2"])
    assert "from what is kept" in _said()


@pytest.mark.parametrize(
    ("make", "command"),
    [
        (["scan", "h2", "--bond", "0.7:0.8:2"], "scan"),
        (["excited", "h2", "--states", "2"], "excited"),
        (["relax", "h2"], "relax"),
        (["compare", "h2", "--optimizer", "spsa", "--budget", "4000", "--seeds", "2",
          "--workers", "1", "--no-report"], "compare"),
    ],
)  # fmt: skip
def test_a_folder_of_a_task_names_its_command(make, command, tmp_path):
    done = call(*make, "--out", "t", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("show", "resume", "properties"):
        refused = call(name, "t", cwd=tmp_path)
        assert refused.returncode == 2
        assert f"and no run; `qvopt {command} t`" in refused.stderr
    again = call(command, "t", *make[-3:] * (command == "compare"), cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    if command != "compare":
        assert f"`qvopt {command} t`" in call("report", "t", cwd=tmp_path).stderr

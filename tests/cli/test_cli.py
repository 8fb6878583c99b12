"""The commands as a user calls them."""

import json
import os
import sys

import pytest
from command_line import command_line as call


def test_run_show_and_resume(tmp_path):
    done = call("run", "h2", "--json", "--out", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    keys = {"energy", "stderr", "hf", "fci", "shots", "evaluations", "steps", "seconds", "status",
            "run"}  # fmt: skip
    assert keys <= set(document)
    assert document["energy"] == pytest.approx(-1.13730604, abs=1e-7)
    assert document["run"] == "mine"
    assert document["status"] == "converged"
    assert {p.name for p in (tmp_path / "mine").iterdir()} >= {
        "experiment.toml", "environment.json", "hamiltonian.npz", "journal.jsonl", "result.json",
        "convergence.png",
    }  # fmt: skip
    assert json.loads((tmp_path / "mine" / "result.json").read_text()) == {**document, "run": "."}
    shown = call("show", "mine", "--json", cwd=tmp_path)
    again = json.loads(shown.stdout)
    assert {k: again[k] for k in keys - {"seconds"}} == {k: document[k] for k in keys - {"seconds"}}
    people = call("show", "mine", "--picture", "again.svg", cwd=tmp_path)
    assert "full CI" in people.stdout
    assert (tmp_path / "again.svg").read_text().startswith("<?xml")
    resumed = call("resume", "mine", "--json", cwd=tmp_path)
    assert json.loads(resumed.stdout)["energy"] == document["energy"]


def test_progress_goes_to_standard_error(tmp_path):
    arguments = ("run", "h2", "--shots", "500", "--optimizer", "adam", "--max-steps", "4", "--json")
    done = call(*arguments, cwd=tmp_path)
    assert json.loads(done.stdout)["shots"] == 500 * 12 * 4 + 3 * 500
    assert "energy (Ha)" in done.stderr
    assert done.stderr.count("\n") >= 4
    assert json.loads(done.stdout)["run"] == os.path.join("runs", "h2-uccsd-adam-500shots-1")
    again = call(*arguments, "-q", cwd=tmp_path)
    first, second = json.loads(done.stdout), json.loads(again.stdout)
    assert second["run"].endswith("h2-uccsd-adam-500shots-2")
    assert again.stderr == ""
    assert first["parameters"] == second["parameters"]
    assert first["energy"] == second["energy"]


def test_a_saved_experiment_runs_again(tmp_path):
    options = ["--shots", "300", "--max-steps", "3", "--seed", "5", "--set", "bond=0.9"]
    first = call("run", "h2", *options, "--json", "--out", "a", cwd=tmp_path)
    second = call("run", "a/experiment.toml", "--json", "--out", "b", cwd=tmp_path)
    a, b = json.loads(first.stdout), json.loads(second.stdout)
    assert a["parameters"] == b["parameters"]
    assert a["energy"] == b["energy"]


@pytest.mark.parametrize("name", ["lih", "h2o"])
def test_accuracy_of_the_exact_minimum(name, tmp_path):
    done = call("run", name, "--optimizer", "l-bfgs", "--json", "-q", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert 0 <= document["error"] < {"lih": 2e-5, "h2o": 2e-4}[name]


NAMES = {"molecules": "h2o", "ansatze": "uccsd", "optimizers": "adam", "backends": "sector",
         "groupings": "qubit-wise", "mitigations": "zne"}  # fmt: skip


@pytest.mark.parametrize("what", NAMES)
def test_lists(what, tmp_path):
    rows = json.loads(call("list", what, "--json", cwd=tmp_path).stdout)
    known = NAMES
    assert known[what] in {row["name"] for row in rows}
    assert known[what] in call("list", what, cwd=tmp_path).stdout


ERRORS = {
    "unknown molecule": (["h2oo"], "did you mean 'h2o'"),
    "unknown ansatz": (["h2", "--ansatz", "ucsd"], "did you mean 'uccsd'"),
    "unknown optimizer": (["h2", "--optimizer", "adm"], "did you mean 'adam'"),
    "unknown backend": (["h2", "--backend", "sektor"], "did you mean 'sector'"),
    "wrong spin": (["h2o", "--spin", "1"], "unpaired"),
    "active space": (["lih", "--active-space", "2,9"], "does not fit"),
    "ansatz and backend": (["h2", "--ansatz", "hardware-efficient"], "lightning"),
    "memory": (
        ["ch4", "--basis", "6-31g", "--ansatz", "hardware-efficient", "--backend", "lightning"],
        "GiB",
    ),
    "zero shots": (["h2", "--shots", "0"], "a whole number greater than 0"),
    "negative shots": (["h2", "--shots", "-5"], "a whole number greater than 0"),
    "too few shots": (["h2", "--shots", "3"], "at least 8"),
    "option": (["h2", "--set", "optimizer.lr=0.1"], "unknown hyper-parameter"),
    "geometry": (["H 0 0 0; H 0 0"], "three coordinates"),
    "file": (["none.toml"], "cannot read none.toml"),
    "mapping": (["h2", "--mapping", "parity"], "does not conserve"),
    "noise": (["h2", "--backend", "aer", "--set", "backend.noise={one_qubit=0.1}"], "shots"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_take_one_line_and_write_nothing(name, tmp_path):
    arguments, message = ERRORS[name]
    done = call("run", *arguments, "--out", "new", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("precious")
    done = call("run", "h2", "--out", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "not overwritten" in done.stderr
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes"]


def test_folders_that_are_no_runs(tmp_path):
    for command in ("resume", "show"):
        for folder in ("none", "."):
            done = call(command, folder, cwd=tmp_path)
            assert done.returncode == 2
            assert "is not a run folder" in done.stderr
            assert len(done.stderr.strip().splitlines()) == 1


def test_damage_is_named_and_left_alone(tmp_path):
    call("run", "h2", "--out", "mine", cwd=tmp_path)
    journal = tmp_path / "mine" / "journal.jsonl"
    whole = journal.read_bytes()
    damaged = whole[:300] + bytes([whole[300] ^ 1]) + whole[301:]
    journal.write_bytes(damaged)
    for command in ("resume", "show"):
        done = call(command, "mine", cwd=tmp_path)
        assert done.returncode == 2
        assert "line 1 is damaged" in done.stderr or "line 2 is damaged" in done.stderr
    assert journal.read_bytes() == damaged
    journal.write_bytes(whole)
    integrals = tmp_path / "mine" / "hamiltonian.npz"
    integrals.write_bytes(integrals.read_bytes()[:200])
    done = call("resume", "mine", "--max-steps", "999", cwd=tmp_path)
    assert done.returncode in (0, 2)  # the run had converged: its result needs no integrals


def test_a_budget_ends_the_run_in_order(tmp_path):
    done = call(
        "run", "h2", "--shots", "100", "--optimizer", "adam", "--budget-shots", "5000", "--json",
        "-q", "--out", "mine", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert document["status"] == "budget"
    assert document["shots"] <= 5000
    assert document["energy"] is not None  # the final estimate was kept in reserve
    assert document["costs"]["final"]["shots"] == 700  # pilot, mean and start; a tenth less 100


def test_a_plugged_in_energy_that_is_not_a_number(tmp_path, monkeypatch):
    plugin = tmp_path / "broken.py"
    plugin.write_text(
        "from qvopt.backends.sector import SectorBackend, SectorProgram\n"
        "class Broken(SectorBackend):\n"
        "    def compile(self, problem):\n"
        "        program = SectorProgram(problem)\n"
        "        right = program.gradient\n"
        "        program.gradient = lambda x: (float('nan'), right(x)[1])\n"
        "        return program\n"
    )
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qvopt.backends]\nbroken = broken:Broken\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    done = call("run", "h2", "--backend", "broken", "-q", cwd=tmp_path)
    sys.modules.pop("broken")
    assert done.returncode == 2
    assert "not a finite number" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_noisy_aer_backend_measures_as_it_goes(tmp_path):
    done = call(
        "run", "h2", "--backend", "aer", "--shots", "200", "--max-steps", "2", "--json", "-q",
        "--set", "backend.noise={one_qubit=0.001, two_qubit=0.01, readout=0.01}", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["exact"] is None
    assert document["costs"]["monitor"]["shots"] == 3 * 200
    assert document["stderr"] > 0


def test_a_log_file_gets_a_line_now_and_then(tmp_path):
    done = call("run", "h2", "--shots", "100", "--optimizer", "adam", "--json", cwd=tmp_path)
    steps = [int(line.split()[0]) for line in done.stderr.splitlines()[2:]]
    assert steps == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]

"""`qvopt list`: one name in full, and the runs."""

import json
import os
import re
import time

import pytest
from command_line import command_line

from qvopt import make_experiment, run
from qvopt.cli.output import print_rows
from qvopt.cli.tables import print_table, wrapped
from qvopt.engine.assembly import assemble
from qvopt.optimizers.registry import describe, optimizer_names
from qvopt.records.journal import Journal
from qvopt.runs.defaults import with_defaults
from qvopt.runs.folder import default_name
from qvopt_circuits.catalogue import ansatz_names


@pytest.mark.parametrize("name", ["adam", "qng", "spsa", "kalman-newton", "cobyla"])
def test_an_optimizer_with_all_its_options(name):
    (entry,) = json.loads(command_line("list", "optimizers", name, "--json").stdout)
    assert {row["option"] for row in entry["options"]} == set(describe(name).defaults)
    assert all(row["range"] and row["meaning"] for row in entry["options"])
    text = command_line("list", "optimizers", name).stdout
    assert describe(name).reference.split()[-1] in text
    assert "asks for" in text


def test_every_name_of_every_kind_is_shown():
    for what, names in {
        "optimizers": optimizer_names(),
        "ansatze": ansatz_names(),
        "backends": ["sector", "statevector", "lightning", "aer", "ibm", "braket", "ionq"],
        "groupings": ["qubit-wise", "fluid-basis-rotation"],
        "mitigations": ["readout", "zne", "postselect"],
        "molecules": ["lih", "hubbard-chain", "heisenberg-chain"],
    }.items():
        done = command_line("list", what, *names, "--json")
        assert done.returncode == 0, done.stderr
        entries = json.loads(done.stdout)
        assert [entry["name"] for entry in entries] == list(names)
        assert all(entry["text"] for entry in entries)


@pytest.mark.parametrize("name", ansatz_names())
def test_options_of_ansatze_are_explained(name):
    (entry,) = json.loads(command_line("list", "ansatze", name, "--json").stdout)
    assert all(row["meaning"] for row in entry["options"]), entry["options"]


@pytest.mark.parametrize("name", ["ibm", "braket", "ionq", "aer", "lightning", "sector"])
def test_options_of_backends_are_explained(name):
    (entry,) = json.loads(command_line("list", "backends", name, "--json").stdout)
    assert all(row["meaning"] for row in entry["options"]), entry["options"]


def test_a_misspelt_name_is_one_line():
    done = command_line("list", "optimizers", "adm")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'adam'" in done.stderr


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three runs, one of them cut off, and a file that is no run."""
    folder = tmp_path_factory.mktemp("listed")
    (folder / "runs" / "notes").mkdir(parents=True)
    run("h2", shots=200, optimizer="adam", max_steps=2, out=folder / "runs" / "first")
    run("h3+", optimizer="l-bfgs", out=folder / "runs" / "second")
    run("h2", shots=100, optimizer="spsa", max_steps=3, out=folder / "runs" / "third")
    journal = folder / "runs" / "third" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"type":"end"' not in line))
    for age, name in ((7200, "first"), (60, "second"), (10, "third")):
        now = time.time() - age
        os.utime(folder / "runs" / name / "journal.jsonl", (now, now))
    return folder


def listed(folder, *filters):
    done = command_line("list", "runs", *filters, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return {row["run"].removeprefix("runs/"): row for row in json.loads(done.stdout)}


def test_runs_newest_first_with_what_they_are(runs):
    rows = listed(runs)
    assert list(rows) == ["third", "second", "first"]
    first, second = rows["first"], rows["second"]
    assert (first["molecule"], first["optimizer"], first["shots"]) == ("h2", "adam", 200)
    assert (first["status"], first["backend"]) == ("max-steps", "sector")
    assert first["age_seconds"] == pytest.approx(7200, abs=60)
    result = json.loads((runs / "runs" / "second" / "result.json").read_text())
    assert second["error_mha"] == pytest.approx(1e3 * result["error"], abs=1e-9)
    assert second["status"] == "converged"
    assert second["shots"] is None
    assert rows["third"]["status"] == "interrupted"


def test_filters_narrow(runs):
    assert set(listed(runs, "h2")) == {"first", "third"}
    assert set(listed(runs, "h2", "spsa")) == {"third"}
    assert set(listed(runs, "status=converged")) == {"second"}
    assert set(listed(runs, "shots=200")) == {"first"}
    assert listed(runs, "nothing-like-it") == {}
    wrong = command_line("list", "runs", "molekule=h2", cwd=runs)
    assert (wrong.returncode, "did you mean 'molecule'" in wrong.stderr) == (2, True)


def test_a_run_at_work_is_running(runs):
    with Journal(runs / "runs" / "third" / "journal.jsonl"):
        assert listed(runs)["third"]["status"] == "running"


def test_show_without_a_run_is_the_table(runs, tmp_path):
    table = command_line("show", cwd=runs)
    ages = re.compile(r"\d+ (s|min|h)\b")  # they go on
    listed_too = command_line("list", "runs", cwd=runs).stdout
    assert ages.sub("", table.stdout).split() == ages.sub("", listed_too).split()
    words = table.stdout.split()
    for word in ("runs/first", "exact", "200", "converged", "interrupted", "h", "h3+"):
        assert word in words
    assert "no runs in runs/" in command_line("show", cwd=tmp_path).stdout
    assert command_line("show", "--picture", "x.png", cwd=runs).returncode == 2


def test_a_damaged_run_hides_no_other(runs, tmp_path):
    broken = tmp_path / "runs" / "broken"
    broken.mkdir(parents=True)
    (broken / "journal.jsonl").write_text("no journal\n" * 3)
    assert listed(tmp_path)["broken"]["status"] == "damaged"


def test_names_of_folders_differ_where_runs_do():
    plain = {"molecule": "h2", "optimizer": "adam"}
    variants = [
        plain,
        plain | {"shots": 100},
        plain | {"shots": 1000},
        plain | {"backend": "lightning"},
        plain | {"backend": "aer:fake_manila", "shots": 100},
        plain | {"ansatz": "qeb"},
    ]
    names = [default_name(make_experiment(data), "h2") for data in variants]
    assert len(set(names)) == len(names)
    assert names[:2] == ["h2-uccsd-adam", "h2-uccsd-adam-100shots"]


def test_paragraphs_are_set_to_the_width_of_the_terminal():
    """Sources are wider than 80 columns: their line breaks would leave every second line short."""
    text = command_line("list", "ansatze", "uccsd", env={"COLUMNS": "80"}).stdout
    paragraphs = [" ".join(p.split("\n")) for p in text.split("\n\n")]
    (sources,) = [p for p in paragraphs if p.startswith("Sources:")]
    lines = text[text.index("Sources:") :].split("\n\n")[0].splitlines()
    assert len(lines) == 2  # of one that is wider than a line
    assert "matters (Grimsley et al.," in sources
    assert "\n    |ψ(t)⟩ = [Π_k" in text  # formulas stay on lines of their own
    facts = command_line("list", "optimizers", "adam", env={"COLUMNS": "80"}).stdout
    assert "family: adaptive\nasks for: gradients\n" in facts


def test_where_the_default_stop_of_kalman_newton_comes_from():
    (entry,) = json.loads(command_line("list", "optimizers", "kalman-newton", "--json").stdout)
    meanings = {row["option"]: row["meaning"] for row in entry["options"]}
    experiment = make_experiment({"molecule": "h2", "measurement": {"shots": 200}})
    stopping = with_defaults(assemble(experiment)).experiment.stopping
    assert f"[stopping], under shots {stopping.expected_error:g}" in meanings["expected_error"]
    assert f"[stopping], {stopping.confidence:g}" in meanings["confidence"]


def test_what_is_to_be_copied_is_not_broken():
    text = (
        "a b c " * 12
        + "with --set measurement.postselect=true or `qvopt compare h2 --collect`, --dry"
    )
    for width in range(35, 90):
        lines = wrapped(text, width).splitlines()
        assert max(map(len, lines)) <= width
        assert any("--set measurement.postselect=true" in line for line in lines)
        assert any("`qvopt compare h2 --collect`" in line for line in lines)
    assert " ".join(lines) == text
    narrow = wrapped("  Try --set measurement.postselect=true.", 20).splitlines()
    assert narrow == ["  Try", "  --set measurement.postselect=true."]


def test_cells_and_notes_keep_options_with_their_values(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    note = "simulated with the calibration: --set measurement.postselect=true --set a.b=true"
    print_table([{"name": "x", "text": note, "more": note}])
    print_rows([("mitigation", "none", note)])
    print_rows([("a name that is rather long for it", "a value that is long", note)])
    for line in capsys.readouterr().out.splitlines():
        assert not line.rstrip().endswith("--set")


def test_headings_are_wrapped_where_that_makes_a_table_fit(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    row = {"optimizer": "noise-aware-l-bfgs", "median error (mHa)": "0.119", "95 %": "0.0816–0.197",
           "within 1.6": "10/10", "within 10": "10/10", "within 0.1": "10/10", "steps": "12 †",
           "failed": 0, "rank": "10.3 a"}  # fmt: skip
    print_table([row])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert "10/10" in lines[-1]

"""Folders of tasks of released versions: the same command finds its folder, and goes on with it."""

import json
import shutil
from pathlib import Path

import pytest

from qvopt import compare, excited_states, load, relax, scan
from qvopt.cli.command_line import run
from qvopt.cli.validation import resume_validation
from qvopt.experiment.specification import make_experiment
from qvopt.tasks.validation import validate_backend
from qvopt_molecules.errors import InputError

CORPUS = Path(__file__).parent / "corpus"
VERSIONS = sorted(p.parent.name for p in CORPUS.glob("*/h2-scan"))
TASKS = {
    "h2-scan": lambda out: scan("h2", "bond", "0.7:0.9:2", max_steps=2, out=out),
    "h2-excited": lambda out: excited_states("h2", 2, shots=100, max_steps=2, out=out),
    "h2-relax": lambda out: relax("h2", max_geometries=2, out=out),
}


@pytest.fixture(params=VERSIONS)
def corpus(request, tmp_path):
    return shutil.copytree(CORPUS / request.param, tmp_path / request.param)


def journals(folder):
    return {p: p.read_bytes() for p in folder.rglob("*.jsonl") if p.name != "history.jsonl"}


def numbers(document, key="energy"):
    """Every number of a name in a result, in its order."""
    if isinstance(document, dict):
        own = [v for k, v in document.items() if k == key and isinstance(v, float)]
        return own + [n for k, v in document.items() if k != key for n in numbers(v, key)]
    return [n for v in document for n in numbers(v, key)] if isinstance(document, list) else []


@pytest.mark.parametrize(
    ("name", "stored", "key"),
    [
        ("h2-scan", "scan.json", "energy"),
        ("h2-relax", "relaxation.json", "energy"),
        # Version 0.1.0 did not keep the energies that states are measured to have at the end.
        ("h2-excited", "states.json", "exact"),
    ],
)
def test_an_ended_task_is_read_and_no_step_runs(name, stored, key, corpus):
    folder = corpus / name
    before, then = journals(folder), json.loads((folder / stored).read_text())
    document = TASKS[name](folder).document()
    assert numbers(document, key) == pytest.approx(numbers(then, key), abs=1e-12)
    assert numbers(then, key)
    assert {path: journals(folder)[path] for path in before} == before


@pytest.mark.parametrize("name", ["h2-scan", "h2-relax"])
def test_a_cut_task_goes_on(name, corpus):
    folder = corpus / name
    whole = numbers(TASKS[name](folder).document())
    *_, last = sorted(folder.rglob("journal.jsonl"))
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[: len(lines) // 2]))
    assert numbers(TASKS[name](folder).document()) == pytest.approx(whole, abs=1e-9)


def test_another_question_is_refused(corpus):
    with pytest.raises(InputError, match="holds another search for excited states"):
        excited_states("h2", 2, shots=200, max_steps=2, out=corpus / "h2-excited")
    with pytest.raises(InputError, match="holds another relaxation"):
        relax("h2", max_steps=7, out=corpus / "h2-relax")
    with pytest.raises(InputError, match="holds another scan"):
        scan("h2", "bond", "0.7:0.9:3", max_steps=2, out=corpus / "h2-scan")


def test_a_comparison_is_loaded_and_extended(corpus):
    folder = corpus / "h2-comparison"
    before = journals(folder)
    assert len(load(folder).outcomes) == len(before) == 2
    result = compare(folder, seeds=2, out=folder, workers=1)
    assert len(result.outcomes) == 4
    after = journals(folder)
    assert len(after) == 4
    assert all(after[path] == text for path, text in before.items())


@pytest.mark.parametrize(
    "command",
    [
        "show h2-scan/points/0000",
        "resume h2-scan/points/0001 --quiet",
        pytest.param("scan h2-scan", marks=pytest.mark.slow),  # draws the curve
        pytest.param("report h2-comparison", marks=pytest.mark.slow),  # draws all pictures
        "compare h2-comparison --collect --quiet --no-report",
        pytest.param("compare h2-comparison --collect --quiet", marks=pytest.mark.slow),
    ],
)
def test_commands_read_the_folders(command, corpus, monkeypatch, capsys):
    monkeypatch.chdir(corpus)
    assert run(command.split()) == 0
    assert "qvopt: " not in capsys.readouterr().err


@pytest.fixture
def tied(tmp_path):
    """Version 0.2.0 did not name the order of spin-adapted doubles; it was "canonical"."""
    return shutil.copytree(CORPUS / "0.2.0", tmp_path / "0.2.0")


TIED = {"name": "uccsd", "spin_adapted": True}


def test_a_scan_of_spin_adapted_circuits_keeps_their_order(tied):
    folder = tied / "h4-tied-scan"
    whole = numbers(json.loads((folder / "scan.json").read_text()))
    shutil.rmtree(folder / "points" / "0001")
    assert run(["scan", str(folder), "--quiet"]) == 0
    assert numbers(load(folder).document()) == pytest.approx(whole, abs=1e-10)
    # The same question in today's order is another one: no folder mixes the two.
    asked = {"ansatz": TIED, "max_steps": 3, "out": folder}
    with pytest.raises(InputError, match="holds another scan"):
        scan("h4-chain", "bond", "0.9:1.1:2", **asked)
    canonical = asked | {"ansatz": TIED | {"order": "canonical"}}
    again = scan("h4-chain", "bond", "0.9:1.1:2", **canonical)
    assert numbers(again.document()) == pytest.approx(whole, abs=1e-10)
    today = scan("h4-chain", "bond", "0.9:1.1:2", **asked | {"out": None})
    differences = [a - b for a, b in zip(numbers(today.document()), whole, strict=True)]
    assert max(map(abs, differences)) > 1e-8


def test_a_comparison_of_spin_adapted_circuits_keeps_their_order(tied):
    folder = tied / "h4-tied-comparison"
    (lost, *_) = sorted(folder.glob("runs/*/*/outcome.json"))
    before = json.loads(lost.read_text())
    shutil.rmtree(lost.parent)
    result = compare(folder, out=folder, workers=1)
    assert len(result.outcomes) == 2
    after = json.loads(lost.read_text())
    assert after["final"] == pytest.approx(before["final"], abs=1e-10)
    assert after["measured"] == pytest.approx(before["measured"], abs=1e-10)
    # A problem that is added has the order of those that are there, and it is told.
    added = {"molecule": "h4-square", "ansatz": TIED}
    more = compare(folder, problems=[{"molecule": "h4-chain", "ansatz": TIED}, added], out=folder,
                   workers=1)  # fmt: skip
    orders = [known["ansatz"]["order"] for known in more.about["problems"].values()]
    assert orders == ["canonical", "canonical"]
    assert all(run.status != "crashed" for run in more.outcomes)


def test_a_validation_keeps_the_order(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "qvopt.experiment.specification.with_named_order", lambda ansatz, order: dict(ansatz)
    )
    molecule = {"molecule": "h4-chain", "ansatz": TIED, "shots": 100}
    validate_backend(make_experiment(molecule), repeats=20, folder=tmp_path / "v")
    monkeypatch.undo()
    seen = []
    monkeypatch.setattr("qvopt.cli.validation._validate", lambda e, *_: seen.append(e) or 0)
    assert resume_validation(tmp_path / "v", as_json=True, yes=True, resubmit=False) == 0
    (experiment,) = seen
    assert experiment.ansatz.options["order"] == "canonical"
    assert validate_backend(experiment, repeats=20, folder=tmp_path / "v")
    with pytest.raises(InputError, match="another validation"):
        validate_backend(make_experiment(molecule), repeats=20, folder=tmp_path / "v")

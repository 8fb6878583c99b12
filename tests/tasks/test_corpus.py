"""Folders of tasks of released versions: the same command finds its folder, and goes on with it."""

import json
import shutil
from pathlib import Path

import pytest

from qvopt import compare, excited_states, load, relax, scan
from qvopt.cli.command_line import run
from qvopt_molecules.errors import InputError

CORPUS = Path(__file__).parent / "corpus"
VERSIONS = sorted(p.name for p in CORPUS.iterdir())
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

"""A folder that is moved, renamed or copied goes on from there."""

import json
import os
import shutil

import pytest

from qvopt import (
    Session,
    compare,
    diagonalize,
    excited_states,
    load,
    make_experiment,
    optimize_orbitals,
    relax,
    run_properties,
    scan,
)

LIH = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where a folder is made, and where it is moved to, with another working directory."""
    made, moved = tmp_path / "made", tmp_path / "another place" / "ä (2)"
    made.mkdir()
    moved.mkdir(parents=True)
    monkeypatch.chdir(made)

    def move(name):
        shutil.move(made / name, moved / "new name")
        shutil.rmtree(made)
        monkeypatch.chdir(moved)
        return moved / "new name"

    return move


def finished(session):
    with session:
        for _ in session:
            pass
        return session.result()


def plain(value):
    if isinstance(value, dict):
        dropped = ("seconds", "run", "folder")
        return {k: plain(v) for k, v in value.items() if k not in dropped}
    return [plain(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "experiment",
    [
        {"molecule": "h2", "shots": 100, "optimizer": "adam", "max_steps": 3},
        {"molecule": "mine.toml", "max_steps": 3},
        pytest.param(
            {"molecule": "h2", "shots": 50, "optimizer": "spsa", "max_steps": 1,
             "backend": "ibm:fake_manila"},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["shots", "a molecule's file", "jobs"],
)  # fmt: skip
def test_a_run_is_cut_moved_and_resumed(experiment, places, tmp_path):
    (tmp_path / "made" / "mine.toml").write_text(
        'name = "pair"\ngeometry = "H 0 0 0; H 0 0 0.8"\nbasis = "sto-3g"\n'
    )
    whole = finished(Session.begin(make_experiment(experiment), out="run"))
    shutil.copytree("run", "cut")
    lines = (tmp_path / "made" / "run" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "made" / "cut" / "journal.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    path = places("cut")
    again = finished(Session.resume(path))
    assert again.energy == whole.energy
    assert again.shots == whole.shots
    assert load(path).energy == whole.energy
    if "backend" not in experiment:  # a snapshot's job ends with its process, and is sent again
        assert (path / "journal.jsonl").read_bytes().count(b"\n") == len(lines)
    if experiment["molecule"] == "h2" and experiment["optimizer"] == "adam":
        assert run_properties(path, shots=100).at
        assert diagonalize(path, shots=100).energy < -1


TASKS = {
    "scan": lambda out: scan("h2", "bond", "0.7:0.9:2", max_steps=1, out=out).document(),
    "excited": lambda out: excited_states("h2", 2, max_steps=1, shots=100, out=out).document(),
    "relax": lambda out: relax("h2", max_geometries=2, max_steps=1, out=out).document(),
    "orbitals": lambda out: optimize_orbitals(LIH, max_rounds=2, max_steps=1, out=out).document(),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_moved_and_runs_nothing_again(name, places):
    first = TASKS[name]("task")
    path = places("task")
    before = {p: p.read_bytes() for p in path.rglob("*.jsonl")}
    assert plain(TASKS[name](path)) == plain(first)
    assert before
    assert all(p.read_bytes() == text for p, text in before.items())


def test_a_comparison_is_moved_and_extended(places):
    settings = {"problems": ["h2"], "optimizers": ["spsa"], "shots": 50, "budget": 400,
                "workers": 1}  # fmt: skip
    compare(**settings, seeds=1, out="c")
    path = places("c")
    before = {p: p.read_bytes() for p in path.rglob("journal.jsonl")}
    result = compare(path, seeds=2, out=path, workers=1)
    assert len(result.outcomes) == 2
    assert all(p.read_bytes() == text for p, text in before.items())
    assert len(list(path.rglob("journal.jsonl"))) == 2
    assert load(path).outcomes


def test_no_file_holds_the_place_that_it_was_made_in(places, tmp_path):
    whole = finished(Session.begin(make_experiment({"molecule": "h2", "max_steps": 1}), out="run"))
    assert whole.energy < -1
    for path in (tmp_path / "made" / "run").iterdir():
        if path.suffix in (".toml", ".jsonl", ".json") and path.name != "environment.json":
            assert os.fsencode(tmp_path) not in path.read_bytes(), path
    assert json.loads((tmp_path / "made" / "run" / "environment.json").read_text())["versions"]

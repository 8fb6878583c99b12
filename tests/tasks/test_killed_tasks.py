"""A task that is killed at any system call goes on when the same work is asked for again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qvopt import make_experiment, optimize_orbitals, relax, run
from qvopt.runs import folder as folders
from qvopt.runs.folder import RunFolder
from qvopt.tasks.task_folder import RELAXATION, claim_task
from qvopt_molecules.errors import InputError

SCRIPT = Path(__file__).with_name("killed_tasks.py")
LIH = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 2}}


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    ["run", "scan", "excited", "relax", "orbitals", "properties", "diagonalize", "validate"],
)
def test_killed_at_one_call_after_another(task, tmp_path):
    """About 40 to 110 calls of each task, every third of them."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), task, str(tmp_path), "0", "3"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *tries, whole = [json.loads(line) for line in done.stdout.splitlines()]
    assert whole["code"] == 0, whole
    assert len(tries) > 10
    for each in tries:
        assert each["code"] == 0, each
        assert each["answer"] == whole["answer"], each["killed"]
        assert each["drafts"] == []


def test_a_run_folder_appears_complete_or_not_at_all(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "save_hamiltonian", fail)
    with pytest.raises(InputError, match="No space left on device; nothing has begun"):
        run("h2", max_steps=1, out=tmp_path / "r")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    result = run("h2", max_steps=1, out=tmp_path / "r")
    assert RunFolder.begun(tmp_path / "r")
    assert result.run == str(tmp_path / "r")
    with pytest.raises(InputError, match="exists already and is not overwritten"):
        run("h2", max_steps=1, out=tmp_path / "r")


def test_what_a_killed_process_left_beside_a_folder_is_removed(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    node = os.uname().nodename
    dead = tmp_path / f".r.{node}-{process.pid}"
    alive = tmp_path / f".r.{node}-{os.getppid()}"
    for draft in (dead, alive):
        draft.mkdir()
        (draft / "experiment.toml").write_text("seed = 1\n")
    run("h2", max_steps=0, out=tmp_path / "r")
    assert not dead.exists()
    assert alive.exists()


@pytest.mark.parametrize("kept", ["nothing", "experiment.toml", "empty journal"])
def test_a_half_made_folder_of_an_earlier_version_is_begun_again(kept, tmp_path):
    out = tmp_path / "relaxed"
    whole = relax("h2", max_geometries=2, max_steps=1, out=out)
    step = out / "steps" / "0001"
    shutil.copy(step / "experiment.toml", tmp_path)
    shutil.rmtree(step)
    step.mkdir()
    if kept != "nothing":
        shutil.copy(tmp_path / "experiment.toml", step)
    if kept == "empty journal":
        (step / "journal.jsonl").touch()
    again = relax("h2", max_geometries=2, max_steps=1, out=out)
    assert again.document() == whole.document()


def test_folders_of_tasks_are_claimed_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".relaxation.toml.123").write_text("half")
    asked = make_experiment({"molecule": "h2"})
    for _ in range(2):
        claim_task(tmp_path / "a", RELAXATION, {}, asked)
        assert [p.name for p in (tmp_path / "a").iterdir()] == ["relaxation.toml"]
    with pytest.raises(InputError, match="holds another relaxation"):
        claim_task(tmp_path / "a", RELAXATION, {}, make_experiment({"molecule": "lih"}))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other").touch()
    with pytest.raises(InputError, match="is not a relaxation"):
        claim_task(tmp_path / "b", RELAXATION, {}, asked)


def test_an_orbital_optimisation_keeps_its_work(tmp_path):
    calls = []

    def stop(number, *_):
        calls.append(number)
        if len(calls) == 2:
            raise KeyboardInterrupt

    out = tmp_path / "o"
    with pytest.raises(KeyboardInterrupt):
        optimize_orbitals(LIH, max_rounds=4, max_steps=2, out=out, progress=stop)
    begun = {p: p.read_bytes() for p in out.rglob("journal.jsonl")}
    assert len(begun) == 2
    again = optimize_orbitals(LIH, max_rounds=4, max_steps=2, out=out)
    assert all(path.read_bytes() == text for path, text in begun.items())
    whole = optimize_orbitals(LIH, max_rounds=4, max_steps=2)
    assert again.document() | {"run": None} == whole.document()
    with pytest.raises(InputError, match="holds another orbital optimisation"):
        optimize_orbitals(LIH, max_rounds=4, max_steps=3, out=out)

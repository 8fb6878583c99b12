"""What a run says at its end: after a kill just before it, on a full disk, on another machine."""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys

import pytest

from qvopt import Session, make_experiment, run
from qvopt.records.environment import describe_changes, describe_environment
from qvopt.runs.figures import save_figure
from qvopt_molecules.errors import InputError


def finished(session):
    with session:
        for _ in session:
            pass
        return session.result()


@pytest.mark.parametrize(
    ("optimizer", "budget"),
    [("adam", {"shots": 5000}), ("spsa", {"evaluations": 20}), ("icans", {"shots": 9000})],
)
def test_a_budgets_message_is_the_same_after_a_kill_anywhere(optimizer, budget, tmp_path):
    experiment = make_experiment(
        {"molecule": "h2", "optimizer": optimizer, "shots": 100, "budget": budget, "seed": 3}
    )
    first = finished(Session.begin(experiment, out=tmp_path / "run"))
    assert first.status == "budget"
    lines = (tmp_path / "run" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for cut in {1, len(lines) // 2, len(lines) - 2, len(lines) - 1}:
        path = shutil.copytree(tmp_path / "run", tmp_path / f"cut-{cut}")
        (path / "result.json").unlink()
        (path / "journal.jsonl").write_bytes(b"".join(lines[:cut]))
        again = finished(Session.resume(path))
        assert (again.status, again.message) == (first.status, first.message)
        assert (again.energy, again.shots) == (first.energy, first.shots)


def test_an_end_is_charged_when_the_run_goes_on_after_it(tmp_path):
    data = {"molecule": "h2", "optimizer": "spsa", "shots": 100, "max_steps": 2, "seed": 1}
    short = finished(Session.begin(make_experiment(data), out=tmp_path / "run"))
    again = finished(Session.resume(tmp_path / "run", max_steps=4))
    straight = finished(
        Session.begin(make_experiment(data | {"max_steps": 4}), out=tmp_path / "straight")
    )
    final = short.costs["final"].shots
    assert again.shots == straight.shots + final


def on_a_disk_of(size, tmp_path, *more):
    """Run with files limited to a size: writing beyond it fails as on a full disk."""
    # Compiled kernels are larger: they are kept before, on a disk with room.
    run({"name": "hubbard", "set": {"sites": 2}}, optimizer="spsa", shots=100, max_steps=1)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [sys.executable, "-m", "qvopt", "run", "hubbard", "--set", "sites=2", "--optimizer", "spsa",
         "--shots", "100", "--quiet", "--out", "run", *more],
        cwd=tmp_path, preexec_fn=limit, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
def test_a_disk_that_is_full_before_the_journal_says_that_nothing_began(tmp_path):
    done = on_a_disk_of(200, tmp_path)
    assert done.returncode == 2
    assert "cannot make the run folder run" in done.stderr
    assert "nothing has begun" in done.stderr
    assert "resume" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_names_the_journal_and_the_run_goes_on(tmp_path):
    done = on_a_disk_of(16_000, tmp_path, "--max-steps", "60")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "what run/journal.jsonl holds is safe" in done.stderr
    assert "`qvopt resume run` continues" in done.stderr
    assert finished(Session.resume(tmp_path / "run")).status == "max-steps"


def test_versions_that_differ_are_said_in_a_line(tmp_path):
    experiment = make_experiment({"molecule": "h2", "max_steps": 1})
    with Session.begin(experiment, out=tmp_path / "run"):
        pass
    file = tmp_path / "run" / "environment.json"
    with Session.resume(tmp_path / "run") as session:
        assert session.changes == ""
    recorded = json.loads(file.read_text())
    recorded["versions"]["numpy"] = "1.2.3"
    recorded["processor"] = "abacus"
    file.write_text(json.dumps(recorded))
    with Session.resume(tmp_path / "run") as session:
        assert "began with numpy 1.2.3, processor abacus, and continues with" in session.changes
        assert "\n" not in session.changes
    for damaged in ("", "[]", '{"versions": 5}', '{"versions": {"numpy": 5}}'):
        file.write_text(damaged)
        with Session.resume(tmp_path / "run"):
            pass


def test_nothing_differs_here():
    assert describe_changes(describe_environment()) == ""


def test_a_picture_is_whole_or_the_former_one(tmp_path):
    class Figure:
        def savefig(self, file, **options):
            file.write(b"part")
            raise RuntimeError

    (tmp_path / "a.png").write_bytes(b"former")
    with pytest.raises(RuntimeError):
        save_figure(Figure(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"former"
    with pytest.raises(InputError, match="cannot write"):
        save_figure(type("F", (), {"savefig": lambda *a, **k: None})(), tmp_path / "no" / "a.png")


def test_what_a_killed_process_left_is_removed_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    node = platform.node()
    (tmp_path / "runs" / f".lih-uccsd-adam-1.{node}-{gone.pid}").mkdir(parents=True)
    alive = tmp_path / "runs" / f".lih-uccsd-adam-2.{node}-{os.getppid()}"
    alive.mkdir()
    experiment = make_experiment({"molecule": "h2", "max_steps": 1})
    with Session.begin(experiment) as session:
        folder = session.folder.path
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == sorted(
        [alive.name, folder.name]
    )
    left = folder / f".result.json.{'0' * 16}.tmp"
    left.write_text("half")
    with Session.resume(folder):
        pass
    assert not left.exists()

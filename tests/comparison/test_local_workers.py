"""Worker processes on this machine: whatever ends a comparison, nothing of it goes on running."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

from qvopt.comparison.local_workers import LocalWorkers
from qvopt.comparison.worker_process import WorkerContext
from qvopt_molecules.errors import BackendError

QVOPT = [sys.executable, "-m", "qvopt"]
FILE = """
seeds = 50
shots = 200
budget = 60_000
optimizers = ["adam", "spsa"]
[[problems]]
molecule = "h2"
"""
SCRIPT = """
from qvopt import compare

result = compare(problems=[{"molecule": "h2"}], optimizers=["adam"], shots=200, budget=10_000,
                 seeds=12, out="c", workers=2)
print(len(result.outcomes))
"""


def ended(folder):
    return len(list(folder.glob("c/runs/*/*/outcome.json")))


def is_gone(group, seconds=5.0):
    """Whether the last process of a group ends in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def interrupted(tmp_path, end):
    """Start a comparison on two workers, end it with a function of its process, return it."""
    (tmp_path / "file.toml").write_text(FILE)
    command = [*QVOPT, "compare", "file.toml", "--out", "c", "--workers", "2"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 60
    while ended(tmp_path) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    end(process.pid)
    said = process.communicate(timeout=30)[1]
    return process, said


@pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param(lambda pid: os.killpg(pid, signal.SIGINT), 130, id="ctrl-c"),
        pytest.param(
            lambda pid: os.kill(pid, signal.SIGTERM), 75, id="sigterm", marks=pytest.mark.slow
        ),
        pytest.param(
            lambda pid: os.kill(pid, signal.SIGKILL), -9, id="sigkill", marks=pytest.mark.slow
        ),
    ],
)
def test_nothing_goes_on_running(tmp_path, end, code):
    process, said = interrupted(tmp_path, end)
    assert process.returncode == code, said
    assert is_gone(process.pid)
    assert "Traceback" not in said
    if code > 0:
        assert "nothing is lost" in said
    done = ended(tmp_path)
    assert 2 <= done < 100


@pytest.mark.slow
def test_a_script_needs_no_guard(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stdout) == (0, "12\n"), done.stderr


def test_workers_that_cannot_start_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr("qvopt.comparison.local_workers.set_up_worker", os._exit)
    pool = LocalWorkers(1)

    def begin_and_lose():
        pool.submit(tmp_path, [{"run": "runs/a"}])
        return pool.next_finished()[1]

    try:
        assert begin_and_lose() is None
        assert begin_and_lose() is None
        with pytest.raises(BackendError, match="end as they start"):
            begin_and_lose()
    finally:
        pool.close()


def test_a_worker_computes_on_one_thread_and_leaves_our_environment_alone(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = json.dumps(dict(os.environ), sort_keys=True)
    main = sys.modules["__main__"]
    context = WorkerContext()
    with ProcessPoolExecutor(1, context) as executor:
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
        assert sys.modules["__main__"] is main
        assert json.dumps(dict(os.environ), sort_keys=True) == before
    context.kill()  # again does no harm
    assert [process.exitcode for process in context.started] == [0]

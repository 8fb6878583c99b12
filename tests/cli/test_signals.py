"""SIGTERM and SIGINT from the first import on: an exit code, a line, nothing half made."""

import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest

from qvopt.cli.ending import Terminated, signal_behind, terminable

# The command line, in which the import of a module, or the begin of a run's folder, is the moment
# at which the signal comes.
PROGRAM = """
import os, sys
number, moment = int(sys.argv.pop(1)), sys.argv.pop(1)

class Signals:
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), number)

sys.meta_path.insert(0, Signals())
from qvopt.cli import main
if moment == "folder":
    import qvopt.runs.session as session
    real = session.Driver
    def driver(*arguments, **keywords):
        os.kill(os.getpid(), number)
        return real(*arguments, **keywords)
    session.Driver = driver
main()
"""
CODES = {signal.SIGTERM: 75, signal.SIGINT: 130}
COMPARISON = """seeds = 1
shots = 100
budget = 2000
optimizers = ["spsa"]
[[problems]]
molecule = "h2"
"""


def interrupted(tmp_path, number, moment, *arguments):
    (tmp_path / "comparison.toml").write_text(COMPARISON)
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(number)), moment, *arguments],
        cwd=work, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == CODES[number], done.stderr
    assert "Traceback" not in done.stderr
    assert "interrupted" in done.stderr
    assert done.stderr.count("\n") == 1
    return [str(p.relative_to(work)) for p in work.rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    ("number", "moment", "arguments"),
    [
        (signal.SIGTERM, "typer", ["run", "h2"]),
        (signal.SIGINT, "qvopt.engine.assembly", ["run", "h2"]),
        pytest.param(signal.SIGINT, "typer", ["run", "h2"], marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, "numba", ["run", "h2"], marks=pytest.mark.slow),
        (signal.SIGTERM, "folder", ["run", "h2", "--max-steps", "1", "--quiet"]),
        pytest.param(
            signal.SIGTERM,
            "qvopt.comparison.sweep",
            ["compare", "../comparison.toml"],
            marks=pytest.mark.slow,
        ),
        *(
            pytest.param(number, moment, arguments, marks=pytest.mark.slow)
            for number in CODES
            for moment, arguments in (
                ("pydantic", ["list", "molecules"]),
                ("folder", ["run", "h2", "--max-steps", "1", "--quiet"]),
                ("qvopt.tasks.scan", ["scan", "h2", "--bond", "0.7:0.8:2"]),
                ("qvopt.tasks.validation", ["validate", "sector"]),
                ("qvopt.tasks.excited", ["excited", "h2"]),
                ("qvopt.tasks.relax", ["relax", "h2"]),
            )
        ),
    ],
)
def test_a_signal_at_the_start_leaves_nothing(number, moment, arguments, tmp_path):
    assert interrupted(tmp_path, number, moment, *arguments) == []


def test_a_signal_in_a_callback_from_c_is_not_lost():
    def callback():
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    lost = ctypes.CFUNCTYPE(ctypes.c_int)(callback)

    def works_on():
        lost()  # an exception cannot pass through C
        until = time.monotonic() + 10
        while time.monotonic() < until:
            time.sleep(0.001)

    with terminable(), pytest.raises(Terminated):
        works_on()


def test_a_signal_is_seen_behind_what_was_made_of_it():
    error = RuntimeError("An error occurred while initializing a class")
    error.__cause__ = Terminated()
    assert signal_behind(error) is error.__cause__
    assert signal_behind(ValueError()) is None

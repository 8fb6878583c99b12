"""SIGTERM and SIGINT at moments drawn over the first seconds of every command.

About five minutes. Seeds are fixed; the moments are those of a clock, and so differ by machine.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

CODES = {signal.SIGTERM: 75, signal.SIGINT: 130}
COMPARISON = """seeds = 2
shots = 100
budget = 20000
optimizers = ["spsa", "adam"]
[[problems]]
molecule = {name = "h2", set = {bond = [0.7, 0.8]}}
"""
COMMANDS = {
    "run": ["run", "lih", "--optimizer", "adam", "--max-steps", "400", "--quiet"],
    "run on Aer": ["run", "h2", "--backend", "aer", "--shots", "1000", "--max-steps", "30", "-q"],
    "scan": ["scan", "h2", "--bond", "0.5:2:8", "--quiet"],
    "excited": ["excited", "lih", "--states", "3"],
    "relax": ["relax", "h2"],
    "oo-vqe": ["oo-vqe", "lih", "--active-space", "2,4", "--max-rounds", "5"],
    "compare": ["compare", "../comparison.toml", "--quiet", "--out", "comparison"],
    "validate": ["validate", "sector", "--repeats", "400"],
}


def wait_until_handled(process):
    """Python's own start comes before any line of qvopt, and takes its time on a busy machine."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(0.5)
        return
    while process.poll() is None:
        caught = next(line for line in status.read_text().splitlines() if "SigCgt" in line)
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_ends_a_command_in_order(name, number, tmp_path):
    (tmp_path / "comparison.toml").write_text(COMPARISON)
    seed = [int(number), list(COMMANDS).index(name)]
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    for k in range(10):
        folder = tmp_path / str(k)
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "qvopt", *COMMANDS[name]],
            cwd=folder, env=os.environ | {"QVOPT_CACHE_DIR": str(tmp_path / f"cache-{k}")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        wait_until_handled(process)
        time.sleep(5 * rng.random())
        process.send_signal(number)
        _, reply = process.communicate(timeout=60)
        natural = process.returncode in (0, 1) and "interrupted" not in reply
        assert natural or process.returncode == CODES[number], reply
        assert "Traceback" not in reply
        assert "Exception ignored" not in reply
        hidden = [p for p in folder.rglob(".*") if p.name != ".gitignore"]
        assert not hidden

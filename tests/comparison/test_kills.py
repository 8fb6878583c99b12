"""Comparisons that are killed at every change they make, and workers that race for every run."""

import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("killed_comparisons.py")


@pytest.mark.parametrize(
    ("every", "fewest"), [(23, 4), pytest.param(1, 50, marks=pytest.mark.slow)]
)
def test_a_comparison_killed_anywhere_runs_to_the_same_end(tmp_path, every, fewest):
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(tmp_path), str(every)],
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-2]) >= fewest


@pytest.mark.parametrize("races", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_two_workers_run_each_run_once(tmp_path, races):
    driver = DRIVER.with_name("racing_workers.py")
    done = subprocess.run(
        [sys.executable, str(driver), str(tmp_path), str(races)],
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{races} races\n"

"""Progress in a log file: a line now and then, however long the run."""

import json
from itertools import pairwise

import pytest
from command_line import command_line

from qvopt.cli.cadence import Cadence
from qvopt.cli.spending import status_printer


def lines_in(seconds, **how):
    """Lines of work that looks at the clock twice a second."""
    now = [0.0]
    cadence, lines = Cadence(lambda: now[0], **how), []
    while now[0] < seconds:
        now[0] += 0.5
        if cadence.due():
            lines.append(now[0])
            cadence.shown()
    return lines


def test_lines_grow_with_the_logarithm_of_the_time():
    assert len(lines_in(29)) == 0
    assert len(lines_in(300)) == 9
    hour, day = lines_in(3600), lines_in(86_400)
    assert len(hour) < 40
    assert len(day) < 80
    assert day[: len(hour)] == hour
    gaps = [b - a for a, b in pairwise(day)]
    assert gaps == sorted(gaps)


@pytest.mark.slow
def test_a_piped_run_has_a_line_for_doubling_steps(tmp_path):
    done = command_line("run", "h2", "--optimizer", "adam", "--shots", "100", "--max-steps", "600",
                        "--json", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)["steps"]
    assert steps == 600
    shown = [int(line.split()[0]) for line in done.stderr.splitlines() if line.split()[0].isdigit()]
    assert {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600} <= set(shown)
    assert len(shown) < 16
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr


def test_lines_about_jobs_become_rare_too(capsys):
    show = status_printer(quiet=False)
    for k in range(900):
        show(f"job {k} is queued")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "job 0 is queued"
    assert len(lines) < 30

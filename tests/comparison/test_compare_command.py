"""`qvopt compare` and `worker` as people use them."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from qvopt.cli.command_line import run as run_command

QVOPT = [sys.executable, "-m", "qvopt"]
FILE = """
title = "Two on H2"
seeds = 2
shots = 200
budget = 5_000
optimizers = ["adam", "spsa"]

[[problems]]
molecule = "h2"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(FILE)
    return path


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def qvopt(tmp_path, monkeypatch, capsys):
    """Runs the command line in this process, below the test's folder."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["qvopt", *map(str, arguments)])
        capsys.readouterr()
        code = run_command([str(a) for a in arguments])
        return Done(code, *capsys.readouterr())

    return run


def test_a_comparison_from_its_file_to_its_report(qvopt, tmp_path, file):
    done = qvopt("compare", file)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "comparisons" / "two"
    assert (folder / "report.html").is_file()
    assert "4 runs to do, at most 2e+04 shots" in done.stderr
    assert "adam" in done.stdout
    assert "median" in done.stdout
    again = qvopt("compare", file, "--seeds", 3, "--no-report", "--json")
    assert "4 of 6 runs are there" in again.stderr
    document = json.loads(again.stdout)
    assert document["runs"] == {"planned": 6, "ended": 6}
    assert {row["optimizer"] for row in document["summary"]["at_end"]} == {"adam", "spsa"}


def test_cautions_come_before_the_start(qvopt, file):
    file.write_text(FILE.replace("5_000", "4_000"))
    few = "h2: a budget of 4,000 shots pays about"
    assert few in qvopt("compare", file, "--dry").stdout
    assert few in json.loads(qvopt("compare", file, "--dry", "--json").stdout)["cautions"][0]
    file.write_text("targets = [1.6, 50.0]\n" + FILE)
    done = qvopt("compare", file, "--no-report")
    assert "the start is already within 50 mHa" in done.stderr
    assert "the start is already within 50 mHa" in done.stdout


def test_dry_says_what_it_would_take_and_writes_nothing(qvopt, tmp_path, file):
    done = qvopt("compare", file, "--dry", "--json", "--seeds", 50)
    forecast = json.loads(done.stdout)["forecast"]
    assert (forecast["runs"], forecast["missing"], forecast["shots"]) == (100, 100, 500_000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["two.toml"]
    shown = qvopt("compare", file, "--dry", "--budget", 9000, "--only", "spsa")
    assert "2 runs to do, at most 1.8e+04 shots" in shown.stdout
    assert "the report is drawn in some seconds more" in shown.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FILE.replace("spsa", "spda"), "did you mean 'spsa'"),
        (FILE.replace("seeds", "seads"), "did you mean 'seeds'"),
        (FILE + "bond = ", "is not valid TOML"),
        (FILE.replace("5_000", "2_900"), "2,900 shots does not pay one step of adam"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(qvopt, tmp_path, file, text, words):
    file.write_text(text)
    done = qvopt("compare", file)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "comparisons" / "two").exists()


def test_other_mistakes_of_use(qvopt, tmp_path, file):
    assert "cannot read" in qvopt("compare", "nothing.toml").stderr
    unknown = qvopt("compare", file, "--only", "spda")
    assert "did you mean 'spsa'" in unknown.stderr
    nothing = qvopt("worker", tmp_path)
    assert (nothing.returncode, "begin with" in nothing.stderr) == (2, True)
    capped = qvopt("compare", file, "--max-gb", 1e-9)
    assert (capped.returncode, "may write" in capped.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 75)],
)
def test_a_signal_ends_it_in_order_and_says_how_to_go_on(qvopt, tmp_path, file, sign, code):
    command = [*QVOPT, "compare", str(file), "--seeds", "80", "--out", "c", "--workers", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("c/runs/*/*/outcome.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(sign)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert "nothing is lost; `qvopt compare c` continues" in said
    ended = len(list(tmp_path.glob("c/runs/*/*/outcome.json")))
    done = qvopt("compare", "c", "--collect", "--no-report", "--json")
    assert json.loads(done.stdout)["runs"] == {"planned": 160, "ended": ended}


@pytest.mark.slow
def test_a_terminal_shows_progress_by_optimizer(qvopt, tmp_path, file):
    ours, theirs = pty.openpty()
    command = [*QVOPT, "compare", str(file), "--seeds", "5", "--workers", "1", "--no-report"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=theirs, stdout=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    seen = b""
    while process.poll() is None or select.select([ours], [], [], 0.1)[0]:
        try:
            seen += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert process.wait(60) == 0
    text = seen.decode(errors="replace")
    assert "scored runs:" in text
    assert "best so far" in text
    assert "median error (mHa)" in text
    assert "10/10" not in text.split("scored runs:")[1]


def test_workers_go_on_with_a_folder_that_was_prepared(qvopt, tmp_path, file):
    done = qvopt("compare", file, "--prepare", "--out", "c")
    assert "is ready for `qvopt worker c`" in done.stderr
    assert not (tmp_path / "c" / "runs").exists()
    done = qvopt("worker", "c")
    assert "ran 4 runs of c; all have ended" in done.stderr
    assert "ran 0 runs of c" in qvopt("worker", "c").stderr

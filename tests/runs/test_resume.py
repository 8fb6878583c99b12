"""A run killed at any instant resumes to what an uninterrupted one gives, bit for bit."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest
from command_line import command_line

import qvopt
from qvopt.runs.folder import RunFolder
from qvopt.runs.session import Session
from qvopt.runs.stored import ended_result, stored_result

QVOPT = [sys.executable, "-c", "from qvopt.cli import main; main()"]

CASES = {
    "adam": ["lih", "--optimizer", "adam", "--shots", "400", "--max-steps", "40"],
    "gradient-descent": ["h4-chain", "--optimizer", "gradient-descent", "--shots", "400",
                         "--max-steps", "150"],
    "spsa": ["h4-chain", "--optimizer", "spsa", "--shots", "400", "--max-steps", "2500"],
    "l-bfgs": ["lih", "--optimizer", "l-bfgs", "--shots", "400", "--max-steps", "25"],
    "qng": ["lih", "--optimizer", "qng", "--shots", "400", "--max-steps", "25",
            "--set", "optimizer.metric=diagonal"],
}  # fmt: skip


def run(*arguments):
    return command_line(*arguments, "--json", "--quiet")


def rounds(folder):
    """The journal's events without the time they took."""
    events = []
    for line in (folder / "journal.jsonl").read_text().splitlines():
        event = json.loads(line)
        del event["crc"]
        event.pop("seconds", None)
        events.append(event)
    return events


def result(process):
    document = json.loads(process.stdout)
    del document["seconds"]
    del document["run"]
    return document


@pytest.mark.parametrize(
    ("name", "kills"),
    [("gradient-descent", 1), *(pytest.param(name, 4, marks=pytest.mark.slow) for name in CASES)],
)
def test_killed_at_random_points(name, kills, tmp_path):
    whole = run("run", *CASES[name], "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    expected = rounds(tmp_path / "whole")
    pick = random.Random(name)
    killed = tmp_path / "killed"
    command = ["run", *CASES[name], "--out", str(killed)]
    midway = 0
    for attempt in range(kills):
        # Further and further into the run: a kill near its end leaves the next ones nothing to do.
        aim = round(len(expected) * (attempt + pick.random()) / (kills + 1))
        process = subprocess.Popen(
            [*QVOPT, *command, "--json", "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        journal = killed / "journal.jsonl"
        while process.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") >= aim:
                time.sleep(pick.random() * 0.01)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        if process.wait() == -signal.SIGKILL:
            midway += journal.read_bytes().count(b"\n") < len(expected)
        command = ["resume", str(killed)]
    assert midway >= (kills + 1) // 2
    resumed = run("resume", str(killed))
    assert resumed.returncode == 0, resumed.stderr
    assert result(resumed) == result(whole)
    assert rounds(killed) == expected


def test_resuming_an_ended_run_shows_it_and_writes_nothing(tmp_path):
    folder = tmp_path / "run"
    first = run("run", "h2", "--out", str(folder))
    before = (folder / "journal.jsonl").read_bytes()
    again = run("resume", str(folder))
    assert again.returncode == 0
    assert result(again) == result(first)
    assert (folder / "journal.jsonl").read_bytes() == before


def test_a_result_file_that_the_journal_is_ahead_of_is_written(tmp_path):
    """Killed between the end's event and the file: missing, torn, or of an earlier end."""
    for steps in (1, 2):
        qvopt.run("h2", shots=200, seed=7, max_steps=steps, out=tmp_path / str(steps))
    folder = tmp_path / "2"
    file = folder / "result.json"
    whole = json.loads(file.read_text())
    for left in (None, '{"status": "max-st', (tmp_path / "1/result.json").read_text()):
        file.unlink()
        if left is not None:
            file.write_text(left)
        assert ended_result(folder).energy == whole["energy"]
        assert json.loads(file.read_text()) | {"seconds": 0} == whole | {"seconds": 0}
    file.unlink()
    assert run("resume", str(folder)).returncode == 0
    assert file.exists()


def test_more_steps_go_on_where_the_run_ended(tmp_path):
    options = ["h2", "--shots", "200", "--seed", "7"]
    run("run", *options, "--max-steps", "5", "--out", str(tmp_path / "short"))
    longer = run("resume", str(tmp_path / "short"), "--max-steps", "12")
    whole = run("run", *options, "--max-steps", "12", "--out", str(tmp_path / "long"))
    a, b = json.loads(longer.stdout), json.loads(whole.stdout)
    assert a["parameters"] == b["parameters"]
    assert a["energy"] == b["energy"]
    steps = [[e for e in rounds(tmp_path / p) if e["type"] == "step"] for p in ("short", "long")]
    assert [s["exact"] for s in steps[0]] == [s["exact"] for s in steps[1]]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 75, marks=pytest.mark.slow)],
)
def test_signals_end_in_order(number, code, tmp_path):
    folder = tmp_path / "run"
    command = [*QVOPT, "run", "lih", "--shots", "2000", "--max-steps", "5000", "--quiet"]
    process = subprocess.Popen(
        [*command, "--out", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = folder / "journal.jsonl"
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 4):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert f"qvopt resume {folder}" in err
    shown = json.loads(command_line("show", folder, "--json").stdout)
    assert shown["status"] == "interrupted"
    # Ctrl-C leaves the time for the final estimate; a batch system's notice does not.
    assert (shown["final"] is not None) == (number == signal.SIGINT)


def test_two_owners_never_run_at_once(tmp_path):
    from qvopt.records.journal import Journal

    folder = tmp_path / "run"
    run("run", "h2", "--shots", "100", "--max-steps", "2", "--out", str(folder))
    with Journal(folder / "journal.jsonl"):
        second = run("resume", str(folder), "--max-steps", "9")
    assert second.returncode == 2
    assert "another process" in second.stderr


def test_going_on_after_an_end_counts_the_energies_of_that_end(tmp_path):
    path = tmp_path / "run"
    first = qvopt.run("h2", shots=200, final_shots=200, optimizer="adam", max_steps=5, out=path)
    with Session.resume(path, max_steps=10) as session:
        steps = list(session)
        second = session.result()
    assert first.costs["final"].shots == 3 * 200
    assert second.costs["final"].shots == 2 * 3 * 200
    assert steps[-1].shots == first.shots + 5 * (steps[1].shots - steps[0].shots)
    stored = stored_result(RunFolder.open(path))
    assert stored.costs == second.costs
    # Asking again, at the same end, pays and counts nothing more.
    with Session.resume(path, max_steps=10) as session:
        list(session)
        assert session.result().costs == second.costs

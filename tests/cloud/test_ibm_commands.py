"""`qvopt cancel` and `qvopt doctor --live` against IBM's loopback server."""

import json

import pytest
from killing import SECRET
from slow_cases import rest_slow
from typer.testing import CliRunner

from qvopt.cli import command_line
from qvopt.cli.app import app

pytestmark = pytest.mark.filterwarnings("ignore")  # the server's, of IBM's client
assert callable(command_line.run)  # its import registers the commands

EXPERIMENT = """
molecule = "h2"
max_steps = 1
shots = 200
[measurement]
grouping = "qubit-wise"
postselect = true  # no simulation of what mitigation would have done
[backend]
name = "ibm:ibm_manila"
poll = 0.02
optimization_level = 1
"""


@pytest.fixture
def server(server_of_a_user):
    return server_of_a_user


def call(*arguments, answer=""):
    done = CliRunner().invoke(app, list(arguments), input=answer)
    assert SECRET not in done.output
    return done


def test_cancel_stops_the_jobs_and_says_so(server, tmp_path):
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    server.queue = 1000
    sent = call("submit", "e.toml", "--yes", "--out", "mine")
    assert sent.exit_code == 0, sent.output
    assert [job["status"] for job in server.jobs.values()] == ["Queued"]
    done = call("cancel", "mine")
    assert done.exit_code == 0, done.output
    assert "cancelled job0001" in done.output
    assert [job["status"] for job in server.jobs.values()] == ["Cancelled"]
    # It is not submitted again by itself, and a second cancel finds nothing to do.
    assert "job0001" in str(call("resume", "mine", "--quiet").exception)
    assert "no job of this run" in call("cancel", "mine").output
    assert len(server.jobs) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "told"),
    rest_slow(
        [(7, ", place 7"), (None, " (its place is unknown; 3 jobs were pending at the device)")],
        lambda place, told: place is None,
    ),
)
def test_the_queue_is_told_as_far_as_ibm_tells_it(place, told, server, tmp_path):
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    server.queue, server.place = 4, place
    assert call("submit", "e.toml", "--yes", "--out", "mine").exit_code == 0
    assert f"queued{told}" in call("status", "mine").output
    server.jobs["job0001"]["polls"] = 0
    done = call("resume", "mine")
    assert done.exit_code == 0, done.output
    for job in ("job0001", "job0002"):
        assert done.output.count(f"job {job} queued{told}") == 1
    if place is None:  # a command asks once for a job, and once more for what it took
        asked = [path for _, path in server.requests if path.endswith("/metrics")]
        assert len(asked) == 6


def test_doctor_live_asks_first_and_sends_one_job(server):
    asked = call("doctor", "--live", "--backend", "ibm:ibm_manila", answer="n\n")
    assert asked.exit_code == 0, asked.output
    assert "100 shots" in asked.output
    assert "not sent" in asked.output
    assert not server.jobs
    sent = call("doctor", "--live", "--yes", "--json", "--backend", "ibm:ibm_manila")
    assert sent.exit_code == 0, sent.output
    assert len(server.jobs) == 1
    rows = json.loads(sent.stdout)["checks"]
    (found,) = [row["found"] for row in rows if "Bell" in row["check"]]
    counts = {int(k): int(n) for k, n in
              (pair.split(":") for pair in found[len("counts {") : -1].split(","))}  # fmt: skip
    assert sum(counts.values()) == 100
    assert counts[0] + counts[3] > 70

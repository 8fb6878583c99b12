"""Scans on hardware: the jobs of independent points queue together, and none is paid twice."""

import pytest
from ibm_server import Server

from qvopt import make_experiment
from qvopt.cloud.job_manager import JobFailedError
from qvopt.tasks.scan import Scan

pytestmark = pytest.mark.usefixtures("quiet_client")

FAST = {"poll": 0.02, "longest_poll": 0.05, "grace": 0.3, "call_timeout": 60.0, "give_up": 120.0,
        "submit_timeout": 60.0, "repeats": 1, "optimization_level": 1}  # fmt: skip
BONDS = [0.6, 0.74]
ROUNDS = 2  # a step and the final energies


@pytest.fixture
def server(monkeypatch):
    """A service that notes how many jobs are open whenever one comes."""
    with Server(queue=3) as stub:
        stub.stand_in(monkeypatch)
        post = stub.post_job
        stub.open_before = []

        def noted(payload):
            states = [job["status"] for job in stub.jobs.values()]
            stub.open_before.append(sum(s in ("Queued", "Running") for s in states))
            return post(payload)

        stub.post_job = noted
        yield stub


def scan(folder, *, warm=False, **backend):
    experiment = make_experiment(
        {
            "molecule": "h2",
            "optimizer": {"name": "adam", "learning_rate": 0.2},
            "backend": {"name": "ibm:ibm_manila", **FAST, **backend},
            "measurement": {"shots": 100, "grouping": "qubit-wise"},
            "max_steps": 1,
        }
    )
    return Scan(experiment, "bond", BONDS, warm=warm, folder=folder)


def test_the_queue_is_waited_for_once_a_step(server, tmp_path):
    points = list(scan(tmp_path / "s", mode="batch"))
    assert [p.value for p in points] == BONDS
    assert {p.status for p in points} == {"max-steps"}
    assert len(server.jobs) == ROUNDS * len(BONDS)
    # Every point's first job is in the queue before any has come back.
    assert server.open_before[:2] == [0, 1]
    assert max(server.open_before) == len(BONDS) - 1
    # They are in one batch, which is closed before the wait.
    batches = [job["session"] for job in server.jobs.values()]
    assert batches[0] is not None
    assert len(set(batches[:2])) == 1
    assert batches[-1] != batches[0]


@pytest.mark.slow
def test_a_scan_that_is_cut_off_pays_nothing_twice(server, tmp_path):
    steps = scan(tmp_path / "s").steps()
    for _ in range(3):  # two starting points, and a step of the first
        next(steps)
    steps.close()
    before = list(server.jobs)
    assert len(BONDS) <= len(before) < ROUNDS * len(BONDS)
    points = list(scan(tmp_path / "s"))
    assert len(points) == len(BONDS)
    assert list(server.jobs)[: len(before)] == before
    assert len(server.jobs) == ROUNDS * len(BONDS)


def test_a_failed_job_stops_its_own_point_alone(server, tmp_path):
    post = server.post_job

    def failing(payload):
        answer = post(payload)
        if answer["id"] == "job0001":
            server.jobs["job0001"]["status"] = "Failed"
        return answer

    server.post_job = failing
    with pytest.raises(JobFailedError, match="--resubmit"):
        list(scan(tmp_path / "s"))
    assert len(server.jobs) == 1 + ROUNDS * (len(BONDS) - 1)
    ended = [(tmp_path / f"s/points/{k:04d}/result.json").is_file() for k in range(2)]
    assert ended == [False, True]


@pytest.mark.slow
def test_warm_points_wait_for_each_other(server, tmp_path):
    points = list(scan(tmp_path / "s", warm=True))
    assert len(points) == len(BONDS)
    assert set(server.open_before) == {0}

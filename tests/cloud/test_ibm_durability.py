"""The real command line killed against IBM's loopback server, at every transition of a job."""

import pytest
from ibm_server import Server
from killing import JOBS, SECRET, STEPS, Runs, killed_and_resumed, same

pytestmark = pytest.mark.filterwarnings("ignore")  # the server's, of IBM's client

CREATE, LIST, LOOK = "/jobs$", "/jobs$", r"/jobs/job\d+$"
RESULT, USAGE = "/results$", "/metrics$"

MUTANT = (
    "import qvopt.cloud.ibm as i; i.IBMProvider.find = lambda *_: []; "
    "from qvopt.cli import main; main()"
)


@pytest.fixture
def begin(tmp_path):
    """Make a server, with every job seen queued and running, and runs against it."""
    made = []

    def make(name, queue=2):
        server = Server(token=SECRET, queue=queue)
        server.__enter__()
        made.append(server)
        folder = tmp_path / name
        folder.mkdir()
        environment = server.environment | {"PYTHONWARNINGS": "ignore"}
        return Runs(server, "ibm:ibm_manila", folder, environment, CREATE)

    yield make
    for server in made:
        server.__exit__()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The end of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    with Server(token=SECRET) as server:
        environment = server.environment | {"PYTHONWARNINGS": "ignore"}
        runs = Runs(server, "ibm:ibm_manila", folder, environment, CREATE)
        status, err = runs.begin()
        assert status == 0, err
        assert runs.made == JOBS == STEPS + 1
    return runs.result


def check(runs, whole):
    assert runs.made == JOBS
    assert same(runs.result, whole)
    runs.check_secret()


@pytest.mark.slow
def test_killed_after_a_job_was_taken_and_before_its_id_was_written(begin, whole):
    runs = begin("killed", queue=0)
    killed_and_resumed(runs, [("kill-after", CREATE, 1)])
    check(runs, whole)


TRANSITIONS = {
    "intent written, nothing sent": ("kill", CREATE),
    "taken, id not written": ("kill-after", CREATE),
    "id written, not looked at": ("kill", LOOK),
    "seen queued": ("kill-after", LOOK),
    "done, result not fetched": ("kill", RESULT),
    "result on the way": ("kill-after", RESULT),
    "result fetched, usage not": ("kill", USAGE),
    "usage fetched, nothing stored": ("kill-after", USAGE),
}


@pytest.mark.slow
@pytest.mark.parametrize("skip", range(JOBS))
@pytest.mark.parametrize("transition", TRANSITIONS)
def test_killed_at_every_transition_of_every_job(transition, skip, begin, whole):
    runs = begin("killed")
    kind, path = TRANSITIONS[transition]
    killed_and_resumed(runs, [(kind, path, skip)])
    check(runs, whole)


@pytest.mark.slow
@pytest.mark.parametrize("looks", range(1, 6))
def test_killed_while_a_job_waits_and_runs(looks, begin, whole):
    """Queued, running and done: each is seen by a look of its own."""
    runs = begin("killed", queue=4)
    killed_and_resumed(runs, [("kill", LOOK, looks)])
    check(runs, whole)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["kill", "kill-after"])
def test_killed_again_while_it_looks_for_a_job_in_doubt(kind, begin, whole):
    runs = begin("killed")
    runs.stub.fail("GET", LIST, kind)
    runs.stub.fail("POST", CREATE, "kill-after", skip=1)
    for _ in range(2):
        status, _ = runs.resume() if (runs.folder / "r").exists() else runs.begin()
        assert status == -9
    status, err = runs.resume()
    assert status == 0, err
    check(runs, whole)


@pytest.mark.slow
def test_killed_in_every_job_of_a_run(begin, whole):
    runs = begin("killed")
    kills = [("kill", CREATE, 0), ("kill-after", CREATE, 0), ("kill", RESULT, 1)]
    killed_and_resumed(runs, [*kills, ("kill-after", USAGE, 2)])
    check(runs, whole)


@pytest.mark.slow
def test_without_looking_for_jobs_one_is_paid_twice(begin):
    """The tests above can fail: a mutant that finds nothing makes a job too many."""
    runs = begin("mutant")
    killed_and_resumed(runs, [("kill-after", CREATE, 1)], MUTANT)
    assert runs.made == JOBS + 1

"""Runs on IonQ and Braket that are killed: no job is lost, none is made twice, numbers agree."""

import pytest
from braket_stub import BraketStub
from ionq_stub import IonQStub
from killing import JOBS, SECRET, Runs, killed_and_resumed, same
from vendor_jobs import AWS_ACCESS, aws_environment

MUTANT = (
    "import qvopt.cloud.ionq as i; i.IonQProvider.find = lambda *_: []; "
    "from qvopt.cli import main; main()"
)
VENDORS = {"ionq:simulator": IonQStub, "braket:sv1": BraketStub}
CREATE = {"ionq:simulator": "/jobs$", "braket:sv1": "/quantum-task$"}
LOOK = {"ionq:simulator": r"/jobs/[^/]+$", "braket:sv1": "/quantum-task/"}
RESULT = {"ionq:simulator": "aggregated$", "braket:sv1": "results.json$"}


@pytest.fixture
def vendor(tmp_path):
    """Make a stub and its runs."""
    made = []

    def make(backend, name):
        kind = VENDORS[backend]
        stub = kind(token=SECRET if backend.startswith("ionq") else AWS_ACCESS)
        stub.__enter__()
        made.append(stub)
        folder = tmp_path / name
        folder.mkdir()
        environment = {
            "IONQ_API_KEY": SECRET,
            "IONQ_API_URL": f"{stub.url}/v0.4",
            **aws_environment(stub.url),
        }
        return Runs(stub, backend, folder, environment, CREATE[backend])

    yield make
    for stub in made:
        stub.__exit__()


@pytest.mark.parametrize(
    "backend",
    [pytest.param(name, marks=pytest.mark.slow) for name in ("ionq:simulator", "braket:sv1")],
)
def test_killed_at_every_transition(vendor, backend):
    """Before a job is taken, after it, while it waits and while its result is on the way."""
    whole = vendor(backend, "whole")
    status, err = whole.begin()
    assert status == 0, err
    assert whole.made == JOBS
    killed = vendor(backend, "killed")
    create, look, result = CREATE[backend], LOOK[backend], RESULT[backend]
    kills = [("kill-after", create, 1), ("kill", look, 3)]
    if backend.startswith("braket"):
        kills += [("kill", create, 0), ("kill-after", result, 1)]
    killed_and_resumed(killed, kills)
    assert killed.made == JOBS
    assert same(whole.result, killed.result)
    killed.check_secret()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["kill", "kill-after"])
@pytest.mark.parametrize("where", [CREATE, LOOK, RESULT])
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("backend", list(VENDORS))
def test_killed_anywhere(vendor, backend, where, kind, skip):
    runs = vendor(backend, "killed")
    killed_and_resumed(runs, [(kind, where[backend], skip)])
    assert runs.made == JOBS
    runs.check_secret()


@pytest.mark.slow
def test_without_looking_for_jobs_one_is_paid_twice(vendor):
    """The tests above can fail: a mutant that finds nothing makes a job too many."""
    runs = vendor("ionq:simulator", "mutant")
    killed_and_resumed(runs, [("kill-after", CREATE["ionq:simulator"], 1)], MUTANT)
    assert runs.made > JOBS


@pytest.mark.slow
@pytest.mark.parametrize("backend", list(VENDORS))
def test_a_service_full_of_faults(vendor, backend):
    """Faults that pass do not end a run, and cost nothing."""
    runs = vendor(backend, "faults")
    create, look, result = CREATE[backend], LOOK[backend], RESULT[backend]
    for kind, skip in ((503, 0), ("reset-after", 0), (429, 1), ("garbage", 1)):
        runs.stub.fail("POST", create, kind, skip=skip)
    for kind in (500, "reset", "garbage"):
        runs.stub.fail("GET", look, kind)
        runs.stub.fail("GET", result, kind)
    status, err = runs.begin()
    while status not in (0, 2) and len(runs.texts) < 12:
        status, err = runs.resume()
    assert status == 0, err
    assert runs.made == JOBS
    runs.check_secret()


@pytest.mark.slow
@pytest.mark.parametrize("backend", list(VENDORS))
def test_a_refused_key_is_one_line(vendor, backend):
    runs = vendor(backend, "refused")
    runs.stub.fail("POST", CREATE[backend], 401, times=99)
    status, err = runs.begin()
    assert status not in (0, -9)
    assert "Traceback" not in err
    assert runs.made == 0
    runs.check_secret()

"""Every command and function of the package that can send a job to a vendor asks before it does.

A command or function that is new fails `test_every_..._is_told_apart` until it stands here.
"""

import re
import tomllib
from pathlib import Path

import pytest
import typer
from ionq_stub import IonQStub
from killing import SECRET
from typer.testing import CliRunner

import qvopt
from qvopt.cli import command_line
from qvopt.cli.app import app
from qvopt_molecules.errors import InputError, QvoptError

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # the clients', on the versions that are installed
]
assert callable(command_line.run)  # its import registers the commands

NOT_AGREED = "not agreed to, and nothing was submitted"
SETTINGS = {
    "shots": 200, "optimizer": "spsa", "measurement": {"grouping": "fully-commuting"},
}  # fmt: skip
DEVICE = {"name": "ibm:ibm_manila", "poll": 0.02, "optimization_level": 1}
OPTIONS = [
    "--backend", "ibm:ibm_manila", "--shots", "200",
    "--set", "measurement.grouping=fully-commuting",
    "--set", "backend.poll=0.02", "--set", "backend.optimization_level=1",
]  # fmt: skip
SPSA = ["--optimizer", "spsa"]
COMPARISON = """
optimizers = ["spsa"]
shots = 200
seeds = 1
budget = {jobs = 3}
[[problems]]
molecule = "h2"
measurement = {grouping = "fully-commuting"}
backend = {name = "ibm:ibm_manila", poll = 0.02, optimization_level = 1}
"""

ASKING_COMMANDS = {
    "run": ["run", "h2", *OPTIONS, *SPSA, "--max-steps", "1"],
    "submit": ["submit", "h2", *OPTIONS, *SPSA, "--max-steps", "1"],
    "resume": ["resume", "ended", "--max-steps", "2"],
    "scan": ["scan", "h2", "--bond", "0.7:0.8:2", *OPTIONS, *SPSA, "--max-steps", "1"],
    "excited": ["excited", "h2", *OPTIONS, *SPSA, "--max-steps", "1", "--states", "2"],
    "validate": [
        "validate", "ibm:ibm_manila", "--shots", "60", "--repeats", "20", *OPTIONS[4:],
    ],
    "compare": ["compare", "c.toml", "--out", "c"],
    "properties": ["properties", "ended", "--shots", "2000"],
    "diagonalize": ["diagonalize", "ended", "--shots", "200"],
    "doctor": ["doctor", "--live", "--backend", "ibm:ibm_manila"],
}  # fmt: skip
"""What can send a job, and asks."""

REFUSING_COMMANDS = {
    "relax": ["relax", "h2", "--set", "backend.name=ibm:ibm_manila"],
    "oo-vqe": ["oo-vqe", "lih", "--active-space", "2,2", "--set", "backend.name=ibm:ibm_manila"],
}
"""What needs exact energies, which no device gives."""

HARMLESS_COMMANDS = {
    "list": ["list", "backends"],
    "show": ["show", "ended"],
    "status": ["status", "ended"],
    "fetch": ["fetch", "ended"],
    "cancel": ["cancel", "ended"],
    "report": ["report", "ended"],
    "measurements": ["measurements", "h2", "--set", "backend.name=ibm:ibm_manila"],
    "worker": ["worker", "c"],  # of a comparison that was agreed to; here is none
}
"""What sends no job."""

ASKING_FUNCTIONS = {
    "run": lambda **asked: qvopt.run("h2", backend=DEVICE, **SETTINGS, max_steps=1, **asked),
    "resume": lambda **asked: qvopt.resume("ended", max_steps=2, **asked),
    "scan": lambda **asked: qvopt.scan(
        "h2", "bond", "0.7:0.8:2", backend=DEVICE, **SETTINGS, max_steps=1, **asked
    ),
    "excited_states": lambda **asked: qvopt.excited_states(
        "h2", 2, backend=DEVICE, **SETTINGS, max_steps=1, **asked
    ),
    "compare": lambda **asked: qvopt.compare(
        tomllib.loads(COMPARISON), out="c", **asked
    ),
    "run_properties": lambda **asked: qvopt.run_properties("ended", shots=2000, **asked),
    "diagonalize": lambda **asked: qvopt.diagonalize("ended", shots=200, **asked),
    "Session": lambda approve: qvopt.Session.begin(
        qvopt.make_experiment({"molecule": "h2", "backend": DEVICE, **SETTINGS, "max_steps": 1})
    ).approve(approve, new=True),
}  # fmt: skip
REFUSING_FUNCTIONS = {
    "relax": lambda: qvopt.relax("h2", backend=DEVICE),
    "optimize_orbitals": lambda: qvopt.optimize_orbitals(
        "lih", active_space=(2, 2), backend=DEVICE
    ),
}
HARMLESS_FUNCTIONS = {
    "Experiment", "Result", "build_hamiltonian", "find_molecule", "forecast", "from_pennylane",
    "from_qiskit", "get_ansatz", "get_optimizer", "ising", "load", "make_experiment", "maxcut",
    "minimize", "optimizers", "qubo", "transforms",
}  # fmt: skip
"""What runs nothing, or the user's own function."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The folder of a run that ended on a device, and how many jobs it sent."""
    from ibm_server import Server

    folder = tmp_path_factory.mktemp("ended") / "ended"
    with pytest.MonkeyPatch.context() as patch, Server(token=SECRET) as server:
        server.stand_in(patch)
        qvopt.run("h2", backend=DEVICE, **SETTINGS, max_steps=1, out=folder)
    return folder


@pytest.fixture
def server(server_of_a_user, ended, tmp_path):
    """A service that has none of the run's jobs, beside a copy of the run."""
    import shutil

    shutil.copytree(ended, tmp_path / "ended")
    (tmp_path / "c.toml").write_text(COMPARISON)
    return server_of_a_user


def call(*arguments, answer=""):
    return CliRunner().invoke(app, list(arguments), input=answer)


def test_every_command_is_told_apart():
    told = [*ASKING_COMMANDS, *REFUSING_COMMANDS, *HARMLESS_COMMANDS]
    assert sorted(told) == sorted(typer.main.get_command(app).commands)


def test_every_function_is_told_apart():
    told = [*ASKING_FUNCTIONS, *REFUSING_FUNCTIONS, *HARMLESS_FUNCTIONS]
    assert sorted(told) == sorted(qvopt.__all__)


@pytest.mark.parametrize("name", ASKING_COMMANDS)
@pytest.mark.parametrize("answer", ["n\n", pytest.param("", marks=pytest.mark.slow)])
def test_a_command_states_what_it_takes_and_asks(name, answer, server):
    done = call(*ASKING_COMMANDS[name], answer=answer)
    assert re.search(r"\d jobs?\b|one job", done.output), done.output
    assert re.search(r"\d[\d,]* (shots|executions)", done.output), done.output
    assert "QPU seconds" in done.output or "QPU s" in done.output, done.output
    assert "not priced" in done.output, done.output
    assert "[y/N]" in done.output
    if name != "doctor":  # which says that nothing was sent, and ends well
        assert isinstance(done.exception, InputError), done.output
        assert NOT_AGREED in str(done.exception)
    assert not server.jobs
    assert SECRET not in done.output


@pytest.mark.parametrize("name", REFUSING_COMMANDS)
def test_a_command_that_needs_exact_energies_refuses_a_device(name, server):
    done = call(*REFUSING_COMMANDS[name], answer="y\n")
    assert isinstance(done.exception, QvoptError), (done.output, done.exception)
    assert "exact" in str(done.exception)
    assert not server.jobs


def test_other_commands_send_nothing(server):
    for arguments in HARMLESS_COMMANDS.values():
        call(*arguments, answer="y\n")
        assert not server.jobs, arguments


@pytest.mark.parametrize("name", ASKING_FUNCTIONS)
def test_a_function_states_what_it_takes_and_may_be_refused(name, server):
    stated = []
    with pytest.raises(InputError, match=NOT_AGREED):
        ASKING_FUNCTIONS[name](approve=stated.append)
    (statement,) = stated
    assert not statement.simulated
    assert statement.cost.jobs > 0
    assert statement.cost.shots > 0
    assert statement.cost.qpu_seconds > 0
    assert re.search(r"ibm:ibm_manila: \d+ jobs?, [\d,]+ shots, about \d+ QPU seconds, not priced",
                     str(statement))  # fmt: skip
    assert not server.jobs


@pytest.mark.parametrize("name", REFUSING_FUNCTIONS)
def test_a_function_that_needs_exact_energies_refuses_a_device(name, server):
    with pytest.raises(QvoptError, match="exact"):
        REFUSING_FUNCTIONS[name]()
    assert not server.jobs


def test_a_session_that_nobody_asked_about_states_its_costs_in_the_log(server, caplog):
    data = {"molecule": "h2", "backend": DEVICE, **SETTINGS, "max_steps": 1}
    with qvopt.Session.begin(qvopt.make_experiment(data), out="s") as session:
        steps = iter(session)
        next(steps)
    warnings = [r.getMessage() for r in caplog.records if r.name.startswith("qvopt.runs")]
    assert len(warnings) == 1
    assert "3 jobs" in warnings[0]


def test_an_empty_folder_is_no_agreement(server):
    Path("x").mkdir()
    with pytest.raises(InputError, match=NOT_AGREED):
        ASKING_FUNCTIONS["excited_states"](out="x", approve=lambda statement: False)
    assert not server.jobs


@pytest.mark.parametrize("command", ["properties", "diagonalize"])
def test_what_was_submitted_is_neither_asked_for_nor_sent_again(command, server, tmp_path):
    """A process that is killed while its job runs, and one that asks later."""
    server.queue = 10**9  # the job never ends
    function = ASKING_FUNCTIONS["run_properties" if command == "properties" else command]
    from qvopt.backends.protocol import SubmissionPolicy
    from qvopt.cloud.job_manager import JobsPendingError

    with pytest.raises(JobsPendingError):
        function(approve=lambda statement: True, jobs=SubmissionPolicy("submit"))
    assert len(server.jobs) == 1
    server.queue = 0
    done = call(*ASKING_COMMANDS[command])  # an answer would be "no"
    assert done.exit_code == 0, (done.output, done.exception)
    assert len(server.jobs) == 1
    again = call(*ASKING_COMMANDS[command])
    assert again.exit_code == 0, (again.output, again.exception)
    assert len(server.jobs) == 1


@pytest.mark.parametrize("command", ["properties", "diagonalize"])
def test_yes_answers(command, server):
    done = call(*ASKING_COMMANDS[command], "--yes")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "1 job, " in done.output
    assert len(server.jobs) == 1


def test_further_steps_alone_are_stated(server, tmp_path):
    stated = []
    with pytest.raises(InputError, match=NOT_AGREED):
        qvopt.resume("ended", max_steps=3, approve=stated.append)
    assert "2 steps and the final estimate" in str(stated[0])
    assert stated[0].cost.jobs < 2 * 3
    assert not server.jobs


VENDORS = {"braket": "braket:sv1", "ionq": "ionq:aria-1"}


@pytest.fixture
def service(request, monkeypatch, tmp_path):
    """A stub of a vendor, and its jobs."""
    monkeypatch.chdir(tmp_path)
    if request.param == "braket":
        stub = request.getfixturevalue("braket_service")
        yield request.param, stub.tasks
        return
    with IonQStub(token=SECRET) as stub:
        monkeypatch.setenv("IONQ_API_KEY", SECRET)
        monkeypatch.setenv("IONQ_API_URL", stub.api)
        yield request.param, stub.jobs


@pytest.mark.parametrize("service", VENDORS, indirect=True)
def test_other_vendors_get_nothing_without_an_answer(service):
    vendor, jobs = service
    backend = {"name": VENDORS[vendor], "poll": 0.02, "longest_poll": 0.05}
    options = ["--backend", VENDORS[vendor], "--shots", "2000", *OPTIONS[4:6], *SPSA,
               "--set", "backend.poll=0.02", "--max-steps", "0"]  # fmt: skip
    for command in (["run", "h2", *options], ["submit", "h2", *options]):
        done = call(*command, answer="n\n")
        assert isinstance(done.exception, InputError), (done.output, done.exception)
        assert NOT_AGREED in str(done.exception)
        assert f"{VENDORS[vendor]}: " in done.output
        assert not jobs
    settings = {**SETTINGS, "shots": 2000, "max_steps": 0}
    qvopt.run("h2", backend=backend, **settings, out="ended", approve=lambda statement: True)
    sent = len(jobs)
    assert sent > 0
    for command in ("properties", "diagonalize"):
        done = call(command, "ended", "--shots", "4000", answer="n\n")
        assert isinstance(done.exception, InputError), (done.output, done.exception)
        assert NOT_AGREED in str(done.exception)
        assert f"{VENDORS[vendor]}: " in done.output
        assert len(jobs) == sent

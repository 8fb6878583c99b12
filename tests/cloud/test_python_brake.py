"""From Python, too, runs on paid or queued hardware are bounded, stated, and may be refused."""

import logging

import pytest
from typer.testing import CliRunner

import qvopt
from qvopt.cli import command_line
from qvopt.cli.app import app
from qvopt.comparison.compare import compare
from qvopt.experiment.specification import make_experiment
from qvopt.tasks.validation import validate_backend
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore")  # the server's, of IBM's client
assert callable(command_line.run)  # its import registers the commands

DEVICE = {"name": "ibm:ibm_manila", "poll": 0.02, "optimization_level": 1}
COMMON = {
    "backend": DEVICE, "shots": 200, "optimizer": "spsa",
    "measurement": {"grouping": "fully-commuting"},
}  # fmt: skip


@pytest.fixture
def server(server_of_a_user):
    return server_of_a_user


TASKS = {
    "run": lambda **more: qvopt.run("h2", **COMMON, **more),
    "scan": lambda **more: qvopt.scan("h2", "bond", "0.7:0.8:2", **COMMON, **more),
    "excited": lambda **more: qvopt.excited_states("h2", 2, **COMMON, **more),
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_without_an_end_is_refused_with_the_line_to_add(task, server, tmp_path):
    with pytest.raises(InputError, match=r"max_steps = 20 or budget = '20 QPU-min'"):
        TASKS[task](out=tmp_path / "r", approve=lambda statement: True)
    assert not server.jobs
    assert not list(tmp_path.glob("r/**/journal.jsonl"))


@pytest.mark.parametrize(("task", "jobs"), [("run", 3), ("scan", 6), ("excited", 6)])
def test_a_task_is_stated_and_may_be_refused(task, jobs, server, tmp_path):
    stated = []
    with pytest.raises(InputError, match="not agreed to, and nothing was submitted"):
        TASKS[task](out=tmp_path / "r", max_steps=1, approve=stated.append)
    (statement,) = stated
    assert statement.cost.jobs == jobs
    assert statement.cost.shots > 0
    assert statement.cost.qpu_seconds > 0
    assert not statement.simulated
    assert f"ibm:ibm_manila: {jobs} jobs, " in str(statement)
    assert "not priced" in str(statement)
    assert not server.jobs
    assert not list(tmp_path.glob("r/**/journal.jsonl"))


def test_without_a_callback_the_statement_is_a_warning_in_the_log(server, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    result = qvopt.run("h2", **COMMON, max_steps=1, out=tmp_path / "r")
    (record,) = [r for r in caplog.records if r.name.startswith("qvopt.runs")]
    assert record.levelno == logging.WARNING
    stated = record.getMessage()
    assert "3 jobs" in stated
    assert f"{sum(c.shots for c in result.costs.values()):,} shots" in stated
    assert len(server.jobs) == 3
    caplog.clear()
    # What was agreed to is not stated again.
    qvopt.resume(tmp_path / "r", approve=lambda statement: False)
    assert not [r for r in caplog.records if r.name.startswith("qvopt.runs")]


def test_a_budget_bounds_a_run(server, tmp_path):
    stated = []
    with pytest.raises(InputError, match="not agreed to"):
        qvopt.run("h2", **COMMON, budget="9 jobs", out=tmp_path / "r", approve=stated.append)
    assert "the run stops before it passes 9 jobs" in str(stated[0])
    assert not server.jobs


def test_a_snapshot_needs_no_bound_and_says_that_it_is_simulated(tmp_path, caplog):
    def refuse(statement):
        assert statement.simulated
        return False

    with pytest.raises(InputError, match="not agreed to"):
        qvopt.run("h2", **{**COMMON, "backend": "ibm:fake_manila"}, approve=refuse)
    caplog.set_level(logging.WARNING)
    settings = {**COMMON, "backend": "ibm:fake_manila", "max_steps": 0}
    assert qvopt.run("h2", **settings).energy is not None
    assert not [r for r in caplog.records if r.name.startswith("qvopt.runs")]


def test_a_validation_is_stated_and_may_be_refused(server, tmp_path):
    stated = []
    data = {"molecule": "h2", "shots": 60, **{k: COMMON[k] for k in ("backend", "measurement")}}
    with pytest.raises(InputError, match="not agreed to"):
        validate_backend(
            make_experiment(data), repeats=20, folder=tmp_path / "v", approve=stated.append
        )
    assert stated[0].cost.jobs == 4
    assert "for the validation" in str(stated[0])
    assert not server.jobs


PROBLEM = {"molecule": "h2", "backend": DEVICE, "measurement": COMMON["measurement"]}


def test_a_comparison_is_stated_as_a_whole_and_may_be_refused(server, tmp_path):
    stated = []
    asked = {"problems": [PROBLEM], "optimizers": ["spsa", "adam"], "shots": 200, "seeds": 3,
             "budget": "9 jobs"}  # fmt: skip
    with pytest.raises(InputError, match="not agreed to"):
        compare(asked, out=tmp_path / "c", approve=stated.append)
    (statement,) = stated
    assert statement.purpose == "6 runs"
    assert (
        6 * 7 <= statement.cost.jobs <= 6 * 9
    )  # whole steps within the cap, and the final estimate
    assert "each run stops before it passes 9 jobs" in str(statement)
    assert not server.jobs
    assert not (tmp_path / "c").exists()


def test_the_command_that_compares_asks(server, tmp_path):
    table = tmp_path / "c.toml"
    table.write_text(
        'optimizers = ["spsa"]\nshots = 200\nseeds = 1\nbudget = {jobs = 5}\n[[problems]]\n'
        'molecule = "h2"\nbackend = {name = "ibm:ibm_manila", poll = 0.02, '
        "optimization_level = 1}\n"
        'measurement = {grouping = "fully-commuting"}\n'
    )
    done = CliRunner().invoke(app, ["compare", str(table), "--out", "c"], input="n\n")
    assert isinstance(done.exception, InputError)
    assert "not agreed to" in str(done.exception)
    assert "jobs" in done.stderr
    assert "for 1 run" in done.stderr
    assert not server.jobs
    assert not (tmp_path / "c").exists()
    for number, agreed in enumerate((["--yes"], ["--budget", "5 jobs"])):
        command = ["compare", str(table), "--out", f"c{number}", "--prepare", *agreed]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, (done.output, done.exception)
        assert "5 jobs" in done.stderr

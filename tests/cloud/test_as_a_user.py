"""What a user of hardware reads: costs before and after, what is left behind, and clear errors."""

import json
import logging
import os
import signal

import pytest
from killing import SECRET
from typer.testing import CliRunner

import qvopt
from qvopt import compare
from qvopt.cli import command_line
from qvopt.cli.app import app
from qvopt.cloud.status import cancel_jobs, run_status
from qvopt.experiment.budget_text import parse_budget
from qvopt.runs.session import Session
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore")  # the server's, of IBM's client
assert callable(command_line.run)  # its import registers the commands

EXPERIMENT = """
molecule = "h2"
max_steps = {steps}
shots = 200
[optimizer]
name = "spsa"
[measurement]
grouping = "fully-commuting"
postselect = true  # no simulation of what mitigation would have done
[backend]
name = "{device}"
poll = 0.02
optimization_level = 1
{more}
"""


@pytest.fixture
def server(server_of_a_user):
    return server_of_a_user


def write(path, device="ibm:ibm_manila", steps=1, more=""):
    (path / "e.toml").write_text(EXPERIMENT.format(device=device, steps=steps, more=more))


def call(*arguments):
    done = CliRunner().invoke(app, list(arguments))
    assert SECRET not in done.output
    return done


def test_costs_are_told_before_anything_is_sent_and_after(server, tmp_path, caplog):
    write(tmp_path)
    done = call("run", "e.toml", "--out", "r", "--budget", "9 jobs")
    assert done.exit_code == 0, done.output
    before, after = done.output.split("job job0001 submitted")
    assert "3 jobs, 5,000 shots, about 7 QPU seconds, not priced for 1 step and" in before
    assert "the run stops before it passes 9 jobs" in before
    rows = {line.split()[0]: line.split() for line in after.splitlines() if line.strip()}
    assert rows["shots"] == ["shots", "5,000"]
    assert rows["jobs"] == ["jobs", "3"]
    assert rows["QPU"] == ["QPU", "time", "6.00", "s"]
    assert rows["money"] == ["money", "not", "priced"]
    status = call("status", "r")
    assert "not priced" in status.output
    document = json.loads(call("status", "r", "--json").output)[0]
    assert document["budget"]["money"] == {"spent": None, "reserved": None, "cap": None}
    # The client's log has nothing to say to a user of a key in the environment.
    assert "saved account" not in caplog.text


def test_a_cap_below_the_forecast_is_said_beforehand(server, tmp_path):
    write(tmp_path, steps=9, more="price_per_second = 0.5")
    dry = call("submit", "e.toml", "--dry", "--budget", "5 USD")
    assert "the budget pays for about 2 of the 9 steps" in dry.output
    assert "passes 5 USD" in dry.output
    dry = call("submit", "e.toml", "--dry", "--budget", "1 jobs", "--json")
    document = json.loads(dry.output)
    assert document["steps_in_budget"] == 0
    assert document["currency"] == "USD"
    assert not server.jobs


def test_no_steps_have_a_forecast_and_a_growing_circuit_has_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila", steps=0)
    dry = call("submit", "e.toml", "--dry", "--json")
    assert dry.exit_code == 0, dry.output
    parts = {p["part"]: p["jobs"] for p in json.loads(dry.output)["parts"]}
    assert parts["first step"] == 0
    assert parts["final estimate"] == parts["0 steps"] == 1
    dry = call("submit", "e.toml", "--dry", "--set", "ansatz.name=adapt")
    assert dry.exit_code != 0
    assert "has no forecast" in str(dry.exception)


def test_a_snapshot_says_no_word_of_its_jobs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila", steps=0)
    done = call("run", "e.toml", "--out", "r", "--budget", "5 jobs")
    assert done.exit_code == 0, done.output
    assert "submitted" not in done.output
    assert "QPU" not in done.output


@pytest.mark.parametrize("more", ["", "timed = true", "price_per_second = 1.6"])
@pytest.mark.parametrize("dry", [[], ["--dry"]])
def test_a_cap_in_money_that_would_stop_nothing_is_refused(more, dry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila", more=more)
    done = call("run", "e.toml", "--out", "r", "--budget", "5 USD", *dry)
    assert done.exit_code != 0
    assert "cost no money" in str(done.exception)
    assert "timed = true and price_per_second" in str(done.exception)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("dry", [[], ["--dry"]])
def test_a_cap_in_qpu_seconds_that_would_stop_nothing_is_refused(dry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila")
    done = call("run", "e.toml", "--out", "r", "--budget", "5 QPU-s", *dry)
    assert done.exit_code != 0
    assert "no QPU seconds are counted" in str(done.exception)
    assert "timed = true" in str(done.exception)
    assert not (tmp_path / "r").exists()
    problem = {"molecule": "h2", "backend": "ibm:fake_manila"}
    spec = {"problems": [problem], "optimizers": ["spsa"], "shots": 100, "seeds": 1}
    told = r"problem h2 ibm:fake_manila: no QPU seconds are counted"
    with pytest.raises(InputError, match=told):
        compare(spec | {"budget": {"qpu_seconds": 5.0}}, workers=1)
    write(tmp_path, device="ibm:fake_manila", more="timed = true")
    done = call("run", "e.toml", "--out", "r", "--budget", "20 QPU-s")
    assert done.exit_code in (0, 3), done.output
    spent = run_status(tmp_path / "r").spent.qpu_seconds
    assert 0 < spent <= 20


def test_a_run_that_an_earlier_version_began_with_such_a_cap_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("qvopt.runs.budget._check_seconds", lambda program: None)
    settings = {"backend": "ibm:fake_manila", "shots": 100, "optimizer": "spsa"}
    qvopt.run("h2", **settings, max_steps=1, budget="5 QPU-s", out=tmp_path / "r")
    monkeypatch.undo()
    result = qvopt.resume(tmp_path / "r", max_steps=2)
    assert result.n_steps == 2
    assert qvopt.load(tmp_path / "r").n_steps == 2


def test_an_object_that_simulates_refuses_a_cap_in_money(tmp_path, monkeypatch):
    from qiskit_aer import AerSimulator

    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="cost no money"):
        qvopt.run("h2", backend=AerSimulator(), shots=100, max_steps=1, budget="5 USD")


def test_a_rehearsal_keeps_a_cap_in_money(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    priced = 'timed = true\nprice_per_second = 1.6\ncurrency = "EUR"'
    write(tmp_path, device="ibm:fake_manila", steps=9, more=priced)
    done = call("run", "e.toml", "--out", "r", "--budget", "20 EUR")
    assert done.exit_code == 3, done.output
    rows = [line.split() for line in done.output.splitlines()]
    spent = next(float(row[1]) for row in rows if row[:1] == ["money"] and row[2] == "EUR")
    seconds = next(float(row[2]) for row in rows if row[:2] == ["QPU", "time"])
    assert 5 < spent <= 20
    assert spent == pytest.approx(1.6 * seconds, abs=0.01)
    document = json.loads(call("status", "r", "--json").output)[0]
    assert document["budget"]["money"]["spent"] == pytest.approx(spent, abs=0.01)
    write(tmp_path, device="ibm:fake_manila", more=priced)
    done = call("run", "e.toml", "--out", "other", "--budget", "20 USD")
    assert "is priced in EUR" in str(done.exception)


def test_status_names_the_currency_of_the_cap(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila", steps=0)
    assert call("run", "e.toml", "--out", "r").exit_code == 0
    folder = tmp_path / "r" / "experiment.toml"  # as versions wrote it that took any currency
    folder.write_text(folder.read_text() + '\n[budget]\nmoney = 5\ncurrency = "EUR"\n')
    assert json.loads(call("status", "r", "--json").output)[0]["currency"] == "EUR"
    rows = [line.split() for line in call("status", "r").output.splitlines()]
    assert ["EUR", "0", "0", "5"] in rows


def test_cancel_charges_a_job_that_was_running(server, tmp_path, monkeypatch):
    write(tmp_path, more="price_per_second = 0.5")
    server.queue = 1000
    for name in ("queued", "running"):
        assert call("submit", "e.toml", "--yes", "--out", name).exit_code == 0
    waiting, running = run_status(tmp_path / "queued"), run_status(tmp_path / "running")
    assert waiting.reserved == running.reserved
    found = json.loads(call("cancel", "queued", "--json").output)
    assert found == [{"id": "job0001", "state": "cancelled"}]

    def run(job):
        entry = server.jobs[job]
        entry["status"] = "Running" if entry["status"] == "Queued" else entry["status"]

    monkeypatch.setattr(server, "advance", run)
    assert call("cancel", "running").output == "cancelled job0002\n"
    assert run_status(tmp_path / "queued").spent.qpu_seconds == 0.0
    spent = run_status(tmp_path / "running").spent
    assert (spent.qpu_seconds, spent.money) == (2.0, 1.0)
    assert "cancelled: by `qvopt cancel`" in call("status", "running").output


def test_cancel_leaves_a_job_that_is_done(server, tmp_path):
    write(tmp_path)
    server.queue = 2
    assert call("submit", "e.toml", "--yes", "--out", "r").exit_code == 0
    done = call("cancel", "r")
    assert done.output == "job0001 was done already; `qvopt fetch r` stores its result\n"
    assert run_status(tmp_path / "r").jobs[0].state == "submitted"
    assert cancel_jobs(tmp_path / "r") == [("job0001", "done")]
    fetched = call("fetch", "r")
    assert fetched.exit_code == 0, fetched.output
    assert run_status(tmp_path / "r").jobs[0].state == "done"


def test_a_run_that_goes_on_after_its_end_has_not_ended(server, tmp_path):
    write(tmp_path)
    assert call("run", "e.toml", "--yes", "--out", "r").exit_code == 0
    assert run_status(tmp_path / "r").ended == "max-steps"
    toml = tmp_path / "r" / "journal.jsonl"
    lines = toml.read_text()
    server.queue = 1000
    from qvopt.backends.protocol import SubmissionPolicy

    with (
        Session.resume(tmp_path / "r", max_steps=2, jobs=SubmissionPolicy("submit")) as session,
        pytest.raises(Exception, match="job0004"),
    ):
        list(session)
    assert toml.read_text().startswith(lines)
    assert run_status(tmp_path / "r").ended is None


def test_an_interrupt_sends_no_further_job(server, tmp_path, monkeypatch):
    """On hardware the first Ctrl-C stops at once: the final estimate would be another job."""
    write(tmp_path, steps=9)
    real = Session.__iter__

    def interrupted(session):
        for step in real(session):
            yield step
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Session, "__iter__", interrupted)
    done = call("run", "e.toml", "--yes", "--out", "r")
    assert done.exit_code == 130
    assert "interrupted; `qvopt resume r` continues" in done.output
    assert "Ctrl-C" not in done.output
    status = run_status(tmp_path / "r")
    assert (len(server.jobs), status.ended) == (0, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5 jobs, 6 jobs", "twice"),
        ("20 QPU-min, 3 QPU-s", "twice"),
        ("1.5 jobs", "whole numbers"),
    ],
)
def test_budgets_that_are_not_meant_so(text, why):
    with pytest.raises(InputError, match=why):
        parse_budget(text)


def messages_of(capsys, *arguments):
    return command_line.run(arguments), capsys.readouterr().err


def test_a_refused_key_is_said_to_be_one_at_once(server, tmp_path, monkeypatch, capsys, caplog):
    write(tmp_path)
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "another-planted-token-77")
    code, error = messages_of(capsys, "submit", "e.toml", "--out", "r")
    assert code == 4
    assert error == "qvopt: IBM Quantum refused the key: bad API key, Status code: 400; see " \
        "`qvopt doctor`\n"  # fmt: skip
    assert not (tmp_path / "r").exists()
    assert "another-planted" not in caplog.text
    code, _ = messages_of(capsys, "doctor", "--backend", "ibm:ibm_manila")
    assert code == 4


def test_a_dead_network_is_said_to_be_one_at_once(server, tmp_path, monkeypatch, capsys, caplog):
    caplog.set_level(logging.ERROR, logger="qiskit_ibm_runtime")  # as one who wants no log has it
    write(tmp_path)
    for name in ("QISKIT_IBM_URL", "IAM_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    code, error = messages_of(capsys, "submit", "e.toml", "--out", "r")
    assert code == 4
    assert error == "qvopt: IBM Quantum gave no access token: no answer from 127.0.0.1; " \
        "check the network\n"  # fmt: skip


def test_an_unknown_device_is_told_with_those_of_the_account(server, tmp_path, monkeypatch, capsys):
    write(tmp_path, device="ibm:ibm_manilla")
    code, error = messages_of(capsys, "submit", "e.toml", "--out", "r")
    assert code == 2
    assert "did you mean 'ibm_manila'" in error


def test_a_wrong_mode_is_refused_on_snapshots_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila", more='mode = "sesion"')
    code, error = messages_of(capsys, "run", "e.toml")
    assert code == 2
    assert "did you mean 'session'" in error


def test_a_key_has_no_place_on_a_command_line(tmp_path, monkeypatch, capsys):
    """Not as a name of a folder either; and one that a file holds is known as well."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, device="ibm:fake_manila")
    (tmp_path / "key").write_text(SECRET + "\n")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("QISKIT_IBM_TOKEN_FILE", str(tmp_path / "key"))
    code, error = messages_of(capsys, "run", "e.toml", "--out", f"my-{SECRET}")
    assert code == 2
    assert "looks like a credential" in error
    assert SECRET not in error
    assert {p.name for p in tmp_path.iterdir()} == {"e.toml", "key"}


def test_a_key_file_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("QISKIT_IBM_TOKEN_FILE", "/nowhere/key")
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    code, error = messages_of(capsys, "doctor", "--backend", "ibm:ibm_manila", "--live")
    assert code == 2, error
    assert "QISKIT_IBM_TOKEN_FILE names /nowhere/key, which" in call("doctor").output


def test_the_filter_of_the_clients_log_lets_the_rest_through(caplog):
    from qvopt.cloud.ibm import _of_interest

    caplog.set_level(logging.WARNING, logger="qiskit_ibm_runtime")

    def record(text):
        return logging.LogRecord("x", logging.WARNING, "x", 1, text, (), None)

    assert _of_interest(record("anything else"))
    assert _of_interest(record("Invalid instance crn"))
    assert not _of_interest(record("Loading it. A saved account will not be used."))

"""Prices, names and limits of devices without an account; and approval before anything is spent."""

import json
import logging
import re

import pytest
from killing import SECRET
from typer.testing import CliRunner

import qvopt
from qvopt.backends.catalogue import get_backend
from qvopt.cli import command_line
from qvopt.cli.app import app
from qvopt.cloud.catalogue import offline_backend
from qvopt.cloud.known_devices import known_devices
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore")  # the server's, of IBM's client
assert callable(command_line.run)  # its import registers the commands

CREDENTIALS = (
    "QISKIT_IBM_TOKEN", "QISKIT_IBM_TOKEN_FILE", "AWS_ACCESS_KEY_ID", "AWS_PROFILE",
    "AMZN_BRAKET_OUT_S3_BUCKET", "IONQ_API_KEY", "QISKIT_IONQ_API_TOKEN", "IONQ_API_TOKEN",
    "IONQ_API_KEY_FILE",
)  # fmt: skip


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """Nobody is signed in, anywhere."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments, answer=""):
    return CliRunner().invoke(app, list(arguments), input=answer)


def forecast(backend, *more, shots=1000):
    done = call(
        "run", "h2", "--backend", backend, "--shots", str(shots), "--max-steps", "2",
        "--optimizer", "spsa", "--set", "measurement.grouping=fully-commuting",
        "--set", "backend.optimization_level=1", "--dry", "--json", *more,
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    document = json.loads(done.stdout)
    return {part["part"]: part for part in document["parts"]}, document


def test_an_ibm_device_is_forecast_by_the_time_of_its_shots(nobody):
    parts, document = forecast("ibm:ibm_fez")
    whole = parts["2 steps"]
    # 250 µs a shot and 2 s a job, whose sum IBM charges.
    assert whole["qpu_seconds"] == pytest.approx(2 * whole["jobs"] + 250e-6 * whole["shots"], 1e-3)
    assert whole["money"] is None
    assert "check it" in document["note"]
    parts, document = forecast("ibm:ibm_fez", "--set", "backend.price_per_second=1.6")
    assert parts["2 steps"]["money"] == pytest.approx(1.6 * whole["qpu_seconds"], rel=1e-3)
    assert document["currency"] == "USD"


def test_a_snapshot_is_forecast_as_the_device_that_it_records(nobody):
    recorded, _ = forecast("ibm:fake_manila")
    named, _ = forecast("ibm:ibm_manila")
    assert recorded["2 steps"] == named["2 steps"]
    assert recorded["2 steps"]["qpu_seconds"] > 6


def test_python_forecasts_what_the_command_line_does(nobody):
    _, document = forecast("braket:forte-1", "--budget", "100 USD")
    result = qvopt.forecast(
        "h2", backend={"name": "braket:forte-1", "optimization_level": 1}, shots=1000, max_steps=2,
        optimizer="spsa", grouping="fully-commuting", budget="100 USD",
    )  # fmt: skip
    assert result.rows() == document["parts"]
    frame = result.frame()
    assert list(frame.columns)[-2:] == ["qpu_seconds", "money_USD"]
    paid = 0.3 * frame["jobs"] + 0.08 * frame["shots"]
    assert frame["money_USD"].to_numpy() == pytest.approx(paid.to_numpy())
    for text in (repr(result), result._repr_html_()):
        assert "braket:forte-1: nothing was sent" in text
        assert "the budget does not pay for the final estimate" in text
    unpriced = qvopt.forecast("h2", backend="ibm:fake_manila", shots=1000, max_steps=2)
    assert not [name for name in unpriced.frame().columns if name.startswith("money")]
    assert not list(nobody.iterdir())
    with pytest.raises(InputError, match="only runs on hardware"):
        qvopt.forecast("h2", shots=1000)


@pytest.mark.parametrize(
    ("backend", "per_job", "per_shot"),
    [("braket:garnet", 0.30, 0.00145), ("braket:forte-1", 0.30, 0.08)],
)
def test_braket_is_paid_by_tasks_and_shots(backend, per_job, per_shot, nobody):
    parts, document = forecast(backend)
    whole = parts["2 steps"]
    assert whole["money"] == pytest.approx(per_job * whole["jobs"] + per_shot * whole["shots"])
    assert document["currency"] == "USD"
    assert "2025-11" in document["note"]


def test_ionq_is_paid_by_gates(nobody):
    few, _ = forecast("ionq:forte-1")
    more, _ = forecast("ionq:forte-1", shots=100_000)
    jobs = few["2 steps"]["jobs"]
    assert few["2 steps"]["money"] >= 25.79 * jobs
    assert more["2 steps"]["money"] > few["2 steps"]["money"]


def test_limits_hold_before_anything_is_sent(nobody):
    done = call("run", "h2", "--backend", "braket:forte-1", "--shots", "150", "--max-steps", "2",
                "--set", "measurement.grouping=fully-commuting", "--dry")  # fmt: skip
    assert isinstance(done.exception, InputError)
    text = str(done.exception)
    assert "takes at least 100 shots of a circuit" in text
    assert "give 200 or more, about 16.00 USD an energy" in text
    parts, _ = forecast("braket:forte-1", shots=200)
    assert parts["final estimate"]["shots"] == 3 * 200


def test_an_option_that_is_none_is_refused_offline_too(nobody):
    with pytest.raises(InputError, match="did you mean 'price'"):
        offline_backend("braket:garnet", {"prise": {}})
    assert offline_backend("ibm:fake_manila", {}) is None


@pytest.mark.parametrize(
    ("backend", "right"),
    [("ibm:fez", "'ibm_fez'"), ("ionq:fort-1", "'forte-1'"), ("braket:garnett", "'garnet'"),
     ("ibm:ibm_nowhere", "unknown device of ibm 'ibm_nowhere'")],
)  # fmt: skip
def test_a_mistyped_device_is_told_without_credentials(backend, right, nobody):
    done = call("run", "h2", "--backend", backend, "--shots", "1000", "--max-steps", "3", "--dry")
    assert isinstance(done.exception, InputError)
    text = str(done.exception)
    assert right in text
    assert "no credentials" not in text
    assert len(text) <= 300


def test_the_same_ions_take_the_same_time_which_is_said_to_be_assumed(nobody):
    times = {}
    for device in known_devices():
        if device.time_assumed:
            times.setdefault(device.name, set()).add(device.seconds_per_shot)
            assert "QPU seconds are an assumption" in device.note
    assert {len(seconds) for seconds in times.values()} == {1}
    done = call(
        "run", "h2", "--backend", "ionq:forte-1", "--shots", "1000", "--max-steps", "2", "--dry",
        "--optimizer", "spsa", "--budget", "20 QPU-min",
    )  # fmt: skip
    assert "QPU s (assumed)" in done.output
    assert "a cap in QPU seconds is kept by an assumed time of a shot" in done.output
    _, document = forecast("ionq:forte-1")
    assert document["qpu_seconds_assumed"]
    _, document = forecast("ibm:ibm_fez", "--budget", "20 QPU-min")
    assert not document["qpu_seconds_assumed"]


def test_a_note_tells_the_price_from_the_limits(nobody):
    _, document = forecast("ibm:ibm_fez")
    assert "depends on your plan" in document["note"]
    assert "its limits are from a table" in document["note"]
    _, document = forecast("ibm:ibm_fez", "--set", "backend.price_per_second=1.6")
    assert "depends on your plan" not in document["note"]
    assert "its price is the one that you gave" in document["note"]
    _, document = forecast("ionq:forte-1", "--set", "backend.gate_price=[0.1, 0.2, 3]")
    assert "its price is the one that you gave" in document["note"]


@pytest.mark.parametrize(
    ("name", "right"),
    [("fake_manila", "ibm:fake_manila"), ("ibm_brisbane", "ibm:ibm_brisbane"),
     ("garnet", "braket:garnet"), ("forte-1", "ionq:forte-1"), ("fake_manilla", "fake_manila"),
     ("sektor", "'sector'")],
)  # fmt: skip
def test_names_of_devices_are_answered_with_the_right_one(name, right):
    with pytest.raises(InputError) as error:
        get_backend(name)
    assert right in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_devices_are_listed():
    rows = {row["name"]: row for row in json.loads(call("list", "backends", "--json").stdout)}
    assert {"fake_manila", "ibm_fez", "ibm_brisbane"} <= set(rows["ibm"]["devices"])
    assert "garnet" in rows["braket"]["devices"]
    assert "fake_manila" in rows["aer"]["devices"]
    assert rows["sector"]["devices"] == []
    shown = call("list", "backends").stdout
    assert "fake_manila" in shown
    assert "NAME:DEVICE" in shown


EXPERIMENT = """
molecule = "h2"
shots = 200
optimizer = "spsa"
measurement = {{ grouping = "fully-commuting", postselect = true }}
{steps}
[backend]
name = "ibm:{device}"
poll = 0.02
optimization_level = 1
"""


@pytest.fixture
def server(server_of_a_user):
    return server_of_a_user


def write(path, steps="max_steps = 1", device="ibm_manila"):
    (path / "e.toml").write_text(EXPERIMENT.format(steps=steps, device=device))


@pytest.mark.parametrize("device", known_devices(), ids=lambda d: d.full_name)
def test_every_entry_of_the_table_has_its_sources_and_says_what_is_not_verified(device):
    for origin in (device.price_origin, device.origin):
        assert origin.page.startswith("https://")
        assert re.fullmatch(r"20\d\d-\d\d", origin.date)
        assert ("not verified" in str(origin)) is not origin.read
    assert device.note.endswith("check it")
    if device.price.stored:
        assert str(device.price_origin) in device.note
    else:
        assert "depends on your plan" in device.note


def test_a_price_from_memory_is_said_to_be_one(nobody):
    _, document = forecast("braket:emerald", shots=10_000)
    assert "from memory and not verified" in document["note"]
    _, document = forecast("braket:garnet", shots=10_000)
    assert "not verified" not in document["note"]
    assert "aws.amazon.com/braket/pricing/, 2025-11" in document["note"]


@pytest.mark.parametrize("command", ["run", "submit"])
@pytest.mark.parametrize("answer", ["n\n", ""])
def test_nothing_is_sent_without_approval(command, answer, server, tmp_path):
    write(tmp_path)
    done = call(command, "e.toml", "--out", "r", "--quiet", answer=answer)
    assert isinstance(done.exception, InputError)
    assert "not agreed to" in str(done.exception)
    assert "3 jobs" in done.stderr  # quiet does not silence what is spent
    assert "QPU seconds" in done.stderr
    assert not server.jobs
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", [["scan", "--bond", "0.7:0.8:2"], ["excited", "--states", "2"]])
def test_tasks_of_several_runs_are_asked_for_as_a_whole(command, server, tmp_path):
    write(tmp_path)
    done = call(command[0], "e.toml", *command[1:], "--out", "t")
    assert isinstance(done.exception, InputError)
    assert "not agreed to" in str(done.exception)
    assert "6 jobs" in done.stderr  # two runs of three
    assert "for 2 runs" in done.stderr
    assert not server.jobs
    write(tmp_path, steps="")
    done = call(command[0], "e.toml", *command[1:], "--out", "u", "--yes")
    assert "nothing limits how long the 2 runs" in str(done.exception)
    assert not server.jobs


def test_approval_is_an_answer_or_a_budget(server, tmp_path):
    write(tmp_path)
    for number, (more, answer) in enumerate([([], "y\n"), (["--budget", "9 jobs"], "")], 1):
        done = call("submit", "e.toml", "--out", f"r{number}", *more, answer=answer)
        assert done.exit_code == 0, (done.output, done.exception)
        assert len(server.jobs) == number
    # What was agreed to is not asked about again.
    assert call("resume", "r1").exit_code == 0


def test_a_run_without_an_end_is_refused_with_the_line_to_add(server, tmp_path):
    write(tmp_path, steps="")
    done = call("run", "e.toml", "--out", "r", "--yes")
    assert isinstance(done.exception, InputError)
    assert "add --max-steps 20, or a cap such as --budget" in str(done.exception)
    assert not server.jobs
    assert not (tmp_path / "r").exists()
    done = call("submit", "e.toml", "--out", "r", "--yes", "--max-steps", "1")
    assert done.exit_code == 0, (done.output, done.exception)


def test_a_snapshot_is_not_asked_about(nobody):
    write(nobody, device="fake_manila")
    done = call("run", "e.toml", "--out", "r", "--quiet", "--max-steps", "0")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "[y/N]" not in done.output


def test_submit_takes_the_options_of_run():
    from typer.main import get_command

    commands = get_command(app).commands
    options = {name: {p.name for p in commands[name].params} for name in ("run", "submit")}
    assert options["run"] == options["submit"]
    assert {"ansatz", "optimizer", "max_steps", "seed", "yes"} <= options["run"]


def test_a_saved_account_that_others_can_read_is_taken_with_a_warning(
    server, tmp_path, monkeypatch, caplog
):
    from qvopt.cloud import ibm

    account = tmp_path / "qiskit-ibm.json"
    account.write_text("{}")
    account.chmod(0o644)
    monkeypatch.setattr(ibm, "saved_account", lambda: account)
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    import qiskit_ibm_runtime

    class Service:
        def __init__(self, **_):
            pass

        def active_account(self):
            return {"token": SECRET}

    monkeypatch.setattr(qiskit_ibm_runtime, "QiskitRuntimeService", Service)
    caplog.set_level(logging.WARNING)
    _, secret = ibm.connect()
    assert secret == SECRET
    assert f"chmod 600 {account}" in caplog.text
    assert SECRET not in caplog.text
    caplog.clear()
    account.chmod(0o600)
    ibm.connect()
    assert "chmod" not in caplog.text


@pytest.fixture
def few(monkeypatch):
    """A validation of a few energies."""
    return ["validate", "ibm:ibm_manila", "--repeats", "20", "--shots", "60", "--set",
            "measurement.grouping=fully-commuting", "--set", "backend.poll=0.02", "--set",
            "backend.optimization_level=1", "--out", "v", "--json"]  # fmt: skip


@pytest.mark.slow
def test_a_validation_on_hardware_is_asked_for_and_pays_nothing_twice(few, server, tmp_path):
    done = call(*few, answer="n\n")
    assert "not agreed to" in str(done.exception)
    assert "jobs" in done.stderr
    assert not server.jobs
    server.queue = 1
    first = call(*few, "--yes")
    assert first.exit_code in (0, 1), (first.output, first.exception)
    assert len(server.jobs) == 4  # energies, gradients, metrics, fidelities
    again = call(*few)
    assert json.loads(again.stdout) == json.loads(first.stdout)
    resumed = call("resume", "v", "--json")
    assert json.loads(resumed.stdout) == json.loads(first.stdout)
    assert len(server.jobs) == 4
    assert "holds a validation" in str(call("show", "v").exception)
    status = json.loads(call("status", "v", "--json", "--offline").stdout)
    assert status[0]["budget"]["jobs"]["spent"] == 4


@pytest.mark.parametrize("grouping", ["fully-commuting", "qubit-wise", "fluid-basis-rotation"])
def test_a_forecast_takes_outcomes_that_post_selection_keeps(grouping, nobody):
    """With a readout correction counts are asked for, and of none that is kept there is no mean."""
    done = call(
        "run", "h2", "--backend", "ibm:ibm_fez", "--shots", "2000", "--max-steps", "2",
        "--optimizer", "spsa", "--set", f"measurement.grouping={grouping}", "--dry", "--json",
        "--set", "measurement.postselect=true", "--set", "mitigation.readout=true",
        "--set", "backend.optimization_level=1",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    parts = {part["part"]: part for part in json.loads(done.stdout)["parts"]}
    assert parts["2 steps"]["jobs"] > 0
    assert parts["2 steps"]["qpu_seconds"] > 0


def test_the_circuits_in_the_devices_gates_are_counted(nobody):
    """Held against Qiskit's own count of the circuits that a job of the snapshot holds."""
    from qvopt.backends.cutting import used_qubits
    from qvopt.engine.assembly import assemble

    _, document = forecast("ibm:fake_manila")
    backend = {"name": "ibm:fake_manila", "optimization_level": 1}
    data = {"molecule": "h2", "backend": backend, "shots": 1000,
            "measurement": {"grouping": "fully-commuting"}}  # fmt: skip
    circuits = assemble(qvopt.make_experiment(data)).program.circuits.groups
    bare = [circuit.remove_final_measurements(inplace=False) for circuit in circuits]
    gates = [circuit.num_nonlocal_gates() for circuit in bare]
    depths = [circuit.depth() for circuit in bare]
    compiled = document["compiled"]
    assert compiled["two_qubit_gates"] == [min(gates), max(gates)]
    assert compiled["depth"] == [min(depths), max(depths)]
    assert compiled["qubits"] == sorted({q for c in circuits for q in used_qubits(c)})
    assert max(gates) > document["problem"]["two_qubit_gates"] / 2
    shown = " ".join(
        call("run", "h2", "--backend", "ibm:fake_manila", "--shots", "1000", "--max-steps", "2",
             "--optimizer", "spsa", "--set", "measurement.grouping=fully-commuting",
             "--set", "backend.optimization_level=1", "--dry").stdout.split()
    )  # fmt: skip
    assert f"compiled {min(gates)} to {max(gates)} two-qubit gates" in shown

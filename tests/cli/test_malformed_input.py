"""Malformed input gets one line, exit code 2 and no traceback: what a fuzzer found, kept.

`tests/soak` looks for more.
"""

import os
import re
import time

import pytest

from qvopt.cli.command_line import run

TWO_STEPS = ["--max-steps", "2", "--quiet"]
COMMANDS = {
    "a key of a number": (["h2", "--max-steps", "5", "--set", "max_steps.y=1"], "holds no keys"),
    "text for threads": (["h2", "--set", "backend.threads=four"], "threads of backend sector"),
    "a number for a schedule": (
        ["h2", "--optimizer", "adam", "--set", "optimizer.schedule=5"],
        "hyper-parameter schedule of adam must be text, got 5",
    ),
    "a population of one": (
        ["h2", "--optimizer", "cma-es", "--set", "optimizer.population=1"],
        "population must be a whole number >= 2",
    ),
    "more points than fit": (
        ["h2", "--optimizer", "cma-es", "--set", "optimizer.population=1e15"],
        "population must be a whole number from 2 to 10,000",
    ),
    "more energies in a round than fit": (
        ["h2", "--optimizer", "spsa", "--shots", "9", "--set", "optimizer.averages=1e12"],
        "averages must be a whole number from 1 to 10,000",
    ),
    "more pairs than fit": (
        ["h2", "--optimizer", "spsa", "--shots", "9", "--set", "optimizer.calibration_pairs=1e12"],
        "calibration_pairs must be a whole number from 1 to 10,000",
    ),
    "more energies of qn-spsa than fit": (
        ["h2", "--optimizer", "qn-spsa", "--shots", "9", "--set", "optimizer.averages=1e12"],
        "averages must be a whole number from 1 to 10,000",
    ),
    "text for a step": (
        ["h2", "--optimizer", "l-bfgs", "--shots", "100", "--set", "optimizer.first_step=abc"],
        "first_step of l-bfgs must be a number",
    ),
    "a perturbation below rounding": (
        ["h2", "--optimizer", "qn-spsa", "--shots", "9", "--set", "optimizer.perturbation=1e-300"],
        "perturbation must be a finite number of at least 1e-100",
    ),
    "shots that are no number": (
        ["h2", "--shots", "1e2x"],
        "invalid value for '--shots': shots must be a whole number",
    ),
    "an exponent without bound": (
        ["h2", "--optimizer", "spsa", "--shots", "9", "--set", "optimizer.gamma=1e12"],
        "gamma must be a finite number >= 0, at most 10",
    ),
    "a budget without end": (["h2", "--shots", "9", "--budget", "1e400 shots"], "--budget takes"),
    "money without end": (["h2", "--shots", "9", "--budget", "1e999 EUR"], "--budget takes"),
    "a coupling beyond float64": (
        ["hubbard", "--set", "sites=4", "--set", "u=1e300"],
        "u must be a number of a magnitude up to 100000",
    ),
    "a whole number beyond float64": (
        ["hubbard", "--set", "periodic=" + "1" * 320],
        "periodic: input should be a valid number, got 1111",
    ),
    "a learning rate beyond float64": (
        ["h2", "--optimizer", "adam", "--set", "optimizer.learning_rate=1e308"],
        "learning_rate of adam must be a finite number of at most 1e.15",
    ),
    "a date": (["h2", "--set", "optimizer.tolerance=2020-01-01"], "is a date or time"),
    "text for a seed": (["h2", "--seed", "a\nb" + "c" * 5000], "--seed"),
    "a name of many lines": (["h2\nh2\n" * 900], "not a finite number|unknown|cannot|geometry"),
    "an option of many lines": (["h2", "--no\npe" + "x" * 900], "no such option"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_command_line_gets_one_line(name, capsys):
    arguments, message = COMMANDS[name]
    began = time.process_time()
    code = run(["run", *arguments, "--quiet"])
    refused(code, capsys, message)
    assert time.process_time() - began < 20  # the first one imports everything


def refused(code, capsys, message):
    reply = capsys.readouterr().err
    assert code == 2, reply
    assert reply.count("\n") == 1
    assert reply.startswith("qvopt: ")
    assert reply.strip().isprintable()
    assert len(reply) <= 320
    assert re.search(message, reply), reply


@pytest.mark.slow
def test_amplitudes_that_do_not_converge_are_named(capsys):
    arguments = [
        "run",
        "n2",
        "--set",
        "bond=2.2",
        "--active-space",
        "6,6",
        "--ansatz",
        "lucj",
        "-q",
    ]
    refused(run(arguments), capsys, "CCSD does not converge")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('molecule = "h2"\nmeasurement = "qubit-wise"\n', "measurement must be a table"),
        ('molecule = "h2"\nmeasurement = 5\n', "measurement must be a table"),
        ('molecule = "h2"\nshots = 10\nmeasurement = [1]\n', "measurement must be a table"),
        ('molecule = "h2"\nstart = [2020-01-01]\n', "start is a date or time"),
        ('molecule = "h2"\noptimizer = {name = "adam", b1 = true}\n', "b1 of adam must be a numb"),
    ],
)
def test_a_wrong_experiment_file_gets_one_line(text, message, capsys, tmp_path):
    file = tmp_path / "experiment.toml"
    file.write_text(text)
    refused(run(["run", str(file), "--quiet"]), capsys, message)


@pytest.mark.parametrize("variable", ["QISKIT_IBM_TOKEN_FILE", "IONQ_API_KEY_FILE"])
def test_a_key_file_of_nobody_stops_no_command(variable, monkeypatch, capsys):
    monkeypatch.setenv(variable, "~nosuchuser/x")
    assert run(["list", "molecules"]) == 0
    assert capsys.readouterr().err == ""


def test_a_key_file_that_is_a_pipe_hangs_no_command(monkeypatch, tmp_path, capsys):

    os.mkfifo(tmp_path / "pipe", 0o600)
    monkeypatch.setenv("QISKIT_IBM_TOKEN_FILE", str(tmp_path / "pipe"))
    assert run(["list", "molecules"]) == 0


@pytest.mark.parametrize("text", ["False", "false", "FALSE"])
def test_false_is_false_however_it_is_written(text):
    from qvopt.cli.options import experiment_data

    data = experiment_data("h2", {}, [f"optimizer.bias_correction={text}"], None)
    assert data["optimizer"]["bias_correction"] is False


@pytest.mark.parametrize(
    ("text", "value"), [("05", 5), (".5", 0.5), ("5.", 5.0), ("1_000", 1000), ("two\nx = 3", None)]
)
def test_what_looks_like_a_number_is_one(text, value):
    from qvopt.cli.options import experiment_data

    data = experiment_data("h2", {}, [f"optimizer.x={text}"], None)
    assert data["optimizer"]["x"] == (text if value is None else value)


def test_an_error_of_our_own_is_one_line_and_a_file(monkeypatch, capsys):
    import qvopt.cli.runs

    def broken(*arguments, **keywords):
        raise KeyError("two\nlines " + "x" * 1000)

    monkeypatch.setattr(qvopt.cli.runs, "run_command", broken)
    assert run(["run", "h2"]) == 70
    reply = capsys.readouterr().err
    assert reply.count("\n") == 1
    assert len(reply) < 320
    with open(reply.split()[-1]) as file:
        assert "KeyError" in file.read()


def test_a_credential_is_not_in_the_report(monkeypatch, capsys):
    import qvopt.cli.runs

    def broken(*arguments, **keywords):
        raise KeyError("the-secret-token")

    monkeypatch.setattr(qvopt.cli.runs, "run_command", broken)
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "the-secret-token")
    run(["run", "h2"])
    reply = capsys.readouterr().err
    with open(reply.split()[-1]) as file:
        assert "the-secret-token" not in reply + file.read()


def test_an_optimizer_whose_arithmetic_fails_diverges():
    import qvopt

    result = qvopt.run(
        "h2",
        optimizer={"name": "gradient-descent", "learning_rate": 1e15, "weight_decay": 1e15},
        max_steps=40,
    )
    assert result.status == "diverged"
    assert "finite" in result.message or "arithmetic" in result.message

"""A run whose steps are too short to get anywhere says so before it is paid for."""

import numpy as np
import pytest
from typer.testing import CliRunner

import qvopt
from qvopt import make_experiment
from qvopt.cli import command_line
from qvopt.cli.app import app
from qvopt.runs.panels import convergence_panels
from qvopt.runs.picture import draw_convergence
from qvopt.runs.reach import reach_line

assert callable(command_line.run)  # its import registers the commands


@pytest.mark.parametrize(
    ("optimizer", "steps", "said"),
    [
        ("adam", 10, True), ("lion", 9, True), ("qng-adam", 5, True), ("adam", 25, False),
        ({"name": "adam", "learning_rate": 0.1}, 10, False), ("adam", 0, False),
        ({"name": "adam", "learning_rate": 0.001}, 30, True),
        ("gradient-descent", 1, False), ("spsa", 1, False), ("kalman-newton", 1, False),
    ],
)  # fmt: skip
def test_steps_of_a_known_length_that_are_too_few(optimizer, steps, said):
    data = {"molecule": "h2", "shots": 100, "optimizer": optimizer, "max_steps": steps}
    line = reach_line(make_experiment(data))
    assert bool(line) == said
    assert not said or "rad at most: give --learning-rate" in line


@pytest.mark.parametrize(
    "backend", [["ibm:fake_manila", "--dry"], ["ibm:fake_manila"], ["statevector"]]
)
def test_it_is_said_once_before_the_run(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["run", "h2", "--mapping", "parity-reduced", "--shots", "100", "--max-steps", "1"]
    done = CliRunner().invoke(app, [*command, "--optimizer", "adam", "--backend", *backend])
    assert done.exit_code == 0, done.output
    assert done.output.count("1 step of adam at learning rate 0.002 move") == 1


def test_a_picture_without_a_measured_step_says_so(tmp_path):
    settings = {"mapping": "parity-reduced", "shots": 200, "optimizer": "adam", "max_steps": 2}
    result = qvopt.run("h2", **settings, backend="ibm:fake_manila", out=tmp_path / "r")
    (curve,) = convergence_panels(result)[0].curves
    assert curve.label == "final estimate (+ 600 shots); no step was measured"
    assert curve.x.tolist() == [0, result.shots]
    assert np.isnan(curve.y[0])
    assert curve.y[1] == result.energy
    draw_convergence(result.steps, result, tmp_path / "p.png")
    draw_convergence(result.steps, result, tmp_path / "p.svg")
    assert "no step was measured" in (tmp_path / "p.svg").read_text()

"""The checks of `qvopt validate` pass on honest backends and fail on planted defects."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command_line import command_line
from slow_cases import rest_slow

from qvopt import make_experiment
from qvopt.tasks.validation import validate_backend


def failed(backend="sector", repeats=400, wrap=lambda program: program, seed=0, shots=400):
    experiment = make_experiment(
        {"molecule": "h2", "backend": backend, "shots": shots, "seed": seed}
    )
    checks = validate_backend(experiment, repeats=repeats, wrap=wrap)
    return {check.name for check in checks if not check.passed}


@pytest.mark.parametrize(("backend", "repeats"), [("sector", 800), ("lightning", 100), ("aer", 60)])
def test_honest_backends_pass(backend, repeats):
    assert failed(backend, repeats) == set()


def test_false_alarms_are_rare():
    assert not any(failed(seed=seed, repeats=200) for seed in range(4))


def test_other_ansatz_and_grouping_pass():
    experiment = make_experiment(
        {"molecule": "h2", "ansatz": "hardware-efficient", "backend": "lightning",
         "measurement": {"shots": 300, "grouping": "qubit-wise"}}
    )  # fmt: skip
    assert all(check.passed for check in validate_backend(experiment, repeats=60))


@pytest.mark.slow
def test_device_noise_shows_as_bias_and_as_nothing_else():
    biased = failed(NOISY, repeats=60)
    assert {"energy: bias", "fidelity: bias"} <= biased
    assert {name.partition(": ")[2] for name in biased} <= {"bias", "of a state with itself"}


def test_the_command_says_what_noise_does(tmp_path):
    arguments = ["validate", "aer", "--set", "backend.noise.two_qubit=0.05", "--repeats", "20"]
    done = command_line(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    text = " ".join(done.stdout.split())
    assert "device noise moves them" in text
    assert "Tested about its own means" in text


NOISY = {"name": "aer", "noise": {"two_qubit": 0.02}}


def test_noise_hides_no_repetition():
    """About its own means a noisy backend still owns up to repeated noise."""
    assert "energy: fresh noise" in failed(NOISY, 40, lambda p: Defective(p, seed=7))


@pytest.mark.slow
def test_noise_hides_no_wrong_error_bar():
    change, check = DEFECTS["standard error too small"]
    assert check in failed(NOISY, 200, lambda p: Defective(p, change))


class Defective:
    """A program whose samples are changed."""

    def __init__(self, program, change=lambda moments: moments, seed=None):
        self._program, self._change, self._seed = program, change, seed

    def __getattr__(self, name):
        return getattr(self._program, name)

    def run(self, batch, seed):
        seed = np.random.SeedSequence(self._seed) if self._seed is not None else seed
        result = self._program.run(batch, seed)
        moments = [[self._change(m) for m in row] for row in result.moments]
        return replace(result, moments=moments)


DEFECTS = {
    "bias": (lambda m: replace(m, mean=1.03 * m.mean), "energy: bias"),
    "standard error too large": (lambda m: replace(m, m2=2 * m.m2), "energy: reported variance"),
    "standard error too small": (lambda m: replace(m, m2=m.m2 / 2), "energy: 95 % intervals"),
    "shots for each group": (lambda m: replace(m, shots=4 * m.shots), "energy: shots"),
}


@pytest.mark.parametrize("name", rest_slow(DEFECTS, ["bias", "standard error too small"]))
def test_planted_defects_are_found(name):
    change, check = DEFECTS[name]
    assert check in failed(wrap=lambda p: Defective(p, change), repeats=700)


class Crosstalk(Defective):
    """Every tenth generator reads as another outcome."""

    def run(self, batch, seed):
        result = self._program.run(batch, seed)
        wrong = [
            (np.concatenate([v, np.zeros_like(v[:1])]), np.append(c - c // 10, (c // 10).sum()))
            for v, c in result.generators
        ]
        return replace(result, generators=wrong)


def test_wrong_generators_are_found():
    assert "metric: bias" in failed(wrap=Crosstalk)


def test_repeated_noise_is_found():
    assert "energy: fresh noise" in failed(wrap=lambda p: Defective(p, seed=7))


def test_command():
    arguments = ["validate", "sector", "--repeats", "60", "--json"]
    done = command_line(*arguments)
    assert done.returncode == 0, done.stderr
    assert {row["result"] for row in json.loads(done.stdout)} == {"ok"}
    wrong = command_line("validate", "sektor")
    assert wrong.returncode == 2
    assert "did you mean 'sector'" in wrong.stderr

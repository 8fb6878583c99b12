"""Defaults of `minimize` on general functions, beside qiskit-algorithms, optax and SciPy."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from qvopt import minimize
from qvopt.optimizers.registry import optimizer_names

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "minimize_defaults.py"
SPEC = importlib.util.spec_from_file_location("minimize_defaults", SCRIPT)
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)

NEEDS_MORE = {"adafactor", "blockwise", "excitation-solve", "qn-spsa", "rotosolve"}
"""Groups, frequencies or fidelities, which a plain function does not tell."""
LAST_STEPS = {"bobyqa", "spsa", "qng-adam"}
"""Those that reach the minimum and go on to the last step."""


def test_the_docstrings_own_example():
    found = minimize(lambda x: x @ x, [1, 2], "adam")
    assert found.success
    np.testing.assert_allclose(found.x, 0, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(optimizer_names()) - NEEDS_MORE))
def test_a_bowl_is_minimised(name):
    steps = 100 if name == "bobyqa" else 1000
    found = minimize(lambda x: float(x @ x), [1, 2], name, seed=1, max_steps=steps)
    assert found.fun < 1e-8
    assert found.success or name in LAST_STEPS


@pytest.mark.parametrize("name", ["spsa", "adam", "gradient-descent"])
@pytest.mark.parametrize(
    "function", ["condition 10", "condition 100", "start at 5", "start at 0.05", "noisy"]
)
def test_no_worse_than_the_peer(name, function, monkeypatch):
    monkeypatch.setattr(script, "STEPS", 150)
    monkeypatch.setattr(script, "SEEDS", range(3))
    steps = {
        "spsa": lambda *a: script.qiskit(script.theirs.SPSA(maxiter=150), *a),
        "adam": lambda *a: script.qiskit(script.theirs.ADAM(maxiter=150), *a),
        "gradient-descent": lambda *a: script.qiskit(
            script.theirs.GradientDescent(maxiter=150), *a
        ),
    }
    peer = script.reached(steps.get(name, script.PEERS[name][1]), function)
    mine = script.reached(lambda *a: script.ours(name, *a), function)
    assert mine < max(2 * peer, 1e-9)


def test_spsa_near_the_minimum_stays_there():
    """A first step of a fixed length would be taken for the slope of a nearly flat place."""
    found = minimize(script.quadratic(10.0), [0.05] * 6, "spsa", max_steps=300, seed=3)
    assert found.fun < 1e-4

"""First-order rules, step by step against plain twins, and against optax where it is installed."""

import math

import numpy as np
import pytest

from qvopt.optimizers.adaptive import scale_by_adagrad, scale_by_adam, scale_by_rms
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.momentum import trace
from qvopt.optimizers.natural_gradient import precondition_by_metric

RATE = 0.07
GRADIENTS = np.random.default_rng(0).normal(size=(300, 6)) * np.logspace(-3, 1, 6)


def follow(transform, gradients=GRADIENTS):
    x = np.linspace(-1, 1, gradients.shape[1])
    state, path = transform.init(x), []
    for g in gradients:
        kept = g.copy()
        update, state = transform.update(g, state, x)
        assert np.array_equal(g, kept)  # pure: arguments are never changed
        x = x + update
        path.append(x)
    return np.array(path)


def twin(rule):
    """The rule in a loop over plain numbers."""
    x = np.linspace(-1, 1, GRADIENTS.shape[1])
    path = []
    memories = [{} for _ in x]
    for t, gradient in enumerate(GRADIENTS, start=1):
        x = np.array(
            [xi + rule(float(g), m, t) for xi, g, m in zip(x, gradient, memories, strict=True)]
        )
        path.append(x)
    return np.array(path)


def momentum_twin(g, m, t):
    m["v"] = 0.9 * m.get("v", 0.0) + g
    return -RATE * m["v"]


def adagrad_twin(g, m, t):
    m["G"] = m.get("G", 0.0) + g * g
    return -RATE * g / math.sqrt(m["G"] + 1e-8)


def adagrad_outside_twin(g, m, t):
    m["G"] = m.get("G", 0.0) + g * g
    return -RATE * g / (math.sqrt(m["G"]) + 1e-8)


def rmsprop_twin(g, m, t):
    m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
    return -RATE * g / (math.sqrt(m["v"]) + 1e-8)


def centred_twin(g, m, t):
    m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    return -RATE * g / math.sqrt(m["v"] - m["m"] ** 2 + 1e-8)


def adam_twin(g, m, t):
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0.0) + 0.001 * g * g
    return -RATE * (m["m"] / (1 - 0.9**t)) / (math.sqrt(m["v"] / (1 - 0.999**t)) + 1e-8)


RULES = {
    "momentum": (trace(0.9), momentum_twin),
    "adagrad": (scale_by_adagrad(1e-8), adagrad_twin),
    "adagrad-outside": (scale_by_adagrad(1e-8, "outside"), adagrad_outside_twin),
    "rmsprop": (scale_by_rms(0.9), rmsprop_twin),
    "rmsprop-centred": (scale_by_rms(0.9, centered=True, epsilon_place="inside"), centred_twin),
    "adam": (scale_by_adam(), adam_twin),
}


@pytest.mark.parametrize("name", RULES)
def test_each_step_is_the_formula(name):
    transform, rule = RULES[name]
    found = follow(chain(transform, scale(-RATE)))
    assert np.abs(found - twin(rule)).max() < 1e-11


@pytest.mark.parametrize("name", RULES)
def test_each_step_is_optax(name):
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    theirs = {
        "momentum": lambda: optax.sgd(RATE, momentum=0.9),
        "adagrad": lambda: optax.adagrad(RATE, initial_accumulator_value=0.0, eps=1e-8),
        "adagrad-outside": None,
        "rmsprop": lambda: optax.rmsprop(RATE, decay=0.9, eps=1e-8, eps_in_sqrt=False),
        "rmsprop-centred": lambda: optax.rmsprop(RATE, decay=0.9, eps=1e-8, centered=True),
        "adam": lambda: optax.adam(RATE),
    }[name]
    if theirs is None:
        pytest.skip("optax has no such form")
    rule = theirs()
    x = np.linspace(-1, 1, GRADIENTS.shape[1])
    state, path = rule.init(x), []
    for g in GRADIENTS:
        update, state = rule.update(g, state, x)
        x = np.asarray(optax.apply_updates(x, update))
        path.append(x)
    found = follow(chain(RULES[name][0], scale(-RATE)))
    assert np.abs(found - np.array(path)).max() < 1e-11


def test_parameters_without_a_gradient_stay():
    for transform, _ in RULES.values():
        assert not follow(transform, np.zeros((3, 2)))[-1][1] - 1.0
    still = follow(chain(scale_by_adagrad(0.0), scale(-1.0)), np.array([[0.0, 1.0]] * 3))
    assert still[-1][0] == -1.0


def test_natural_gradient_solves_the_damped_metric():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 5))
    metric, g = root @ root.T, rng.normal(size=5)
    rule = precondition_by_metric("full", damping=0.01, max_norm=None)
    found, _ = rule.update(g, rule.init(g), g, metric=metric)
    assert found == pytest.approx(np.linalg.solve(metric + 0.01 * np.eye(5), g), rel=1e-9)
    short = precondition_by_metric("full", damping=0.01, max_norm=0.1)
    bounded, _ = short.update(g, (), g, metric=metric)
    assert np.linalg.norm(bounded) == pytest.approx(0.1)
    assert bounded / np.linalg.norm(bounded) == pytest.approx(found / np.linalg.norm(found))
    assert rule.metric == "full"
    singular = np.diag([1.0, 0.0])
    pseudo = precondition_by_metric("full", damping=0.0, max_norm=None)
    out, _ = pseudo.update(np.array([2.0, 3.0]), (), None, metric=singular)
    assert out == pytest.approx([2.0, 0.0])
    negative = np.diag([1.0, -5.0])  # a measured metric may have negative eigenvalues
    out, _ = rule.update(np.ones(2), (), None, metric=negative)
    assert out == pytest.approx([1 / 1.01, 1 / 0.01])

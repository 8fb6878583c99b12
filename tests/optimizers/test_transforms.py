"""Every transform step by step against a loop over plain numbers; purity; extreme gradients."""

import copy
import math

import numpy as np
import pytest

from qvopt.optimizers.adaptive import scale_by_adadelta, scale_by_adagrad, scale_by_rms
from qvopt.optimizers.combine import add_decayed_weights, average_gradients, chain, scale
from qvopt.optimizers.gradient_trace import trace
from qvopt.optimizers.moments import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_lion,
    scale_by_nadam,
    scale_by_yogi,
)

RATE = 0.07
GRADIENTS = np.random.default_rng(0).normal(size=(300, 6)) * np.logspace(-3, 1, 6)
START = np.linspace(-1, 1, 6)


def follow(transform, gradients=GRADIENTS, x=START):
    """The path; arguments are never changed, and the same step twice is the same."""
    state, path = transform.init(x), []
    for g in gradients:
        kept = copy.deepcopy((g, state, x))
        update, new = transform.update(g, state, x)
        again, other = transform.update(g, state, x)
        np.testing.assert_equal((g, state, x), kept)
        np.testing.assert_equal((again, other), (update, new))
        x, state = x + update, new
        path.append(x)
    return np.array(path)


# The rules over plain numbers: rule(g, memory, t, x) -> step of one parameter.


def adam_twin(g, m, t, x, b1=0.9, b2=0.999, eps=1e-8, inside=False):
    m["m"] = b1 * m.get("m", 0.0) + (1 - b1) * g
    m["v"] = b2 * m.get("v", 0.0) + (1 - b2) * g * g
    mean, square = m["m"] / (1 - b1**t), m["v"] / (1 - b2**t)
    return -RATE * mean / (math.sqrt(square + eps) if inside else math.sqrt(square) + eps)


def momentum_twin(g, m, t, x):
    m["v"] = 0.9 * m.get("v", 0.0) + g
    return -RATE * m["v"]


def nesterov_twin(g, m, t, x):
    momentum_twin(g, m, t, x)
    return -RATE * (g + 0.9 * m["v"])


def root(square, inside, eps=1e-8):
    return math.sqrt(square + eps) if inside else math.sqrt(square) + eps


def adagrad_twin(inside, initial):
    def rule(g, m, t, x):
        m["G"] = m.get("G", initial) + g * g
        return -RATE * g / root(m["G"], inside)

    return rule


def rmsprop_twin(inside, centred):
    def rule(g, m, t, x):
        m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
        m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
        spread = max(m["v"] - m["m"] ** 2, 0.0) if centred else m["v"]
        return -RATE * g / root(spread, inside)

    return rule


def adadelta_twin(g, m, t, x):
    m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
    u = g * math.sqrt(m.get("d", 0.0) + 1e-6) / math.sqrt(m["v"] + 1e-6)
    m["d"] = 0.9 * m.get("d", 0.0) + 0.1 * u * u
    return -RATE * u


def uncorrected_twin(g, m, t, x):
    adam_twin(g, m, t, x)
    return -RATE * m["m"] / (math.sqrt(m["v"]) + 1e-8)


def corrected_amsgrad_twin(g, m, t, x):
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0.0) + 0.001 * g * g
    m["w"] = max(m.get("w", 0.0), m["v"] / (1 - 0.999**t))
    return -RATE * m["m"] / (1 - 0.9**t) / (math.sqrt(m["w"]) + 1e-8)


def amsgrad_twin(g, m, t, x):
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0.0) + 0.001 * g * g
    m["w"] = max(m.get("w", 0.0), m["v"])
    return -RATE * m["m"] / (1 - 0.9**t) / (math.sqrt(m["w"] / (1 - 0.999**t)) + 1e-8)


def adamax_twin(g, m, t, x):
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["w"] = max(0.999 * m.get("w", 0.0), abs(g) + 1e-8)
    return -RATE * m["m"] / (1 - 0.9**t) / m["w"]


def nadam_twin(g, m, t, x):
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0.0) + 0.001 * g * g
    seen = 0.9 * m["m"] / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t)
    return -RATE * seen / (math.sqrt(m["v"] / (1 - 0.999**t)) + 1e-8)


def paced_nadam_twin(g, m, t, x):
    """Dozat's momenta, whose product is taken afresh at each step."""
    pace = [0.9 * (1 - 0.5 * 0.96 ** (k * 0.004)) for k in range(1, t + 2)]
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0.0) + 0.001 * g * g
    seen = pace[-1] * m["m"] / (1 - math.prod(pace))
    seen += (1 - pace[-2]) * g / (1 - math.prod(pace[:-1]))
    return -RATE * seen / (math.sqrt(m["v"] / (1 - 0.999**t)) + 1e-8)


def average_twin(g, m, t, x):
    m["m"] = 0.8 * m.get("m", 0.0) + 0.2 * g
    return -RATE * m["m"] / (1 - 0.8**t)


def adamw_twin(g, m, t, x):
    return adam_twin(g, m, t, x) - RATE * 0.01 * x


def belief_twin(g, m, t, x):
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0.0) + 0.001 * (g - m["m"]) ** 2 + 1e-16
    return -RATE * m["m"] / (1 - 0.9**t) / (math.sqrt(m["v"] / (1 - 0.999**t)) + 1e-16)


def yogi_twin(g, m, t, x):
    m["m"] = 0.9 * m.get("m", 1e-6) + 0.1 * g
    v = m.get("v", 1e-6)
    m["v"] = v - 0.001 * math.copysign(1.0, v - g * g) * g * g
    return -RATE * m["m"] / (1 - 0.9**t) / (math.sqrt(m["v"] / (1 - 0.999**t)) + 1e-3)


def lion_twin(g, m, t, x):
    old = m.get("m", 0.0)
    m["m"] = 0.99 * old + 0.01 * g
    return -RATE * math.copysign(1.0, 0.9 * old + 0.1 * g)


RULES = {
    "momentum": (trace(0.9), momentum_twin),
    "nesterov": (trace(0.9, nesterov=True), nesterov_twin),
    **{
        f"adagrad-{place}-{initial}": (
            scale_by_adagrad(1e-8, place, initial),
            adagrad_twin(place == "inside", initial),
        )
        for place in ("inside", "outside")
        for initial in (0.0, 0.1)
    },
    **{
        f"rmsprop-{place}{'-centred' * centred}": (
            scale_by_rms(0.9, 1e-8, centred, place),
            rmsprop_twin(place == "inside", centred),
        )
        for place in ("inside", "outside")
        for centred in (False, True)
    },
    "adadelta": (scale_by_adadelta(), adadelta_twin),
    "adam": (scale_by_adam(), adam_twin),
    "adam-inside": (
        scale_by_adam(epsilon=1e-6, epsilon_place="inside"),
        lambda g, m, t, x: adam_twin(g, m, t, x, eps=1e-6, inside=True),
    ),
    "adam-uncorrected": (scale_by_adam(bias_correction=False), uncorrected_twin),
    "amsgrad-corrected": (scale_by_amsgrad(), corrected_amsgrad_twin),
    "amsgrad-raw": (scale_by_amsgrad(maximum_of="raw"), amsgrad_twin),
    "adamax": (scale_by_adamax(), adamax_twin),
    "nadam": (scale_by_nadam(), nadam_twin),
    "nadam-paced": (scale_by_nadam(momentum_decay=0.004), paced_nadam_twin),
    "average": (average_gradients(0.8), average_twin),
    "adamw": (chain(scale_by_adam(), add_decayed_weights(0.01)), adamw_twin),
    "adabelief": (scale_by_belief(), belief_twin),
    "yogi": (scale_by_yogi(), yogi_twin),
    "lion": (scale_by_lion(), lion_twin),
}


@pytest.mark.parametrize("name", RULES)
def test_each_step_is_the_formula(name):
    transform, rule = RULES[name]
    x, memories = START, [{} for _ in START]
    found = follow(chain(transform, scale(-RATE)))
    for t, (gradient, there) in enumerate(zip(GRADIENTS, found, strict=True), start=1):
        terms = zip(x, gradient, memories, strict=True)
        x = np.array([xi + rule(float(g), m, t, float(xi)) for xi, g, m in terms])
        assert np.abs(there - x).max() < 1e-12 * max(1.0, np.abs(x).max())


@pytest.mark.parametrize("name", RULES)
def test_extreme_gradients_stay_finite(name):
    sizes = np.array([[0.0, 1e-300, 1e-150, 1.0, 1e150, -1e150]] * 20)
    assert np.all(np.isfinite(follow(chain(RULES[name][0], scale(-RATE)), sizes)))


def test_rounding_takes_no_spread_below_zero():
    """A constant gradient has v - m² = 0, and which rounding can make negative."""
    g = np.random.default_rng(0).normal(size=2000)
    assert np.all(np.isfinite(follow(scale_by_rms(0.9, centered=True), [g] * 500, np.zeros(2000))))


WITHOUT_EPSILON = {
    "adagrad": scale_by_adagrad(0.0),
    "adagrad-outside": scale_by_adagrad(0.0, "outside"),
    "rmsprop": scale_by_rms(epsilon=0.0),
    "rmsprop-inside": scale_by_rms(epsilon=0.0, epsilon_place="inside"),
    "rmsprop-centred": scale_by_rms(epsilon=0.0, centered=True),
    "adadelta": scale_by_adadelta(epsilon=0.0),
    "adam": scale_by_adam(epsilon=0.0),
    "adam-inside": scale_by_adam(epsilon=0.0, epsilon_place="inside"),
    "adam-uncorrected": scale_by_adam(epsilon=0.0, bias_correction=False),
    "amsgrad-corrected": scale_by_amsgrad(epsilon=0.0),
    "amsgrad-raw": scale_by_amsgrad(epsilon=0.0, maximum_of="raw"),
    "adamax": scale_by_adamax(epsilon=0.0),
    "nadam": scale_by_nadam(epsilon=0.0),
    "adabelief": scale_by_belief(epsilon=0.0),
    "yogi": scale_by_yogi(epsilon=0.0, initial=0.0),
    "lion": scale_by_lion(),
}


@pytest.mark.parametrize("name", WITHOUT_EPSILON)
def test_a_parameter_without_a_gradient_stays(name):
    gradients = np.array([[0.0, 1e-300, 1.0, 1e150]] * 5)
    path = follow(chain(WITHOUT_EPSILON[name], scale(-1.0)), gradients, np.ones(4))
    assert np.all(path[:, 0] == 1.0)
    assert np.all(np.isfinite(path))
    if name != "adadelta":  # without epsilon its steps start at zero, and stay there
        assert path[-1, 2] < 1.0

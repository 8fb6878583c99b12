"""Every transform step by step: against a loop over plain numbers, optax and PyTorch."""

import math

import numpy as np
import pytest

from qvopt.optimizers.adam import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_lion,
    scale_by_nadam,
    scale_by_yogi,
)
from qvopt.optimizers.adaptive import scale_by_adadelta, scale_by_adagrad, scale_by_rms
from qvopt.optimizers.clipping import clip, clip_by_global_norm
from qvopt.optimizers.combine import add_decayed_weights, average_gradients, chain, scale
from qvopt.optimizers.momentum import trace

RATE = 0.07
GRADIENTS = np.random.default_rng(0).normal(size=(300, 6)) * np.logspace(-3, 1, 6)
START = np.linspace(-1, 1, 6)


def follow(transform, gradients=GRADIENTS, x=START):
    """The path; arguments are never changed, and the same step twice is the same."""
    state, path = transform.init(x), []
    for g in gradients:
        kept = g.copy()
        update, new = transform.update(g, state, x)
        assert np.array_equal(g, kept)
        assert np.array_equal(update, transform.update(g, state, x)[0])
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


def adagrad_twin(g, m, t, x):
    m["G"] = m.get("G", 0.0) + g * g
    return -RATE * g / math.sqrt(m["G"] + 1e-8)


def rmsprop_twin(g, m, t, x):
    m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
    return -RATE * g / (math.sqrt(m["v"]) + 1e-8)


def centred_twin(g, m, t, x):
    m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
    m["m"] = 0.9 * m.get("m", 0.0) + 0.1 * g
    return -RATE * g / math.sqrt(m["v"] - m["m"] ** 2 + 1e-8)


def adadelta_twin(g, m, t, x):
    m["v"] = 0.9 * m.get("v", 0.0) + 0.1 * g * g
    u = g * math.sqrt(m.get("d", 0.0) + 1e-6) / math.sqrt(m["v"] + 1e-6)
    m["d"] = 0.9 * m.get("d", 0.0) + 0.1 * u * u
    return -RATE * u


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
    "adagrad": (scale_by_adagrad(1e-8), adagrad_twin),
    "rmsprop": (scale_by_rms(0.9), rmsprop_twin),
    "rmsprop-centred": (scale_by_rms(0.9, centered=True, epsilon_place="inside"), centred_twin),
    "adadelta": (scale_by_adadelta(), adadelta_twin),
    "adam": (scale_by_adam(), adam_twin),
    "adam-inside": (
        scale_by_adam(epsilon=1e-6, epsilon_place="inside"),
        lambda g, m, t, x: adam_twin(g, m, t, x, eps=1e-6, inside=True),
    ),
    "amsgrad": (scale_by_amsgrad(maximum_of="raw"), amsgrad_twin),
    "adamax": (scale_by_adamax(), adamax_twin),
    "nadam": (scale_by_nadam(), nadam_twin),
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


OPTAX = {
    "momentum": (trace(0.9), lambda o: o.sgd(RATE, momentum=0.9)),
    "nesterov": (trace(0.9, True), lambda o: o.sgd(RATE, momentum=0.9, nesterov=True)),
    "adagrad": (
        scale_by_adagrad(1e-7, initial=0.1),
        lambda o: o.adagrad(RATE, initial_accumulator_value=0.1, eps=1e-7),
    ),
    "rmsprop": (scale_by_rms(), lambda o: o.rmsprop(RATE, decay=0.9, eps=1e-8, eps_in_sqrt=False)),
    "rmsprop-inside": (
        scale_by_rms(epsilon_place="inside"),
        lambda o: o.rmsprop(RATE, decay=0.9, eps=1e-8),
    ),
    "rmsprop-centred": (
        scale_by_rms(centered=True, epsilon_place="inside"),
        lambda o: o.rmsprop(RATE, decay=0.9, eps=1e-8, centered=True),
    ),
    "adadelta": (scale_by_adadelta(), lambda o: o.adadelta(RATE, rho=0.9, eps=1e-6)),
    "adam": (scale_by_adam(), lambda o: o.adam(RATE)),
    "adam-inside": (
        scale_by_adam(epsilon=1e-6, epsilon_place="inside"),
        lambda o: o.adam(RATE, eps=0.0, eps_root=1e-6),
    ),
    "amsgrad": (scale_by_amsgrad(), lambda o: o.amsgrad(RATE)),
    "adamax": (scale_by_adamax(), lambda o: o.adamax(RATE)),
    "nadam": (scale_by_nadam(), lambda o: o.nadam(RATE)),
    "adamw": (
        chain(scale_by_adam(), add_decayed_weights(0.01)),
        lambda o: o.adamw(RATE, weight_decay=0.01),
    ),
    "adabelief": (scale_by_belief(), lambda o: o.adabelief(RATE, eps=1e-16, eps_root=1e-16)),
    "yogi": (scale_by_yogi(), lambda o: o.yogi(RATE)),
    "lion": (scale_by_lion(), lambda o: o.lion(RATE, weight_decay=0.0)),
    "average": (average_gradients(0.9), lambda o: o.chain(o.ema(0.9), o.scale(-RATE))),
    "average-plain": (
        average_gradients(0.8, debias=False),
        lambda o: o.chain(o.ema(0.8, debias=False), o.scale(-RATE)),
    ),
    "clip": (clip(0.5), lambda o: o.chain(o.clip(0.5), o.scale(-RATE))),
    "clip-norm": (
        clip_by_global_norm(3.0),
        lambda o: o.chain(o.clip_by_global_norm(3.0), o.scale(-RATE)),
    ),
    "clipped-adam": (
        chain(clip_by_global_norm(3.0), scale_by_adam()),
        lambda o: o.chain(o.clip_by_global_norm(3.0), o.adam(RATE)),
    ),
}


@pytest.mark.parametrize("name", OPTAX)
def test_each_step_is_optax(name):
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    transform, theirs = OPTAX[name]
    rule = theirs(optax)
    x = START
    state, path = rule.init(x), []
    step = jax.jit(rule.update)
    for g in GRADIENTS:
        update, state = step(g, state, x)
        x = x + np.asarray(update)
        path.append(x)
    found = follow(chain(transform, scale(-RATE)))
    assert np.abs(found - np.array(path)).max() < 1e-12 * np.abs(path).max()


TORCH = {
    "momentum": (trace(0.9), lambda o, p: o.SGD(p, RATE, momentum=0.9)),
    "nesterov": (trace(0.9, True), lambda o, p: o.SGD(p, RATE, momentum=0.9, nesterov=True)),
    "adagrad": (scale_by_adagrad(1e-10, "outside"), lambda o, p: o.Adagrad(p, RATE)),
    "rmsprop": (scale_by_rms(0.99), lambda o, p: o.RMSprop(p, RATE)),
    "rmsprop-momentum": (
        chain(scale_by_rms(0.99), trace(0.8)),
        lambda o, p: o.RMSprop(p, RATE, momentum=0.8),
    ),
    "adadelta": (scale_by_adadelta(), lambda o, p: o.Adadelta(p, RATE, rho=0.9, eps=1e-6)),
    "adam": (scale_by_adam(), lambda o, p: o.Adam(p, RATE)),
    "amsgrad": (scale_by_amsgrad(maximum_of="raw"), lambda o, p: o.Adam(p, RATE, amsgrad=True)),
    "adamax": (scale_by_adamax(), lambda o, p: o.Adamax(p, RATE)),
    "nadam": (
        scale_by_nadam(momentum_decay=0.004),
        lambda o, p: o.NAdam(p, RATE, momentum_decay=0.004),
    ),
    "adamw": (
        chain(scale_by_adam(), add_decayed_weights(0.01)),
        lambda o, p: o.AdamW(p, RATE, weight_decay=0.01),
    ),
}


@pytest.mark.parametrize("name", TORCH)
def test_each_step_is_torchs(name, request):
    torch = pytest.importorskip("torch")
    # NAdam keeps a product in the default type, which is float32.
    request.addfinalizer(lambda: torch.set_default_dtype(torch.float32))
    torch.set_default_dtype(torch.float64)
    transform, theirs = TORCH[name]
    parameter = torch.nn.Parameter(torch.tensor(START.copy(), dtype=torch.float64))
    rule, path = theirs(torch.optim, [parameter]), []
    for g in GRADIENTS:
        parameter.grad = torch.tensor(g)
        rule.step()
        path.append(parameter.detach().numpy().copy())
    found = follow(chain(transform, scale(-RATE)))
    # PyTorch decays the weights before the step, which differs by rounding alone.
    assert np.abs(found - np.array(path)).max() < 1e-12 * np.abs(path).max()


@pytest.mark.parametrize("name", RULES)
def test_extreme_gradients_stay_finite(name):
    transform, _ = RULES[name]
    sizes = np.array([[0.0, 1e-300, 1e-150, 1.0, 1e100, -1e100]] * 20)
    with np.errstate(under="ignore"):
        assert np.all(np.isfinite(follow(chain(transform, scale(-RATE)), sizes)))


def test_a_parameter_without_a_gradient_stays():
    for epsilon in (0.0, 1e-8):
        for rule in (
            scale_by_adagrad(epsilon),
            scale_by_rms(epsilon=epsilon),
            scale_by_adam(epsilon=epsilon),
            scale_by_adamax(epsilon=epsilon),
        ):
            still = follow(chain(rule, scale(-1.0)), np.array([[0.0, 1.0]] * 3), np.zeros(2))
            assert np.all(still[:, 0] == 0.0)
            assert np.all(still[:, 1] < 0.0)

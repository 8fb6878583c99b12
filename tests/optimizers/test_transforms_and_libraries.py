"""Every transform step by step: the paths of optax and of PyTorch."""

import numpy as np
import pytest

from qvopt.optimizers.adaptive import scale_by_adadelta, scale_by_adagrad, scale_by_rms
from qvopt.optimizers.clipping import clip, clip_by_global_norm
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


def follow(transform):
    x, state, path = START, transform.init(START), []
    for g in GRADIENTS:
        update, state = transform.update(g, state, x)
        x = x + update
        path.append(x)
    return np.array(path)


OPTAX = {
    "momentum": (trace(0.9), lambda o: o.sgd(RATE, momentum=0.9)),
    "nesterov": (trace(0.9, True), lambda o: o.sgd(RATE, momentum=0.9, nesterov=True)),
    "adagrad": (
        scale_by_adagrad(1e-7, initial=0.1),
        lambda o: o.adagrad(RATE, initial_accumulator_value=0.1, eps=1e-7),
    ),
    "adagrad-from-zero": (
        scale_by_adagrad(1e-7),
        lambda o: o.adagrad(RATE, initial_accumulator_value=0.0, eps=1e-7),
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
    "adagrad-initial": (
        scale_by_adagrad(1e-10, "outside", 0.1),
        lambda o, p: o.Adagrad(p, RATE, initial_accumulator_value=0.1),
    ),
    "rmsprop-centred": (
        scale_by_rms(0.99, centered=True),
        lambda o, p: o.RMSprop(p, RATE, centered=True),
    ),
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

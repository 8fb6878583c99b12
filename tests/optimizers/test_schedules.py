"""Schedules inside a rule, step by step: as formulas over plain numbers, and as optax has them."""

import math

import numpy as np
import pytest

from qvopt.optimizers import schedules
from qvopt.optimizers.combine import chain
from qvopt.optimizers.gradient_trace import trace
from qvopt.optimizers.schedules import scale_by_schedule
from qvopt_molecules.errors import InputError

RATE = 0.07
GRADIENTS = np.random.default_rng(0).normal(size=(300, 6)) * np.logspace(-3, 1, 6)
START = np.linspace(-1, 1, 6)

# Name: (ours, the formula, optax's where there is one).
SCHEDULES = {
    "constant": (
        schedules.constant(0.3),
        lambda t: 0.3,
        lambda o: o.constant_schedule(0.3),
    ),
    "step": (
        schedules.step_decay(70, 0.5),
        lambda t: math.prod([0.5] * (t // 70)),
        lambda o: o.exponential_decay(1.0, 70, 0.5, staircase=True),
    ),
    "exponential": (
        schedules.exponential(200, 0.1),
        lambda t: math.exp(math.log(0.1) * t / 200),
        lambda o: o.exponential_decay(1.0, 200, 0.1),
    ),
    "cosine": (
        schedules.cosine(200, 0.2),
        lambda t: 0.2 + 0.8 * math.cos(math.pi * min(t, 200) / 400) ** 2,
        lambda o: o.cosine_decay_schedule(1.0, 200, alpha=0.2),
    ),
    "inverse-time": (
        schedules.inverse_time(50, 0.6),
        lambda t: math.exp(-0.6 * math.log1p(t / 50)),
        None,
    ),
    "warm-up": (
        schedules.warm_up(20),
        lambda t: min(t + 1, 21) / 21,
        lambda o: o.linear_schedule(1 / 21, 1.0, 20),
    ),
    "warm-up-cosine": (
        schedules.warm_up(20, schedules.cosine(200)),
        lambda t: (t + 1) / 21 if t < 20 else math.cos(math.pi * min(t - 20, 200) / 400) ** 2,
        lambda o: o.join_schedules(
            [o.linear_schedule(1 / 21, 1.0, 20), o.cosine_decay_schedule(1.0, 200)], [20]
        ),
    ),
}


def follow(transform):
    x, state, path = START, transform.init(START), []
    for g in GRADIENTS:
        kept = g.copy()
        update, new = transform.update(g, state, x)
        assert np.array_equal(update, transform.update(g, state, x)[0])
        assert np.array_equal(g, kept)
        x, state = x + update, new
        path.append(x)
    return np.array(path)


def assert_same_path(found, expected):
    assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_step_is_the_formula(name):
    ours, formula, _ = SCHEDULES[name]
    factors = np.array([formula(t) for t in range(len(GRADIENTS))])
    expected = START + np.cumsum(-RATE * factors[:, None] * GRADIENTS, axis=0)
    assert_same_path(follow(scale_by_schedule(ours, -RATE)), expected)


@pytest.mark.parametrize("name", [n for n, s in SCHEDULES.items() if s[2] is not None])
def test_each_step_is_optax(name):
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    ours, _, theirs = SCHEDULES[name]
    factor = theirs(optax)

    def double(count):  # optax counts in int32, and would take powers and ratios in float32
        return factor(count.astype("float64"))

    rule = optax.chain(optax.trace(0.9), optax.scale_by_schedule(double), optax.scale(-RATE))
    x, state, path = START, rule.init(START), []
    step = jax.jit(rule.update)
    for g in GRADIENTS:
        update, state = step(g, state, x)
        x = x + np.asarray(update)
        path.append(x)
    assert_same_path(follow(chain(trace(0.9), scale_by_schedule(ours, -RATE))), np.array(path))


def test_inverse_time_is_torchs_lambda():
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    rule = torch.optim.SGD([parameter], RATE)
    rates = torch.optim.lr_scheduler.LambdaLR(rule, lambda t: (1 + t / 50) ** -0.6)
    path = []
    for g in GRADIENTS:
        parameter.grad = torch.tensor(g)
        rule.step()
        rates.step()
        path.append(parameter.detach().numpy().copy())
    found = follow(scale_by_schedule(schedules.inverse_time(50, 0.6), -RATE))
    assert_same_path(found, np.array(path))


@pytest.mark.parametrize(
    ("name", "end"),
    [("constant", 1.0), ("step", 0.5**4), ("exponential", 0.01), ("cosine", 0.0),
     ("inverse-time", 1 / 11)],
)  # fmt: skip
def test_named_schedules_end_where_they_say(name, end):
    f = schedules.get_schedule(name, 200)
    assert f(0) == 1.0
    assert f(200) == pytest.approx(end, abs=1e-15)
    warm = schedules.get_schedule(name, 200, 10)
    assert [warm(t) for t in (10, 60, 210)] == [f(t) for t in (0, 50, 200)]


@pytest.mark.parametrize("name", SCHEDULES)
def test_zero_and_extreme_gradients_stay_finite(name):
    rule = scale_by_schedule(SCHEDULES[name][0], -RATE)
    update, _ = rule.update(np.array([0.0, 1e-300, 1e150]), 299)
    assert update[0] == 0.0
    assert np.all(np.isfinite(update))


@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: schedules.get_schedule("triangle", 10), "unknown schedule"),
     (lambda: schedules.get_schedule("cosine", 0), "schedule_steps must be a whole number >= 1"),
     (lambda: schedules.get_schedule("cosine", 10, -1), "warm_up must be a whole number >= 0"),
     (lambda: schedules.step_decay(0), "every must be"),
     (lambda: schedules.exponential(10, 0.0), "final must be a finite number > 0"),
     (lambda: schedules.inverse_time(10, 0.0), "power must be a finite number > 0")],
)  # fmt: skip
def test_misuse_is_said(make, message):
    with pytest.raises(InputError, match=message):
        make()

"""Bounds on gradients: what they promise for any gradient and any variance, and extreme sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from slow_cases import rest_slow

from qvopt.optimizers.clipping import (
    clip,
    clip_by_global_norm,
    clip_by_noise,
    clip_by_rms,
    shrink_by_noise,
)

# Squares that underflow have a test of their own, below.
SIZE = st.just(0.0) | st.floats(1e-6, 1e6)
GRADIENT = arrays(np.float64, 5, elements=SIZE | SIZE.map(lambda v: -v))
VARIANCE = arrays(np.float64, 5, elements=SIZE)
RULES = {
    "clip": clip(0.5),
    "global-norm": clip_by_global_norm(0.5),
    "rms": clip_by_rms(0.5),
    "noise": clip_by_noise(2.0),
    "shrink": shrink_by_noise(),
}


def apply(rule, g, **extra):
    kept = [a.copy() for a in (g, *extra.values())]
    out, state = rule.update(g, rule.init(g), g, **extra)
    again, _ = rule.update(g, state, g, **extra)
    assert np.array_equal(out, again, equal_nan=True)
    for now, before in zip((g, *extra.values()), kept, strict=True):
        assert np.array_equal(now, before)
    return out


@given(GRADIENT, VARIANCE, st.floats(0.1, 10))
def test_clipping_by_noise_bounds_the_norm_and_keeps_the_direction(g, variance, threshold):
    out = apply(clip_by_noise(threshold), g, variance=variance)
    norm, bound = np.linalg.norm(g), threshold * np.sqrt(variance.sum())
    if bound == 0.0 or norm <= bound:
        assert np.array_equal(out, g)
    else:
        assert np.linalg.norm(out) == pytest.approx(bound)
        assert out @ g == pytest.approx(bound * norm)


@given(GRADIENT, VARIANCE)
def test_shrinking_is_the_positive_part_of_james_and_stein(g, variance):
    out = apply(shrink_by_noise(), g, variance=variance)
    square = sum(float(v) ** 2 for v in g)
    if square == 0.0:
        assert not np.any(out)
    else:
        factor = 1 - 3 / 5 * sum(float(v) for v in variance) / square
        assert out == pytest.approx(max(0.0, factor) * g, rel=1e-9, abs=1e-9 * np.sqrt(square))


@pytest.mark.parametrize("n", [1, 2])
def test_two_components_or_fewer_are_not_shrunk(n):
    g = np.arange(1.0, n + 1)
    assert np.array_equal(apply(shrink_by_noise(), g, variance=np.full(n, 100.0)), g)


@pytest.mark.parametrize("distance", rest_slow([0.0, 1.0, 3.0, 10.0], [3.0]))
def test_shrinking_gains_what_james_and_stein_say(distance):
    """Unbiased risk: the mean of ‖g - θ‖² falls by (n - 2)² E[1 / ‖g‖²], σ = 1, or by more."""
    rng, n = np.random.default_rng(3), 12
    truth = np.full(n, distance / np.sqrt(n))
    draws = truth + rng.normal(size=(20000, n))
    shrunk = np.array([apply(shrink_by_noise(), g, variance=np.ones(n)) for g in draws])
    raw_loss = np.sum((draws - truth) ** 2, axis=1)
    gain = raw_loss - np.sum((shrunk - truth) ** 2, axis=1)
    promised = (n - 2) ** 2 / np.sum(draws**2, axis=1)
    error = np.std(gain - promised) / np.sqrt(len(draws))
    assert np.mean(gain) > 0.0
    assert np.mean(gain - promised) > -4 * error
    if distance == 10.0:  # the positive part never acts: plain James-Stein
        assert abs(np.mean(gain - promised)) < 4 * error


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", [0.0, 1e-300, 1e150])
def test_extreme_gradients_stay_finite(name, size):
    g = size * np.array([1.0, -2.0, 3.0, 0.0])
    out = apply(RULES[name], g, variance=size * np.ones(4))
    assert np.all(np.isfinite(out))
    assert np.all(np.abs(out) <= np.abs(g))
    assert np.all(out * np.sign(g) >= 0.0)

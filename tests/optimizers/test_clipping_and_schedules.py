"""Clipping by noise, schedules, and shared second moments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.optimizers import schedules
from qvopt.optimizers.clipping import clip_by_noise, clip_by_rms, shrink_by_noise
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.grouped import scale_by_blocks, scale_by_factored_rms
from qvopt.optimizers.moments import scale_by_adam
from qvopt_molecules.errors import InputError

RNG = np.random.default_rng(0)
GRADIENTS = RNG.normal(size=(200, 6)) * np.logspace(-3, 1, 6)


def apply(transform, g, **extra):
    return transform.update(g, transform.init(g), g, **extra)[0]


def test_noise_clipping_bounds_the_norm_in_standard_errors():
    g = np.array([3.0, 4.0])
    clipped = apply(clip_by_noise(2.0), g, variance=np.array([0.5, 0.5]))
    assert np.linalg.norm(clipped) == pytest.approx(2.0)
    assert clipped / np.linalg.norm(clipped) == pytest.approx(g / 5)
    inside = apply(clip_by_noise(10.0), g, variance=np.array([0.5, 0.5]))
    assert np.array_equal(inside, g)


@pytest.mark.parametrize("transform", [clip_by_noise(0.1), shrink_by_noise()])
def test_exact_gradients_pass_and_missing_variances_are_refused(transform):
    g = np.array([3.0, 4.0, 1.0])
    assert np.array_equal(apply(transform, g, variance=np.zeros(3)), g)
    with pytest.raises(InputError, match="needs the gradient's variance"):
        apply(transform, g)


@pytest.mark.parametrize("size", [0.0, 0.5, 3.0])
def test_shrinking_is_closer_to_the_truth_on_average(size):
    rng, n = np.random.default_rng(1), 20
    truth = np.full(n, size)
    raw, shrunk = [], []
    for _ in range(3000):
        g = truth + rng.normal(size=n)
        raw.append(np.sum((g - truth) ** 2))
        shrunk.append(np.sum((apply(shrink_by_noise(), g, variance=np.ones(n)) - truth) ** 2))
    assert np.mean(shrunk) < np.mean(raw)
    if size == 0.0:
        assert np.mean(shrunk) < 0.2 * np.mean(raw)


def test_rms_clipping():
    g = np.array([3.0, 4.0, 0.0, 0.0])
    assert np.sqrt(np.mean(apply(clip_by_rms(1.0), g) ** 2)) == pytest.approx(1.0)


THEIRS = {
    "constant": (schedules.constant(0.3), lambda o: o.constant_schedule(0.3)),
    "step": (
        schedules.step_decay(7, 0.5),
        lambda o: o.exponential_decay(1.0, 7, 0.5, staircase=True),
    ),
    "exponential": (schedules.exponential(50, 0.1), lambda o: o.exponential_decay(1.0, 50, 0.1)),
    "cosine": (schedules.cosine(50, 0.2), lambda o: o.cosine_decay_schedule(1.0, 50, alpha=0.2)),
}


@pytest.mark.parametrize("name", THEIRS)
def test_schedules_are_optaxs(name):
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    ours, theirs = THEIRS[name]
    there = theirs(optax)
    assert [ours(t) for t in range(80)] == pytest.approx(
        [float(there(np.float64(t))) for t in range(80)], abs=1e-7
    )


def test_inverse_time_and_warm_up():
    assert [schedules.inverse_time(10, 0.5)(t) for t in (0, 10, 30)] == pytest.approx(
        [1.0, 2**-0.5, 0.5]
    )
    rising = schedules.warm_up(4, schedules.cosine(10))
    assert [rising(t) for t in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert rising(4) == 1.0
    assert rising(14) == pytest.approx(0.0)


@given(st.sampled_from(["constant", "step", "exponential", "cosine", "inverse-time"]),
       st.integers(4, 500), st.integers(0, 20))  # fmt: skip
def test_named_schedules_are_factors(name, steps, warm):
    f = schedules.get_schedule(name, steps, warm)
    values = [f(t) for t in range(steps + warm)]
    assert all(0.0 <= v <= 1.0 for v in values)
    assert all(a >= b - 1e-15 for a, b in zip(values[warm:], values[warm + 1 :], strict=False))


def test_schedule_scales_the_steps():
    rule = schedules.scale_by_schedule(schedules.step_decay(2, 0.5), -0.1)
    state, steps = rule.init(np.ones(1)), []
    for _ in range(5):
        u, state = rule.update(np.ones(1), state)
        steps.append(float(u[0]))
    assert steps == pytest.approx([-0.1, -0.1, -0.05, -0.05, -0.025])


ROWS, COLUMNS = ((0, 1, 2), (3, 4, 5)), ((0, 3), (1, 4), (2, 5))


def run(transform, gradients):
    state, out = transform.init(gradients[0]), []
    for g in gradients:
        u, state = transform.update(g, state, g)
        out.append(u)
    return np.array(out)


def test_factored_moments_are_the_matrix_formula_and_optaxs():
    found = run(scale_by_factored_rms(ROWS, COLUMNS), GRADIENTS)
    r, c = np.zeros(2), np.zeros(3)
    for t, (g, u) in enumerate(zip(GRADIENTS, found, strict=True), start=1):
        square, decay = g.reshape(2, 3) ** 2 + 1e-30, 1 - t**-0.8
        r = decay * r + (1 - decay) * square.mean(axis=1)
        c = decay * c + (1 - decay) * square.mean(axis=0)
        expected = g.reshape(2, 3) / np.sqrt(np.outer(r, c) / r.mean())
        assert u.reshape(2, 3) == pytest.approx(expected, rel=1e-12)
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    rule = optax.scale_by_factored_rms(min_dim_size_to_factor=0)
    state = rule.init(np.zeros((2, 3)))
    for g, u in zip(GRADIENTS, found, strict=True):
        theirs, state = rule.update(g.reshape(2, 3), state, np.zeros((2, 3)))
        assert u.reshape(2, 3) == pytest.approx(np.asarray(theirs), rel=1e-4)  # their β is float32


def test_unlinked_matrices_do_not_mix():
    """Gradients of one matrix do not change the steps of the other."""
    rows, columns = ((0, 1), (2, 3), (4, 5)), ((0, 2), (1, 3), (4,), (5,))
    quiet, loud = GRADIENTS.copy(), GRADIENTS.copy()
    loud[:, 4:] *= 1e6
    a = run(scale_by_factored_rms(rows, columns), quiet)
    b = run(scale_by_factored_rms(rows, columns), loud)
    assert np.array_equal(a[:, :4], b[:, :4])


def test_blocks_of_one_are_adam_and_one_block_keeps_the_direction():
    singles = tuple((i,) for i in range(6))
    assert run(scale_by_blocks(singles), GRADIENTS) == pytest.approx(
        run(scale_by_adam(), GRADIENTS), rel=1e-12
    )
    whole = run(scale_by_blocks(((0, 1, 2, 3, 4, 5),), b1=0.0), GRADIENTS)
    for u, g in zip(whole, GRADIENTS, strict=True):
        assert u / np.linalg.norm(u) == pytest.approx(g / np.linalg.norm(g))


@pytest.mark.parametrize("blocks", [((0, 1), (1, 2)), ((0, 2),), ((0, 1, 3),)])
def test_partitions_must_be_partitions(blocks):
    with pytest.raises(InputError, match="exactly once"):
        scale_by_blocks(blocks)
    with pytest.raises(InputError, match="the groups hold 3 parameters, x has 2"):
        scale_by_blocks(((0, 1, 2),)).init(np.zeros(2))


def test_chained_state_is_a_tuple_of_states():
    rule = chain(clip_by_rms(1.0), scale(-1.0))
    assert rule.init(np.ones(2)) == ((), ())

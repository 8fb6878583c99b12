"""Factored and blockwise second moments against plain loops, Adam and optax."""

import copy
import math

import numpy as np
import pytest

from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.grouped import group_of, numbers, scale_by_blocks, scale_by_factored_rms
from qvopt.optimizers.moments import scale_by_adam
from qvopt.optimizers.protocol import Landscape
from qvopt_molecules.errors import InputError

RATE = 0.07
GRADIENTS = np.random.default_rng(0).normal(size=(300, 6)) * np.logspace(-3, 1, 6)
START = np.linspace(-1, 1, 6)
ROWS, COLUMNS = ((0, 1, 2), (3, 4, 5)), ((0, 3), (1, 4), (2, 5))

# Rows, columns, and the matrices that they fall into, each as the set of its parameters.
GRIDS = {
    "full": (ROWS, COLUMNS, [range(6)]),
    "transposed": (COLUMNS, ROWS, [range(6)]),
    "incomplete": (((0, 1, 2), (3, 4), (5,)), ((0, 3, 5), (1, 4), (2,)), [range(6)]),
    "two-matrices": (((0, 1), (2, 3), (4, 5)), ((0, 2), (1, 3), (4,), (5,)), [range(4), (4, 5)]),
    "out-of-order": (((5, 0), (3, 1), (4, 2)), ((2, 1), (4, 5), (3,), (0,)), [range(6)]),
    "singles": (tuple((i,) for i in range(6)),) * 2 + ([(i,) for i in range(6)],),
}


def follow(transform, gradients=GRADIENTS, x=START):
    state, path = transform.init(x), []
    for g in gradients:
        kept = copy.deepcopy((g, state, x))
        update, new = transform.update(g, state, x)
        again = transform.update(g, state, x)
        np.testing.assert_equal((g, state, x), kept)
        np.testing.assert_equal(again, (update, new))
        x, state = x + update, new
        path.append(x)
    return np.array(path)


def assert_same_path(found, expected, relative=1e-12):
    assert np.abs(found - expected).max() < relative * np.abs(expected).max()


def factored_path(rows, columns, matrices, power=0.8, eps=1e-30):
    """Loops over numbers: a running mean a row, one a column, and the mean over each matrix."""
    mean_row, mean_column = [0.0] * len(rows), [0.0] * len(columns)
    row_of = {i: r for r, group in enumerate(rows) for i in group}
    column_of = {i: c for c, group in enumerate(columns) for i in group}
    x, path = [float(v) for v in START], []
    for t, g in enumerate(GRADIENTS, start=1):
        decay, square = 1 - t**-power, [float(v) ** 2 + eps for v in g]
        for means, groups in ((mean_row, rows), (mean_column, columns)):
            for k, group in enumerate(groups):
                now = sum(square[i] for i in group) / len(group)
                means[k] = decay * means[k] + (1 - decay) * now
        for matrix in matrices:
            # A sum over parameters: each row counts as often as it has parameters.
            whole = sum(mean_row[row_of[i]] for i in matrix) / len(matrix)
            for i in matrix:
                v = mean_row[row_of[i]] * mean_column[column_of[i]] / whole
                x[i] -= RATE * float(g[i]) / math.sqrt(v)
        path.append(list(x))
    return np.array(path)


@pytest.mark.parametrize("name", GRIDS)
def test_factored_steps_are_the_formula(name):
    rows, columns, matrices = GRIDS[name]
    rule = chain(scale_by_factored_rms(rows, columns), scale(-RATE))
    assert_same_path(follow(rule), factored_path(rows, columns, matrices))


def test_factored_steps_with_another_power_and_epsilon():
    rows, columns, matrices = GRIDS["incomplete"]
    rule = chain(scale_by_factored_rms(rows, columns, 0.5, 1e-3), scale(-RATE))
    assert_same_path(follow(rule), factored_path(rows, columns, matrices, 0.5, 1e-3))


@pytest.mark.parametrize(("double", "relative"), [(True, 1e-12), (False, 1e-6)])
def test_factored_steps_are_optax(double, relative):
    """optax takes its decay in float32; handed the same decay in float64, it agrees to rounding."""
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    more = {"decay_rate_fn": lambda t, power: 1 - (t + 1.0).astype("float64") ** -power}
    rule = optax.scale_by_factored_rms(min_dim_size_to_factor=0, **(more if double else {}))
    x = START.reshape(2, 3)
    state, path, step = rule.init(x), [], jax.jit(rule.update)
    for g in GRADIENTS:
        update, state = step(g.reshape(2, 3), state, x)
        x = x - RATE * np.asarray(update)
        path.append(x.ravel())
    found = follow(chain(scale_by_factored_rms(ROWS, COLUMNS), scale(-RATE)))
    assert_same_path(found, np.array(path), relative)


def blocks_path(blocks, b1=0.9, b2=0.999, eps=1e-8):
    x, path = [float(v) for v in START], []
    mean, square = [0.0] * len(x), [0.0] * len(blocks)
    for t, g in enumerate(GRADIENTS, start=1):
        for b, block in enumerate(blocks):
            now = sum(float(g[i]) ** 2 for i in block) / len(block)
            square[b] = b2 * square[b] + (1 - b2) * now
            for i in block:
                mean[i] = b1 * mean[i] + (1 - b1) * float(g[i])
                x[i] -= RATE * mean[i] / (1 - b1**t) / (math.sqrt(square[b] / (1 - b2**t)) + eps)
        path.append(list(x))
    return np.array(path)


@pytest.mark.parametrize("blocks", [((0, 1), (2, 3, 4), (5,)), ((5, 0), (3, 1, 2, 4))])
def test_block_steps_are_the_formula(blocks):
    assert_same_path(follow(chain(scale_by_blocks(blocks), scale(-RATE))), blocks_path(blocks))


@pytest.mark.parametrize("order", [range(6), (3, 0, 5, 1, 4, 2)])
def test_a_block_for_each_parameter_is_adam(order):
    rule = scale_by_blocks(tuple((i,) for i in order), 0.8, 0.99, 1e-6)
    assert_same_path(follow(rule), follow(scale_by_adam(0.8, 0.99, 1e-6)))


def test_one_block_keeps_the_direction_of_the_mean():
    found = np.diff(follow(scale_by_blocks((tuple(range(6)),))), axis=0, prepend=START[None])
    mean = np.zeros(6)
    for u, g in zip(found, GRADIENTS, strict=True):
        mean = 0.9 * mean + 0.1 * g
        assert u / np.linalg.norm(u) == pytest.approx(mean / np.linalg.norm(mean), abs=1e-9)


RULES = {
    "blocks": lambda eps: scale_by_blocks(((0, 1), (2,), (3,), (4,)), epsilon=eps),
    "factored": lambda eps: scale_by_factored_rms(
        ((0, 1), (2,), (3,), (4,)), ((0, 1), (2,), (3,), (4,)), epsilon=eps
    ),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("epsilon", [0.0, 1e-8])
def test_zero_and_extreme_gradients(name, epsilon):
    gradients = np.array([[0.0, 0.0, 1e-300, 1e150, 1.0]] * 20)
    path = follow(chain(RULES[name](epsilon), scale(-RATE)), gradients, np.ones(5))
    assert np.all(path[:, :2] == 1.0)
    assert np.all(np.isfinite(path))
    assert np.all(path[-1, 3:] < 1.0)


@pytest.mark.parametrize("bad", [((0, 1), (1, 2)), ((0, 2),), ((0, 1, 3),), ((-1, 0, 1),)])
def test_partitions_must_be_partitions(bad):
    good = ((0,), (1,), (2,))
    message = "each of the 3 parameters exactly once"
    for make in (
        lambda: scale_by_factored_rms(good, bad),
        lambda: numbers(bad, 3),
    ):
        with pytest.raises(InputError, match=message):
            make()
    with pytest.raises(InputError, match="exactly once"):
        scale_by_factored_rms(bad, good)
    with pytest.raises(InputError, match="the groups hold 3 parameters, x has 2"):
        scale_by_factored_rms(good, good).init(np.zeros(2))


def test_groups_are_found_by_name():
    landscape = Landscape(6, groups={"row": ROWS, "column": COLUMNS})
    assert group_of(landscape, "row") == ROWS
    assert numbers(COLUMNS, 6).tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(InputError, match="known: column, row"):
        group_of(landscape, "layer")
    with pytest.raises(InputError, match="no grouping of the parameters is known"):
        group_of(Landscape(6), "row")

"""Forms of the papers, written out by hand, where ours can be told to take them."""

import numpy as np
import pytest

from qvopt.optimizers.grouped import scale_by_size
from qvopt.optimizers.moments import scale_by_amsgrad, scale_by_yogi
from qvopt.optimizers.protocol import Vector
from qvopt.optimizers.registry import get_optimizer
from qvopt_molecules.errors import InputError

GRADIENTS = np.random.default_rng(0).normal(size=(40, 5)) * np.array([1, 0.1, 10, 1, 0.0])


def updates_of(transform):
    state, out = transform.init(np.zeros(5)), []
    for g in GRADIENTS:
        update, state = transform.update(g, state)
        out.append(update)
    return np.array(out)


def test_yogi_without_bias_correction_is_algorithm_2():
    b1, b2, epsilon, first = 0.9, 0.999, 1e-3, 1e-6
    m, v, expected = np.zeros(5), np.full(5, first), []
    for g in GRADIENTS:
        m = b1 * m + (1 - b1) * g
        v = v - (1 - b2) * np.sign(v - g**2) * g**2
        expected.append(m / (np.sqrt(v) + epsilon))
    ours = updates_of(scale_by_yogi(b1, b2, epsilon, first, bias_correction=False))
    assert ours == pytest.approx(np.array(expected), rel=1e-12)
    assert not np.allclose(ours, updates_of(scale_by_yogi(b1, b2, epsilon, first)))


def test_amsgrad_without_bias_correction_is_algorithm_2():
    b1, b2, epsilon = 0.9, 0.99, 1e-8
    m, v, largest, expected = np.zeros(5), np.zeros(5), np.zeros(5), []
    for g in GRADIENTS:
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        largest = np.maximum(largest, v)
        expected.append(m / (np.sqrt(largest) + epsilon))
    ours = updates_of(scale_by_amsgrad(b1, b2, epsilon, bias_correction=False))
    assert ours == pytest.approx(np.array(expected), rel=1e-12)


def test_adafactors_relative_steps_are_those_of_section_8():
    rule, rng = scale_by_size(1e-3), np.random.default_rng(1)
    state = rule.init(np.zeros(4))
    x, g = np.zeros(4), np.zeros(4)
    for t in range(1, 40_002):
        if t % 10_000 < 3:
            x, g = rng.normal(size=4), rng.normal(size=4)
        update, state = rule.update(g, state, x)
        if t % 10_000 < 3:
            rate = max(1e-3, np.sqrt(np.mean(x**2))) * min(1e-2, 1 / np.sqrt(t))
            assert 0.01 * update == pytest.approx(rate * g, rel=1e-12)
    assert rule.update(g, rule.init(x), np.zeros(4))[0] == pytest.approx(1e-3 * g)
    with pytest.raises(InputError, match="relative steps need the parameters"):
        rule.update(g, state)


def test_optimizers_take_the_published_forms():
    from qvopt import run

    for name, options in (
        ("yogi", {"bias_correction": False}),
        ("amsgrad", {"bias_correction": False}),
        ("adafactor", {"relative_step": True, "learning_rate": 0.01}),
    ):
        with_it = run("h2", optimizer={"name": name, **options}, max_steps=3)
        without = run("h2", optimizer=name, max_steps=3)
        assert not np.array_equal(with_it.x, without.x), name


def test_weighted_random_shots_are_rosalins():
    """p_i = Σ|c| of the group over the sum of all: from the strings of each group."""
    from qvopt.engine.assembly import assemble
    from qvopt.experiment.specification import make_experiment

    measurement = {"shots": 100, "grouping": "qubit-wise", "allocation": "weighted"}
    data = {"molecule": "h2", "backend": "lightning", "measurement": measurement,
            "optimizer": "rosalin"}  # fmt: skip
    plan = assemble(make_experiment(data)).plan
    sums = np.array([np.abs(g.diagonal.coefficients).sum() for g in plan.groups])
    assert plan.weights == pytest.approx(sums / sums.sum(), rel=1e-9)


def saddle(x):
    return np.array([x[0], -x[1]])


@pytest.mark.parametrize("choice", ["damp", "skip"])
def test_negative_curvature_is_damped_or_left_out(choice):
    optimizer = get_optimizer(
        "noise-aware-l-bfgs", negative_curvature=choice, first_step=0.01, max_step=0.2
    )
    rounds = optimizer(np.array([0.0, 0.1]), np.random.default_rng(0))
    request, path = next(rounds), []
    for _ in range(60):
        if not isinstance(request, list | tuple):
            path.append(request.x)
            request = rounds.send(None)
            continue
        answers = []
        for query in request:
            if type(query).__name__ == "Gradient":
                answers.append(Vector(saddle(query.x), np.full(2, 1e-12)))
            else:
                value = 0.5 * (query.x[0] ** 2 - query.x[1] ** 2)
                answers.append(type("E", (), {"value": value, "variance": 1e-12})())
        request = rounds.send(answers)
    path = np.array(path)
    assert np.all(np.diff(np.abs(path[:, 1])) > 0)  # downhill along the negative direction
    steps = np.diff(np.abs(path[:, 1]))
    if choice == "skip":
        # Without a pair it stays steepest descent, at the first step's length.
        assert steps == pytest.approx(np.full(len(steps), 0.01), rel=1e-6)
    else:
        assert steps.max() > 0.015

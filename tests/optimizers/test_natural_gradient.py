"""The metric as a preconditioner, against dense linear algebra."""

import numpy as np
import pytest

from qvopt.optimizers.combine import chain
from qvopt.optimizers.natural_gradient import noise_level, precondition_by_metric, solve_metric
from qvopt.optimizers.protocol import Metric
from qvopt.optimizers.registry import get_optimizer
from qvopt_molecules.errors import InputError

RNG = np.random.default_rng(0)
ROOT = RNG.normal(size=(5, 5))
METRIC, G = ROOT @ ROOT.T, RNG.normal(size=5)
SINGULAR = ROOT[:, :3] @ ROOT[:, :3].T


def apply(rule, g, metric, **extra):
    return rule.update(g, rule.init(g), g, metric=metric, **extra)[0]


def test_tikhonov_solves_the_damped_system():
    expected = np.linalg.solve(METRIC + 0.01 * np.eye(5), G)
    assert solve_metric(METRIC, G, "tikhonov", 0.01) == pytest.approx(expected, rel=1e-9)
    negative = np.diag([1.0, -5.0])  # a measured metric may have negative eigenvalues
    assert solve_metric(negative, np.ones(2), "tikhonov", 0.01) == pytest.approx([1 / 1.01, 100])


def test_pseudo_inverse_leaves_the_null_space_alone():
    expected = np.linalg.pinv(SINGULAR, rcond=1e-9, hermitian=True) @ G
    assert solve_metric(SINGULAR, G, "pseudo-inverse", 1e-9) == pytest.approx(expected, rel=1e-6)
    assert solve_metric(np.diag([1.0, 0.0]), np.ones(2), "tikhonov", 0.0) == pytest.approx([1, 0])


def test_adaptive_damping_follows_scale_and_noise():
    largest = np.linalg.eigvalsh(METRIC)[-1]
    expected = np.linalg.solve(METRIC + (0.01 * largest + 0.3) * np.eye(5), G)
    assert solve_metric(METRIC, G, "adaptive", 0.01, 0.3) == pytest.approx(expected, rel=1e-9)
    # Scaling the metric scales the step back: the damping is in its units.
    assert solve_metric(9 * METRIC, G, "adaptive", 0.01) * 9 == pytest.approx(
        solve_metric(METRIC, G, "adaptive", 0.01)
    )


def test_noise_level_is_the_size_of_a_random_error():
    rng, n = np.random.default_rng(1), 60
    variance = np.full((n, n), 0.04)
    norms = []
    for _ in range(30):
        e = np.triu(rng.normal(0, 0.2, size=(n, n)))
        norms.append(np.linalg.norm(e + np.triu(e, 1).T, 2))
    assert noise_level(None) == 0.0
    assert noise_level(variance) < np.mean(norms) < 2.2 * noise_level(variance)


def test_trust_radius_is_in_state_space():
    rule = precondition_by_metric("full", 1e-6, None, trust_radius=0.1)
    out = apply(rule, G, METRIC)
    assert np.sqrt(out @ METRIC @ out) == pytest.approx(0.1)
    short = apply(precondition_by_metric("full", 1e-6, 0.2), G, METRIC)
    assert np.linalg.norm(short) == pytest.approx(0.2)
    free = apply(precondition_by_metric("full", 1e-6, None), G, METRIC)
    for bounded in (out, short):
        assert bounded / np.linalg.norm(bounded) == pytest.approx(free / np.linalg.norm(free))


def test_running_mean_of_metrics():
    rule = precondition_by_metric("full", 0.1, None, metric_decay=0.6)
    metrics = [METRIC, 2 * METRIC + np.eye(5), SINGULAR]
    state = rule.init(G)
    for metric in metrics:
        out, state = rule.update(G, state, G, metric=metric)
    weights = 0.6 ** np.array([2, 1, 0])
    mean = np.tensordot(weights / weights.sum(), metrics, axes=1)
    assert out == pytest.approx(np.linalg.solve(mean + 0.1 * np.eye(5), G))
    again, _ = rule.update(G, state, G, metric=None)  # a step without a new one
    assert np.array_equal(again, out)


def test_metric_is_measured_as_often_as_asked(drive, Function):
    optimizer = get_optimizer("qng", metric_every=3, metric_shots=77, metric="diagonal")
    function = Function(lambda x: float(x @ x), lambda x: 2 * x)
    drive(optimizer, np.ones(3), function, steps=7)
    asked = [q for q in function.asked if isinstance(q, Metric)]
    assert len(asked) == 3
    assert {(q.shots, q.kind) for q in asked} == {(77, "diagonal")}


def test_misuse_is_said():
    rule = precondition_by_metric()
    with pytest.raises(InputError, match="needs the metric"):
        rule.update(G, rule.init(G), G)
    with pytest.raises(InputError, match="one metric"):
        chain(precondition_by_metric("full"), precondition_by_metric("diagonal"))
    assert chain(precondition_by_metric("full"), precondition_by_metric("full")).metric is not None

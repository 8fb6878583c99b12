"""The metric as a preconditioner, against dense linear algebra."""

import copy

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


def dense(metric, g, regularization, damping, noise):
    """Inverses and projectors written out, one eigenvector at a time."""
    values, vectors = np.linalg.eigh(metric)
    positive = sum(max(v, 0.0) * np.outer(e, e) for v, e in zip(values, vectors.T, strict=True))
    floor = damping * max(values) + noise
    if regularization == "pseudo-inverse":
        kept = vectors[:, values > floor]
        return kept @ np.linalg.solve(kept.T @ metric @ kept, kept.T @ g)
    shift = damping if regularization == "tikhonov" else floor
    return np.linalg.inv(positive + shift * np.eye(len(g))) @ g


@pytest.mark.parametrize("regularization", ["tikhonov", "adaptive", "pseudo-inverse"])
@pytest.mark.parametrize("damping", [1e-3, 0.2])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_every_regularization_is_dense_algebra(regularization, damping, noise):
    rng = np.random.default_rng(5)
    for n in (1, 2, 7):
        root = rng.normal(size=(n, n))
        for metric in (root @ root.T, root + root.T + 3 * np.eye(n), np.diag(np.arange(n) + 1.0)):
            g = rng.normal(size=n)
            found = solve_metric(metric, g, regularization, damping, noise)
            expected = dense(metric, g, regularization, damping, noise)
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * np.abs(expected).max())


def test_a_measured_metric_is_taken_symmetric():
    skew = np.triu(RNG.normal(size=(5, 5)), 1)
    found = solve_metric(METRIC + skew - skew.T, G, "tikhonov", 0.1)
    assert found == pytest.approx(solve_metric(METRIC, G, "tikhonov", 0.1))


def test_both_bounds_hold_at_once():
    for metric in (METRIC, 100 * METRIC, METRIC / 100):
        out = apply(precondition_by_metric("full", 0.01, 0.2, trust_radius=0.1), G, metric)
        lengths = np.linalg.norm(out) / 0.2, np.sqrt(out @ metric @ out) / 0.1
        assert max(lengths) == pytest.approx(1.0)
    wide = precondition_by_metric("full", 0.01, 1e6, trust_radius=1e6)
    free = precondition_by_metric("full", 0.01, None)
    assert np.array_equal(apply(wide, G, METRIC), apply(free, G, METRIC))


def test_a_running_mean_averages_the_noise_away():
    """The mean Σ w g / Σ w has variance Σ w² Var g / (Σ w)², which damps "adaptive"."""
    rule = precondition_by_metric("full", 0.1, None, regularization="adaptive", metric_decay=0.6)
    state, variances = rule.init(G), []
    for step, scale in enumerate((0.5, 0.02, 0.1), start=1):
        variances.append(np.full((5, 5), scale))
        kept = copy.deepcopy((G, state, METRIC, variances))
        extra = {"metric": METRIC, "metric_variance": variances[-1]}
        out, new = rule.update(G, state, G, **extra)
        again = rule.update(G, state, G, **extra)
        np.testing.assert_equal((G, state, METRIC, variances), kept)
        np.testing.assert_equal(again, (out, new))
        state = new
        weights = 0.6 ** np.arange(step)[::-1]
        variance = np.tensordot((weights / weights.sum()) ** 2, variances, axes=1)
        noise = np.sqrt(variance.sum(axis=1).max())
        assert out == pytest.approx(dense(METRIC, G, "adaptive", 0.1, noise))


@pytest.mark.parametrize("regularization", ["tikhonov", "adaptive", "pseudo-inverse"])
@pytest.mark.parametrize("size", [0.0, 1e-300, 1.0])
def test_zero_and_extreme_sizes_stay_finite(regularization, size):
    rule = precondition_by_metric("full", 0.0, 1.0, regularization=regularization)
    assert not np.any(apply(rule, np.zeros(5), size * METRIC))
    # 1e150 over 1e-300 is no double.
    for g in (1e-300 * G,) if size == 1e-300 else (1e-300 * G, 1e150 * G):
        out = apply(rule, g, size * METRIC)
        assert np.all(np.isfinite(out))
        assert np.linalg.norm(out) <= 1.0 + 1e-12
    if size == 0.0:  # no direction changes the state: nothing moves
        assert not np.any(apply(rule, G, np.zeros((5, 5))))


@pytest.mark.parametrize(
    "wrong",
    [{"metric": "half"}, {"regularization": "ridge"}, {"damping": -1.0}, {"max_norm": 0.0},
     {"trust_radius": 0.0}, {"metric_decay": 1.0}, {"metric_every": 0}, {"metric_shots": -1}],
)  # fmt: skip
def test_wrong_settings_are_named(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        precondition_by_metric(**wrong)

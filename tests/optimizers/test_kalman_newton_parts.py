"""The parts of Kalman-Newton, each against dense algebra or brute force."""

import numpy as np
import pytest

from qvopt.optimizers.kalman.belief import Belief, error_bound, expected_error
from qvopt.optimizers.kalman.curvature import Curvature
from qvopt.optimizers.kalman.derivatives import (
    DerivativeReading,
    DerivativeRound,
    derivative_rule,
)
from qvopt.optimizers.kalman.design import rounded, shots_for
from qvopt.optimizers.kalman.noise import ShotNoise
from qvopt.optimizers.kalman.prior import classical_curvature, curvature_certainty
from qvopt.optimizers.kalman.starts import contenders, lowest, pooled, trusted
from qvopt.optimizers.kalman.stop import contradictions
from qvopt.optimizers.kalman.trust import TrustRegion
from qvopt.optimizers.protocol import ClassicalModel, Scalar
from qvopt.optimizers.statistics import upper_bound

RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def the_same_draws_in_any_order():
    global RNG
    RNG = np.random.default_rng(7)


def positive(n):
    a = RNG.normal(size=(n, n))
    return a @ a.T + 0.3 * np.eye(n)


@pytest.mark.parametrize("frequencies", [(1.0,), (1.0, 2.0), (0.5, 1.0, 1.5), (2.0, 6.0)])
def test_derivatives_of_trigonometric_polynomials(frequencies):
    """Exact for every polynomial of these frequencies, at any point."""
    rule = derivative_rule(frequencies)
    a, b = RNG.normal(size=(2, len(frequencies)))
    f = np.array(frequencies)

    def energy(x):
        return 0.7 + a @ np.cos(f * x[0]) + b @ np.sin(f * x[0])

    x = np.array([0.4])
    asked = DerivativeRound(x, [rule], np.array([0]), np.array([1000]), 50, 1)
    reading = asked.read([Scalar(energy(q.x), 1.0 / q.shots, q.shots) for q in asked.queries()])
    slope = -a @ (f * np.sin(f * x)) + b @ (f * np.cos(f * x))
    bend = -a @ (f**2 * np.cos(f * x)) - b @ (f**2 * np.sin(f * x))
    assert reading.gradient == pytest.approx([slope], abs=1e-10)
    assert reading.second == pytest.approx([bend], abs=1e-10)
    # Bernstein's bound: with shots by |c| the variance is that of an energy times f_max².
    assert reading.gradient_variance * reading.shots == pytest.approx(max(f) ** 2, rel=0.02)


def test_variances_of_derivatives_are_those_of_samples():
    rule = derivative_rule((1.0, 2.0))
    asked = DerivativeRound(np.zeros(1), [rule], np.array([0]), np.array([400]), 100, 1)
    queries = asked.queries()
    readings = [
        asked.read([Scalar(RNG.normal() / np.sqrt(q.shots), 1 / q.shots) for q in queries])
        for _ in range(4000)
    ]
    for name in ("gradient", "second"):
        values = np.array([getattr(r, name)[0] for r in readings])
        assert values.var() == pytest.approx(getattr(readings[0], f"{name}_variance")[0], rel=0.1)


def test_belief_is_bayes_rule():
    """Against the mixture over the scale by marginal likelihoods of the data themselves."""
    n, p = 3, positive(3)
    shapes = [positive(3), np.diag([1.0, 0.1, 2.0])]
    center, x = RNG.normal(size=(2, n))
    rows, variance = p[[0, 2]], np.array([0.3, 0.1])
    gradient = np.array([0.5, -1.0])
    belief = Belief.prior(center, *shapes).observed(x, rows, gradient, variance)
    y = rows @ (x - center) - gradient  # = rows z + noise
    logs, means, covariances = [], [], []
    for shape in shapes:
        for log_scale in np.linspace(-6, 9, 31):
            prior = np.exp(log_scale) * shape
            spread = rows @ prior @ rows.T + np.diag(variance)
            gain = prior @ rows.T @ np.linalg.inv(spread)
            means.append(center + gain @ y)
            covariances.append(prior - gain @ rows @ prior)
            log = -0.5 * (y @ np.linalg.solve(spread, y) + np.linalg.slogdet(spread)[1])
            logs.append(log - log_scale**2 / 8)
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    mean = weights @ np.array(means)
    apart = np.array(means) - mean
    covariance = np.einsum("k,kij->ij", weights, covariances) + (apart.T * weights) @ apart
    assert belief.mean == pytest.approx(mean, abs=1e-10)
    assert belief.covariance == pytest.approx(covariance, abs=1e-10)


def test_blurred_data():
    """(J⁻¹ + Q)⁻¹, and the minimum that the data alone give stays."""
    information, pull = positive(3), RNG.normal(size=3)
    belief = Belief(np.zeros(3), (np.eye(3),), information, pull)
    correlation = np.array([[1, 0.98, 0], [0.98, 1, 0], [0, 0, 1.0]])
    q = np.array([0.3, 0.2, 0.0])
    blurred = belief.blurred(q, correlation)
    expected = np.linalg.inv(np.linalg.inv(information) + correlation * np.outer(q, q))
    assert blurred.information == pytest.approx(expected)
    assert np.linalg.solve(blurred.information, blurred.pull) == pytest.approx(
        np.linalg.solve(information, pull)
    )


def test_prior_scale_is_learned_both_ways():
    """Data that scatter less, or more, than C₀ says change what is believed of the unmeasured."""
    n = 12
    measured = np.eye(n)[:-1]
    for size in (0.05, 3.0):
        belief = Belief.prior(np.zeros(n), np.eye(n)).observed(
            np.zeros(n), measured, size * RNG.choice([-1.0, 1.0], size=n - 1), np.full(n - 1, 1e-4)
        )
        assert np.sqrt(belief.covariance[-1, -1]) == pytest.approx(size, rel=0.5)


def test_expected_error_is_the_mean_error():
    curvature, covariance = positive(4), 0.1 * positive(4)
    mean, x = RNG.normal(size=(2, 4)) * 0.1
    minima = RNG.multivariate_normal(mean, covariance, size=40000) - x
    errors = 0.5 * np.einsum("ki,ij,kj->k", minima, curvature, minima)
    assert expected_error(x, mean, covariance, curvature) == pytest.approx(errors.mean(), rel=0.03)
    minima += x - mean
    errors = 0.5 * np.einsum("ki,ij,kj->k", minima, curvature, minima)
    bound = error_bound(covariance, curvature, 0.95)
    assert np.mean(errors < bound) == pytest.approx(0.95, abs=0.01)


def test_design_reaches_the_target_and_wastes_nothing():
    n = 6
    covariance, curvature = 0.01 * positive(n), positive(n)
    variance = 1e3 * np.array([1.0, 2.0, 0.5, 4.0, 1.0, 1.0])
    before = 0.5 * np.sum(covariance * curvature)

    def after(shots):
        kept = shots > 0
        rows = curvature[kept]
        spread = rows @ covariance @ rows.T + np.diag(variance[kept] / shots[kept])
        gain = covariance @ rows.T @ np.linalg.inv(spread)
        return 0.5 * np.sum((covariance - gain @ rows @ covariance) * curvature)

    target = 0.1 * before
    shots = shots_for(target, covariance, curvature, variance, np.ones(n))
    assert after(shots) == pytest.approx(target, rel=0.1)
    even = np.full(n, shots.sum() / n)
    assert after(shots) < after(even)
    for _ in range(50):  # no other split of these shots does better
        other = shots * np.exp(0.5 * RNG.normal(size=n))
        assert after(other * shots.sum() / other.sum()) > after(shots) * 0.995


def test_design_leaves_out_what_is_not_worth_it():
    covariance, curvature = np.diag([1.0, 1e-9, 1e-9]), np.eye(3)
    shots = shots_for(0.3, covariance, curvature, np.ones(3), np.full(3, 40.0))
    assert shots[0] >= 40
    assert shots[1:].tolist() == [0, 0]


def test_shots_have_two_digits():
    assert rounded(np.array([0.0, 7.2, 99.0, 101.0, 12345.0])).tolist() == [0, 8, 99, 110, 13000]


def test_curvature_is_learned_and_partners_follow():
    ties = np.array([[1.0, 0.98, 0.0], [0.98, 1.0, 0.0], [0.0, 0.0, 1.0]])
    curvature = Curvature.of(np.diag([1.0, 2.0, 1.0]), 0.3, ties)
    for _ in range(30):
        reading = DerivativeReading(
            np.array([0]), np.zeros(1), np.ones(1), np.array([3.0]), np.array([0.01]),
            np.ones(1), Scalar(0.0),
        )  # fmt: skip
        curvature = curvature.learned(reading)
    assert np.diag(curvature.matrix) == pytest.approx([3.0, 6.0, 1.0], rel=0.02)


def test_curvature_along_a_step():
    base, step = positive(4), RNG.normal(size=4)
    before = Curvature.of(base, 0.3, np.eye(4))
    matrix = before.scaled_along(step, 0.6).matrix
    assert step @ matrix @ step == pytest.approx(0.6 * step @ base @ step)
    other = RNG.normal(size=4)
    other -= step * (other @ base @ step) / (step @ base @ step)
    assert other @ matrix @ other == pytest.approx(other @ base @ other)  # conjugate: untouched
    change = (base + positive(4)) @ step  # enough curvature: nothing is damped
    assert before.after_step(step, change).matrix @ step == pytest.approx(change)


def test_noise_is_pooled_where_shots_are_few():
    noise = ShotNoise.unknown(2)
    few = DerivativeReading(
        np.array([0, 1]), np.zeros(2), np.array([0.0, 1e-3]), np.zeros(2), np.ones(2),
        np.array([10.0, 1000.0]), Scalar(0.0),
    )  # fmt: skip
    noise = noise.learned(few)
    assert noise.one_shot[1] == pytest.approx(1.0, rel=0.1)
    assert noise.one_shot[0] > 0.5  # ten shots without scatter say little


def test_lowest_start_is_preferred_in_order():
    energies = [Scalar(-1.0, 1e-4), Scalar(-1.01, 1e-4), Scalar(-0.5, 1e-4)]
    best, weights = lowest(energies)
    assert best == 0  # the second is not significantly lower
    assert weights[2] == pytest.approx(0.1)
    assert lowest([Scalar(-1.0, 1e-6), Scalar(-1.01, 1e-6)])[0] == 1


def test_starts_that_are_close_are_measured_again():
    energies = [Scalar(-1.0, 4e-4, 100), Scalar(-1.01, 4e-4, 100), Scalar(-0.5, 4e-4, 100)]
    assert contenders(energies) == [0, 1]
    assert contenders([e._replace(variance=1e-4) for e in energies]) == [1]  # 14 mHa: near enough
    both = pooled(Scalar(1.0, 4e-4, 100, 10), Scalar(2.0, 1e-4, 400, 40))
    assert both.value == pytest.approx(1.8)
    assert both.variance == pytest.approx(0.04 * 4e-4 + 0.64 * 1e-4)
    assert (both.shots, both.dof) == (500, 50)


def model(hessian, **starts):
    n = len(hessian)
    return ClassicalModel(
        np.full(n, -0.1), hessian, np.eye(n), np.zeros(n, dtype=bool), starts=starts
    )


def test_a_classical_hessian_that_is_not_positive_is_half_believed():
    everything = np.arange(2)
    hessian = np.array([[1.0, 0.5], [0.5, 2.0]])
    assert classical_curvature(model(hessian), everything) == pytest.approx(hessian)
    assert curvature_certainty(model(hessian), everything) == pytest.approx(1.0)
    saddle = np.array([[1.0, 2.0], [2.0, 1.0]])  # eigenvalues 3 and -1, which becomes 0.1
    assert classical_curvature(model(saddle), everything) == pytest.approx(
        np.array([[1.55, 0.725], [0.725, 1.55]])
    )
    assert curvature_certainty(model(saddle), everything) == 0.0
    shifted = model(hessian, newton=np.array([5.0, 5.0]))  # of level shift -1
    softest = np.linalg.eigvalsh(hessian)[0]
    assert curvature_certainty(shifted, everything) == pytest.approx(softest / (softest + 0.75))


def test_a_start_beside_the_newton_step_needs_no_energy():
    everything, newton = np.arange(2), np.array([0.1, 0.1])
    known = model(np.diag([1.0, 2.0]), newton=newton)
    curvature = classical_curvature(known, everything)
    assert trusted(known, everything, curvature, np.zeros(2))
    assert trusted(known, everything, curvature, np.array([0.15, 0.1]))  # 1.25 mHa
    assert not trusted(known, everything, curvature, np.array([0.3, 0.1]))  # 20 mHa
    saddle = model(np.diag([-1.0, 2.0]), newton=newton)
    assert not trusted(saddle, everything, curvature, np.zeros(2))


def test_a_step_that_breaks_its_promise_halves_the_radius():
    unit, slope, curvature = np.ones(2), np.array([1.0, 0.0]), np.eye(2)
    trust = TrustRegion.first(informed=False)
    step = trust.bounded(np.array([-3.0, 4.0]), unit)
    assert np.linalg.norm(step) == pytest.approx(trust.radius)
    before = Scalar(0.0, variance=1e-4)
    trust = trust.stepped(before, slope, curvature, step, unit)
    promised = slope @ step + 0.5 * step @ step
    assert trust.promised == pytest.approx(promised)
    kept = trust.judged(Scalar(promised + 0.01, variance=1e-4), falling=False)
    assert kept.radius > trust.radius  # within one standard error
    risen = trust.judged(Scalar(0.05, variance=1e-4), falling=False)
    assert risen.radius == pytest.approx(trust.radius / 2)
    fallen = trust.judged(Scalar(-0.001, variance=1e-8), falling=False)
    assert fallen.radius > trust.radius  # less than promised, but down
    further = trust.judged(Scalar(0.05, variance=1e-4), falling=True)
    assert further.radius == pytest.approx(2 * trust.radius)  # the slope knows better


def test_an_informed_step_is_bounded_once_one_has_failed():
    unit, step = np.ones(2), np.array([3.0, 4.0])
    trust = TrustRegion.first(informed=True)
    assert np.array_equal(trust.bounded(step, unit), step)
    trust = trust.stepped(Scalar(0.0, variance=1e-6), -step, np.eye(2), step, unit)
    trust = trust.judged(Scalar(1.0, variance=1e-6), falling=False)
    assert np.linalg.norm(trust.bounded(step, unit)) == pytest.approx(2.5)


def test_contradictions_are_found_one_by_one_and_widen_the_prior():
    belief = Belief.prior(np.zeros(3), np.diag([1.0, 1e-6, 1e-6]))
    rows, variance = np.diag([1.0, 2.0, 1.0]), np.full(3, 1e-4)
    off = contradictions(belief, np.zeros(3), rows, np.array([0.5, -0.3, 0.01]), variance)
    assert np.array_equal(off, [0.0, 0.3, 0.0])
    wide = belief.widened(off / np.diag(rows))
    assert np.sqrt(np.diag(wide.covariance)) == pytest.approx(
        np.sqrt(np.diag(belief.covariance) * [1.0, 1 + 0.15**2 / 1e-6, 1.0]), rel=1e-3
    )


def test_an_upper_bound_knows_how_little_was_seen():
    sure, unsure = Scalar(-1.0, variance=1e-4), Scalar(-1.1, variance=4e-3, dof=5.0)
    assert upper_bound(sure, 3.0) == pytest.approx(-0.97)
    # Student's t of 5 degrees of freedom, at the probability of three standard deviations.
    assert upper_bound(unsure, 3.0) == pytest.approx(-1.1 + 5.507 * np.sqrt(4e-3), rel=1e-3)
    assert upper_bound(Scalar(2.0, variance=0.0), 3.0) == 2.0

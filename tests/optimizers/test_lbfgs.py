"""L-BFGS against SciPy's, and its noise-aware form against it under noise."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from qvopt.optimizers.lbfgs import Pair, two_loop
from qvopt.optimizers.noise_aware_lbfgs import curvature_error, damped
from qvopt.optimizers.protocol import Vector
from qvopt.optimizers.registry import get_optimizer

BENT = np.logspace(-1, 1, 12)


def bowl(x):
    return float(0.5 * x @ (BENT * x))


def bowl_slope(x):
    return BENT * x


@pytest.mark.parametrize("dimension", [2, 10, 50])
def test_lbfgs_is_as_good_as_scipys(dimension, drive, Function):
    start = np.full(dimension, -1.2)
    function = Function(rosen, rosen_der)
    optimizer = get_optimizer("l-bfgs", tolerance=1e-8)
    x, _, _ = drive(optimizer, start, function, steps=5000)
    theirs = minimize(
        rosen, start, jac=rosen_der, method="L-BFGS-B",
        options={"maxcor": 20, "gtol": 1e-9, "ftol": 1e-16, "maxiter": 5000, "maxfun": 10**5},
    )  # fmt: skip
    assert np.abs(x - 1).max() < 1e-6
    assert function.energies < 1.3 * theirs.nfev + 10


def test_two_loop_is_the_dense_bfgs_matrix():
    """H <- (1 - ρ s yᵀ) H (1 - ρ y sᵀ) + ρ s sᵀ, from H₀ = s·y / y·y of the newest pair."""
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(5):
        s = rng.normal(size=12)
        pairs.append(Pair.of(s, BENT * s))
    s, y = pairs[-1][:2]
    h = np.eye(12) * (s @ y) / (y @ y)
    for s, y, _, _ in pairs:
        rho, one = 1 / (s @ y), np.eye(12)
        h = (one - rho * np.outer(s, y)) @ h @ (one - rho * np.outer(y, s)) + rho * np.outer(s, s)
    g = rng.normal(size=12)
    assert two_loop(g, pairs) == pytest.approx(h @ g, abs=1e-12)


def test_lbfgs_line_search_goes_down(drive, Function):
    function = Function(rosen, rosen_der)
    _, _, rounds = drive(get_optimizer("l-bfgs"), np.array([-1.2, 1.0]), function, steps=200)
    energies = [answers[0].value for _, answers in rounds]
    accepted = [energies[0]]
    for energy in energies[1:]:
        if energy < accepted[-1]:
            accepted.append(energy)
    assert accepted[-1] < 1e-12


def test_noise_aware_form_is_exact_without_noise(drive, Function):
    optimizer = get_optimizer("noise-aware-l-bfgs", max_step=10.0, first_step=1.0)
    x, steps, _ = drive(optimizer, np.ones(12), Function(bowl, bowl_slope), steps=200)
    assert np.linalg.norm(bowl_slope(x)) < 1e-6
    assert steps < 60


def test_noise_aware_form_is_better_under_noise(drive, Function):
    """At equal numbers of steps, over seeds: plain L-BFGS stores the noise as curvature."""
    results = {}
    for name, options in (("l-bfgs", {}), ("noise-aware-l-bfgs", {"max_step": 1.0})):
        optimizer = get_optimizer(name, **options)
        results[name] = [
            bowl(drive(optimizer, np.ones(12), Function(bowl, bowl_slope, 0.1, seed), steps=60)[0])
            for seed in range(20)
        ]
    plain, aware = (np.array(results[k]) for k in ("l-bfgs", "noise-aware-l-bfgs"))
    assert np.median(aware) < 0.5 * np.median(plain)
    assert aware.max() < bowl(np.ones(12)) / 5


def test_pairs_within_their_noise_are_not_stored():
    old = Vector(np.zeros(3), np.full(3, 0.04))
    new = Vector(np.zeros(3), np.full(3, 0.05))
    s = np.array([1.0, 2.0, 2.0])
    rng = np.random.default_rng(0)
    draws = (rng.normal(0, 0.3, size=(40_000, 3)) @ s).std()
    assert curvature_error(s, old, new) == pytest.approx(draws, rel=0.02)


def test_damping_keeps_curvature_positive():
    rng = np.random.default_rng(1)
    for _ in range(200):
        s, y = rng.normal(size=(2, 4))
        pair = damped(s, y, [], 0.5)
        assert pair[1] @ s >= 0.2 * 0.5 * (s @ s) - 1e-12
    good = (np.ones(2), np.ones(2))
    assert damped(*good, [], 0.5)[1] is good[1]
    assert damped(np.zeros(2), np.ones(2), [], 0.5) is None

"""SPSA, 2-SPSA and QN-SPSA against qiskit-algorithms and by hand."""

import numpy as np
import pytest

from qvopt.optimizers.perturbation import smoothed, solve_absolute
from qvopt.optimizers.registry import get_optimizer

START = np.array([0.3, -0.2, 0.25])
CURVATURE = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 0.7]])


def bowl(x):
    return float(0.5 * x @ CURVATURE @ x)


def bowl_slope(x):
    return CURVATURE @ x


def test_spsa_by_hand(drive, Function):
    optimizer = get_optimizer(
        "spsa", learning_rate=0.5, perturbation=0.2, stability=3.0, alpha=0.6, gamma=0.1
    )
    rng, x = np.random.default_rng(9), START
    for k in range(1, 6):
        delta = rng.choice((-1.0, 1.0), size=(1, 3))[0]
        c = 0.2 / k**0.1
        slope = (bowl(x + c * delta) - bowl(x - c * delta)) / (2 * c)
        x = x - 0.5 / (3.0 + k) ** 0.6 * slope / delta
    found, _, rounds = drive(optimizer, START, Function(bowl, bowl_slope), steps=5, seed=9)
    assert found == pytest.approx(x, abs=1e-14)
    assert all(len(queries) == 2 for queries, _ in rounds)


def test_spsa_calibrates_its_first_step(drive, Function):
    optimizer = get_optimizer("spsa", target_step=0.05, calibration_pairs=200)
    moves = []
    for seed in range(200):
        x, _, rounds = drive(optimizer, START, Function(bowl, bowl_slope), steps=1, seed=seed)
        moves.append(np.abs(x - START).mean())
        assert {q.purpose for q in rounds[0][0]} == {"calibration"}
    assert np.mean(moves) == pytest.approx(0.05, rel=0.15)


class _Draws:
    """qiskit-algorithms' generator, which draws the signs that our own did."""

    def __init__(self, signs):
        self._signs = iter(signs)

    def binomial(self, n, p, size):
        return (1 - next(self._signs)) / 2  # it takes 1 - 2 · draw


def signs_of(seed, rounds):
    rng = np.random.default_rng(seed)
    return [rng.choice((-1.0, 1.0), size=(1, 3))[0] for _ in range(rounds)]


@pytest.mark.parametrize("second_order", [False, True])
def test_spsa_is_qiskits(second_order, drive, Function, monkeypatch):
    algorithms = pytest.importorskip("qiskit_algorithms")
    import qiskit_algorithms.optimizers.spsa as theirs

    steps, alpha, gamma = 12, 0.602, 0.101
    a = [0.5 / (3.0 + k) ** alpha for k in range(1, steps + 1)]
    c = [0.2 / k**gamma for k in range(1, steps + 1)]
    signs = signs_of(4, steps * (2 if second_order else 1))
    monkeypatch.setattr(
        theirs, "algorithm_globals", type("Globals", (), {"random": _Draws(signs)})()
    )
    solver = algorithms.optimizers.SPSA(
        maxiter=steps, learning_rate=lambda: iter(a), perturbation=lambda: iter(c),
        second_order=second_order, regularization=0.01, hessian_delay=0,
    )  # fmt: skip
    expected = solver.minimize(bowl, START).x
    optimizer = get_optimizer(
        "spsa", learning_rate=0.5, perturbation=0.2, stability=3.0, second_order=second_order,
        regularization=0.01,
    )  # fmt: skip
    found, _, _ = drive(optimizer, START, Function(bowl, bowl_slope), steps=steps, seed=4)
    assert found == pytest.approx(expected, abs=1e-12)


def fidelity(x, y):
    return float(np.exp(-0.25 * np.sum((x - y) ** 2)))


def test_qn_spsa_is_qiskits(drive, Function, monkeypatch):
    algorithms = pytest.importorskip("qiskit_algorithms")
    import qiskit_algorithms.optimizers.spsa as theirs

    steps = 12
    a = [0.1 * (4.0 / (3.0 + k)) ** 0.602 for k in range(1, steps + 1)]
    c = [0.2 / k**0.101 for k in range(1, steps + 1)]
    globals_ = type("Globals", (), {"random": _Draws(signs_of(4, 2 * steps))})()
    monkeypatch.setattr(theirs, "algorithm_globals", globals_)
    solver = algorithms.optimizers.QNSPSA(
        fidelity, maxiter=steps, blocking=False, learning_rate=lambda: iter(a),
        perturbation=lambda: iter(c), regularization=0.05, hessian_delay=0,
    )  # fmt: skip
    expected = solver.minimize(bowl, START).x
    optimizer = get_optimizer(
        "qn-spsa", learning_rate=0.1, perturbation=0.2, stability=3.0, blocking=False,
        regularization=0.05,
    )  # fmt: skip
    found, _, _ = drive(optimizer, START, Function(bowl, bowl_slope), steps=steps, seed=4)
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_sampled_hessian_is_unbiased(drive, Function):
    """On a quadratic the mean of 2-SPSA's samples is the Hessian itself."""
    rng = np.random.default_rng(0)
    total, samples = np.zeros((3, 3)), 4000
    for _ in range(samples):
        d, e = rng.choice((-1.0, 1.0), size=(2, 3))
        second = bowl(START + d + e) - bowl(START + d) - bowl(START + e - d) + bowl(START - d)
        outer = np.outer(d, e)
        total += second / 2 * (outer + outer.T) / 2
    assert np.abs(total / samples - CURVATURE).max() < 0.2
    assert smoothed(np.zeros((0, 0)), CURVATURE, 1) == pytest.approx((np.eye(3) + CURVATURE) / 2)


def test_preconditioner_is_positive():
    matrix = np.diag([2.0, -1.0, 0.0])
    assert solve_absolute(matrix, np.ones(3), 0.5) == pytest.approx([1 / 2.5, 1 / 1.5, 2.0])

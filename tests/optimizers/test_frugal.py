"""Shot-frugal rules: their formulas, and that they spend where it matters."""

import numpy as np
import pytest

from qvopt import run
from qvopt.optimizers.frugal import for_a_gain, gcans_shots, icans_shots
from qvopt.optimizers.protocol import Energy, Landscape, Vector
from qvopt.optimizers.registry import get_optimizer

G = np.array([0.5, -0.1, 0.02])
SIGMA = np.array([1.0, 2.0, 0.1])


def test_icans_shots_by_hand():
    wanted = icans_shots(G, SIGMA, 2.0, 0.25, 1e-3)
    factor = 2 * 2.0 * 0.25 / (2 - 2.0 * 0.25)
    plain = [np.ceil(factor * s * s / (g * g + 1e-3)) for g, s in zip(G, SIGMA, strict=True)]
    gain = [
        ((0.25 - 2 * 0.25**2 / 2) * g * g - 2 * 0.25**2 / 2 * s * s / n) / n
        for g, s, n in zip(G, SIGMA, plain, strict=True)
    ]
    cap = plain[int(np.argmax(gain))]
    assert wanted == pytest.approx([min(p, cap) for p in plain])


def test_gcans_shots_are_the_best_split():
    """Σ σ_i²/s_i at these shots is the least for their sum: s_i in proportion to σ_i."""
    wanted = gcans_shots(G, 1e3 * SIGMA, 2.0, 0.25, 1e-3)
    assert wanted / wanted.sum() == pytest.approx(SIGMA / SIGMA.sum(), rel=1e-3)
    factor = 2 * 2.0 * 0.25 / (2 - 2.0 * 0.25)
    whole = factor * (1e3 * SIGMA.sum()) ** 2 / (G @ G + 1e-3)
    assert wanted.sum() == pytest.approx(whole, rel=1e-3)


class Noisy:
    """A bowl whose partial derivatives have variances σ_i² / s_i."""

    def __init__(self, deviation):
        self.deviation, self.rng, self.shots = deviation, np.random.default_rng(0), []

    def __call__(self, query):
        assert not isinstance(query, Energy)
        shots = np.full(len(query.x), 50) if query.shots is None else np.array(query.shots)
        self.shots.append(shots)
        variance = self.deviation**2 / shots
        noise = self.rng.normal(size=len(shots)) * np.sqrt(variance)
        return Vector(query.x + noise, variance, int(shots.sum()))


@pytest.mark.parametrize("name", ["icans", "gcans", "rosalin"])
def test_shots_follow_the_noise(name, drive):
    noisy = Noisy(np.array([3.0, 0.3]))
    optimizer = get_optimizer(name, learning_rate=0.1, min_shots=4)
    x, _, _ = drive(optimizer, np.array([1.0, 1.0]), noisy, steps=150, landscape=Landscape(2))
    assert np.linalg.norm(x) < 0.3
    shots = np.array(noisy.shots)
    assert shots[0].tolist() == [50, 50]  # the experiment's
    assert shots[1:10].sum(axis=1).max() < 100  # far from the minimum few are enough
    late = shots[100:].mean(axis=0)
    if name == "gcans":
        assert late[0] > 2 * late[1]  # in proportion to the noise
    else:
        assert late[0] >= late[1]  # iCANS caps every component at that of the largest gain
    assert late.sum() > 5 * shots[1:20].sum(axis=1).mean()  # and more are spent near the minimum


@pytest.mark.parametrize("name", ["icans", "gcans", "rosalin"])
def test_each_spends_its_budget_well(name):
    budget = {"shots": 3_000_000}
    setting = {"seed": 4, "budget": budget, "max_steps": 10**5, "shots": 2000}
    result = run("h2", optimizer=name, **setting)
    assert result.status == "budget"
    assert result.shots <= 3_000_000
    assert result.exact - result.fci < 1e-4


def test_planned_shots_are_enough_for_every_group(drive):
    noisy = Noisy(np.ones(2))
    landscape = Landscape(2, least_shots=(32, 64))
    drive(get_optimizer("gcans"), np.ones(2), noisy, steps=5, landscape=landscape)
    assert np.all(np.array(noisy.shots[1:]) >= [100, 100])
    start = np.full(2, 100.0)  # so steep that the rule itself wants none
    drive(get_optimizer("gcans", min_shots=8), start, noisy, steps=2, landscape=landscape)
    assert noisy.shots[-1].tolist() == [32, 64]


def test_icans_does_not_start_uphill():
    """The second step on few shots once threw 92 parameters a hundred mHa up."""
    setting = {"shots": 300, "max_steps": 2, "seed": 1}
    molecule = {"name": "lih", "active_space": {"frozen_core": 1}}
    result = run(molecule, optimizer={"name": "icans", "learning_rate": 0.3}, **setting)
    assert result.exact < result.hf


def test_shots_for_a_gain():
    """At the raised shots the expected gain of the step is zero or more."""
    shots, lipschitz, rate = np.array([10.0, 10.0, 10.0]), 2.0, 0.25
    raised = for_a_gain(shots, G, 100 * SIGMA, lipschitz, rate, 0.0)
    slope, curve = rate - lipschitz * rate**2 / 2, lipschitz * rate**2 / 2
    gain = slope * (G @ G) - curve * np.sum((100 * SIGMA) ** 2 / raised)
    assert 0 <= gain < 1e-3 * slope * (G @ G)
    assert (
        for_a_gain(1e6 * shots, G, SIGMA, lipschitz, rate, 0.0).tolist() == (1e6 * shots).tolist()
    )

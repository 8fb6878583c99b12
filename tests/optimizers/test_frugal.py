"""Shot-frugal rules: their formulas, and that they spend where it matters."""

import numpy as np
import pytest

from qvopt import run
from qvopt.optimizers.frugal import (
    for_a_gain,
    gcans_shots,
    icans_shots,
    share_without_loss,
)
from qvopt.optimizers.protocol import Energy, Gradient, Landscape, Vector
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


def test_icans_stays_below_its_start_where_the_noise_exceeds_the_signal():
    """92 parameters at 100 shots an energy: the first two steps once led up by 33 to 94 mHa."""
    molecule = {"name": "h2o", "active_space": {"frozen_core": 1}}
    setting = {"shots": 100, "max_steps": 3, "seed": 2}
    result = run(molecule, optimizer={"name": "icans", "learning_rate": 0.1}, **setting)
    assert result.exact < result.hf + 0.02


def test_the_longest_step_without_a_loss():
    """Against the mean change of E = L x²/2 · 1 over many noisy steps at the rate 1/L."""
    rng, signal, noise = np.random.default_rng(3), 0.3, 0.9
    share = share_without_loss(signal, noise)
    gradient = np.sqrt(signal) + np.sqrt(noise) * rng.normal(size=400_000)
    change = lambda c: float(np.mean((np.sqrt(signal) - c * gradient) ** 2 - signal))  # noqa: E731
    assert change(share) == pytest.approx(0.0, abs=3e-3)
    assert change(1.1 * share) > 0.01
    assert share_without_loss(0.9, 0.3) == 1.0
    assert share_without_loss(-0.1, 0.3) == 0.0
    assert share_without_loss(0.0, 0.0) == 1.0


def test_the_published_form_of_icans(drive):
    """Algorithm 1 of arXiv:1909.09083 by hand: the least shots first, and whole steps."""
    deviation, rate, decay, bias = np.array([3.0, 0.3]), 0.1, 0.99, 1e-6
    noisy = Noisy(deviation)
    optimizer = get_optimizer("icans", learning_rate=rate, min_shots=4, careful_start=False)
    drive(optimizer, np.array([1.0, 1.0]), noisy, steps=6, landscape=Landscape(2))
    twin = Noisy(deviation)
    x, shots = np.array([1.0, 1.0]), np.array([4, 4])
    mean, square = np.zeros(2), np.zeros(2)
    for k in range(1, 7):
        g = twin(Gradient(x, shots))
        x = x - rate * g.value
        mean = decay * mean + (1 - decay) * g.value
        square = decay * square + (1 - decay) * deviation**2
        chi, xi = mean / (1 - decay**k), square / (1 - decay**k)
        shots = icans_shots(chi, np.sqrt(xi), 1 / rate, rate, bias * decay**k)
        shots = np.clip(shots, 4, 100_000).astype(int)
    assert [list(s) for s in noisy.shots[:6]] == [list(s) for s in twin.shots]


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

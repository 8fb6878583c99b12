"""The effects that the scripts in examples/optimizers show, in numbers."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from slow_cases import rest_slow

from qvopt.optimizers.adaptive import scale_by_adagrad
from qvopt.optimizers.combine import chain, scale

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "optimizers"


@pytest.fixture
def script(scripts):
    return lambda name: scripts.load(FOLDER / f"{name}.py")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_canyon_needs_many_rates_and_a_rotated_one_directions(script, seed):
    module = script("canyon")
    data = module.compute(seed)
    axes, rotated, inner = (data[name] for name in module.CANYONS)
    t, rates = module.STEPS, module.RATES

    def descent(h, y0):
        """The least end of plain descent on ½ Σ h y² over stable rates, in closed form."""
        stable = rates[rates * h.max() < 2]
        return min(0.5 * np.sum(h * y0**2 * (1 - r * h) ** (2 * t)) for r in stable)

    _, metric, x0 = module.canyon("along the axes")
    assert axes["one rate"][-1] == pytest.approx(descent(module.CURVATURES, x0), rel=1e-9)
    assert axes["one rate"][-1] > 1
    assert axes["Adagrad"][-1] < 1e-20
    assert rotated["Adagrad"][-1] > 0.2 * rotated["one rate"][-1]
    # The natural gradient is descent on y, whatever the coordinates; it knows nothing of D.
    y0 = np.sqrt(np.diag(metric)) * x0
    for curves in (axes, rotated):
        found = curves["natural gradient"]
        assert found[-1] == pytest.approx(descent(module.INNER, y0), rel=1e-4)
        assert found[-1] < 1e-20
    assert inner["natural gradient"] == pytest.approx(inner["one rate"], rel=1e-6)
    assert inner["natural gradient"][-1] > 1
    for curves in data.values():
        assert curves["L-BFGS"][-1] < 1e-10
    # A rule without axes does not notice the rotation.
    assert rotated["one rate"] == pytest.approx(axes["one rate"], rel=1e-9)
    assert abs(len(rotated["L-BFGS"]) - len(axes["L-BFGS"])) <= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "rates", rest_slow([slice(None), slice(3, 14)], [slice(3, 14)]), ids=["all", "some"]
)
def test_rare_features_favour_adagrad(script, rates, monkeypatch):
    module = script("sparse_features")
    monkeypatch.setattr(module, "RATES", module.RATES[rates])
    data = module.compute()
    for rules in data.values():
        for d in rules.values():
            assert min(module.RATES) < d["rate"] < max(module.RATES)  # the scan finds a minimum
    regret = {name: d["regret"][:, -1] for name, d in data["rare and frequent"].items()}
    control = {name: d["regret"][:, -1] for name, d in data["equally common"].items()}
    assert np.all(regret["Adagrad"] < 0.75 * regret["descent, η"])

    def gain(ends):
        """Mean log ratio to the better control, with a 95 % interval over seeds."""
        logs = np.log(ends["descent, η/√t"] / ends["Adagrad"])
        half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
        return logs.mean() - half, logs.mean() + half

    assert gain(regret)[0] > np.log(1.4)
    assert gain(control)[1] < np.log(1.1)  # nothing to count, nothing to gain
    adagrad = data["rare and frequent"]["Adagrad"]["regret"].mean(axis=0)
    assert adagrad[-1] / adagrad[len(adagrad) // 4] < 2.2  # about √t: 4 times the rounds, twice it


def test_losses_are_those_of_adagrad_by_hand(script):
    module = script("sparse_features")
    rate, rounds = 0.3, 200
    streams = [module.stream_of(seed) for seed in range(2)]
    rule = chain(scale_by_adagrad(1e-12), scale(-rate))
    losses = module.losses(rule, *map(np.array, zip(*streams, strict=True)))
    for (z, y), found in zip(streams, losses, strict=True):
        w, squares, total = [0.0] * module.N, [0.0] * module.N, 0.0
        for t in range(rounds):
            on = np.flatnonzero(z[t])
            error = sum(w[i] for i in on) - y[t]
            total += abs(error)
            for i in on:
                g = float(np.sign(error))
                squares[i] += g * g
                w[i] -= rate * g / np.sqrt(squares[i]) if squares[i] else 0.0
        assert found[:rounds].sum() == pytest.approx(total, rel=1e-6)


def test_oscillation_stops_only_adagrad(script):
    module = script("oscillation")
    data = module.compute()
    assert module.slope(data["Adagrad"]) == pytest.approx(-0.5, abs=0.01)
    assert data["Adagrad"][-1] == pytest.approx(1 / np.sqrt(module.STEPS), rel=1e-6)
    assert data["RMSProp"][-1] == pytest.approx(1.0, rel=1e-6)
    assert data["Adam"][-1] == pytest.approx(0.1 / 1.9, rel=1e-3)
    assert abs(module.slope(data["Adam"])) < 1e-6


def test_rmsprop_and_adam_recover_and_adagrad_does_not(script):
    module = script("recovery")
    data = module.compute()
    large, small, turn = module.LARGE**2, module.SMALL**2, module.TURN
    assert module.recovered(data["Adagrad"]) is None
    assert data["Adagrad"][-1] == pytest.approx(
        np.sqrt(small / (turn * large + (module.STEPS - turn) * small)), rel=1e-9
    )
    for name, decay in (("RMSProp, ρ = 0.9", 0.9), ("RMSProp, ρ = 0.99", 0.99), ("Adam", 0.999)):
        # √(g²/v) = 1/2 where ρ^k v₀ + (1 - ρ^k) g² = 4 g²; Adam divides v by 1 - ρ^t as well.
        k, v0 = np.arange(1, module.STEPS - turn + 1), large * (1 - decay**turn)
        v = decay**k * v0 + (1 - decay**k) * small
        if name == "Adam":
            v /= 1 - decay ** (turn + k)
        expected = int(np.flatnonzero(v <= 4 * small)[0])
        assert module.recovered(data[name]) == pytest.approx(expected, abs=1), name
        assert data[name][-1] > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "seeds", "tuning", "worth", "rules"),
    [
        ((250, 150), 3, 40, 1.2, ("Adagrad", "RMSProp")),
        pytest.param(
            (2000, 800), 6, 300, 1.8, ("Adagrad", "RMSProp", "Adam"), marks=pytest.mark.slow
        ),
    ],
)
def test_the_state_of_another_task_costs_adagrad_alone(
    script, steps, seeds, tuning, worth, rules, monkeypatch
):
    module = script("plasticity")
    monkeypatch.setattr(module, "RULES", {name: module.RULES[name] for name in rules})
    data = module.compute(steps, seeds, tuning)
    for d in data.values():
        assert np.all(d["A"][:, -1] < 0.2 * d["A"][:, 0] + 0.04)  # all go down on A
    low, _, _ = module.interval(data["Adagrad"]["ratio"])
    assert low > worth
    for name in rules[1:]:
        _, mean, high = module.interval(data[name]["ratio"])
        assert (high if seeds > 3 else mean) < 1.15, name


@pytest.mark.slow
def test_clipping_lengthens_adams_steps(script):
    module = script("clipping_feedback")
    data = module.compute()
    bounds, root, step = data["threshold"], data["root"], data["step"]
    assert np.all(np.diff(root) > 0)
    assert np.all(np.diff(step[bounds >= 1]) < 0)
    assert step[bounds < 1].min() > 2.5 * step[-1]
    noise = stats.t(1.5, loc=module.SIGNAL)
    # Bounded well below its size a gradient is a sign, and v the square of the bound.
    assert step[0] == pytest.approx(1 - 2 * noise.cdf(0), rel=0.03)
    for k in np.flatnonzero(bounds <= 10):
        b = bounds[k]
        inside = integrate.quad(lambda g: g * g * noise.pdf(g), -b, b)[0]
        v = inside + b * b * (noise.cdf(-b) + noise.sf(b))
        assert root[k] == pytest.approx(np.sqrt(v), rel=0.05)


def test_grouped_moments_keep_quality_in_less_memory(script):
    module = script("memory")
    data = module.compute("lih", steps=300)
    rules, n = data["rules"], data["n"]
    end = {name: d["energies"][-1] - data["fci"] for name, d in rules.items()}
    assert rules["Adam"]["numbers"] == 2 * n
    assert rules["Adafactor"]["numbers"] < 0.6 * n
    assert rules["blockwise, by class"]["numbers"] == n + 2
    for name, d in rules.items():  # every rate was searched, and the best one is no edge's
        assert d["rate"] in module.RATES, name
    for name in ("Adafactor + momentum", "blockwise, by layer", "blockwise, by class"):
        assert end[name] < end["Adam"] + 2e-4


@pytest.mark.slow
def test_families_under_shot_noise(script):
    module = script("shot_noise_families")
    data = module.compute(seeds=4, budget=13_500_000)
    start = data["adam"][0][1][0]
    end = {name: module.last(runs) for name, runs in data.items()}
    assert all(shots[-1] <= 13_500_000 for runs in data.values() for shots, *_ in runs)
    assert np.median(end["adam"]) < 0.8 * start
    assert np.median(end["noise-aware-l-bfgs"]) < 0.8 * start
    assert np.median(end["l-bfgs"]) > 0.9 * start  # it hardly leaves Hartree-Fock
    assert np.median(end["cobyla"]) > start
    # Not what the memory holds: one pair does no better, and the search takes the shots.
    assert np.median(end["l-bfgs, one pair"]) > 0.9 * start
    for name in ("l-bfgs", "l-bfgs, one pair"):
        assert np.mean([share for *_, share in data[name]]) > 0.8
    # Of all pairs of seeds the noise-aware form is the better one.
    assert end["noise-aware-l-bfgs"].max() < end["l-bfgs"].min()


def test_saddles_hold_plain_descent(script):
    module = script("saddle")
    data = module.compute()
    escapes = {name: d["exact"] for name, d in data.items()}
    assert escapes["gradient descent"] > 3 * escapes["momentum"] > 9 * escapes["Adam"]
    assert escapes["RMSProp"] < escapes["momentum"] / 3
    # On the ridge y grows by 1 + η a step, with momentum by the root of z² - (1 + β + η) z + β.
    rate, far = module.RATE, np.log(0.5 / module.START[1])
    faster = max(np.roots([1.0, -(1 + 0.9 + rate), 0.9]))
    assert escapes["gradient descent"] == pytest.approx(far / np.log(1 + rate), rel=0.05)
    assert escapes["momentum"] == pytest.approx(far / np.log(faster), rel=0.1)
    noisy = data["gradient descent"]["noisy"]
    assert np.all(noisy < 0.75 * escapes["gradient descent"])
    assert np.median(noisy) < 0.5 * escapes["gradient descent"]


@pytest.mark.parametrize("name", rest_slow(["canyon", "oscillation", "saddle"], ["oscillation"]))
def test_scripts_print_and_draw(name, scripts, tmp_path, monkeypatch, capsys):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scripts.run(FOLDER / f"{name}.py")
    picture = tmp_path / "qvopt-examples" / f"{name}.png"
    assert f"picture: {picture}" in capsys.readouterr().out
    assert picture.stat().st_size > 10_000
    assert not list((tmp_path / "work").iterdir())


def test_scripts_of_two_folders_have_their_own_common(scripts):
    """Both folders have a `common.py`; neither shadows the other, and neither stays behind."""
    path, modules = list(sys.path), set(sys.modules)
    theirs = scripts.load(FOLDER.parent / "ansatze" / "common.py")
    assert theirs.show
    assert scripts.load(FOLDER / "canyon.py").follow
    assert scripts.load(FOLDER.parent / "ansatze" / "fabric.py").show
    assert sys.path == path
    scripts.forget()
    assert not {"common", "canyon", "fabric"} & (set(sys.modules) - modules)

"""The effects that the scripts in examples/optimizers show, in numbers."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "optimizers"


@pytest.fixture
def script(monkeypatch, request):
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in [
        m for m, v in sys.modules.items() if str(FOLDER) in str(getattr(v, "__file__", ""))
    ]:
        del sys.modules[name]


def test_a_canyon_needs_many_rates_and_a_rotated_one_directions(script):
    data = script("canyon").compute()
    axes, rotated = data["along the axes"], data["rotated"]
    assert axes["one rate"][-1] > 1
    assert axes["Adagrad"][-1] < 1e-20
    assert rotated["Adagrad"][-1] > 0.5 * rotated["one rate"][-1] > 0.1
    assert max(rotated["natural gradient"][-1], rotated["L-BFGS"][-1]) < 1e-10


def test_rare_features_favour_adagrad(script):
    data = script("sparse_features").compute()
    ends = {name: regret[:, -1] for name, regret in data.items()}
    assert np.all(ends["Adagrad"] < 0.75 * ends["descent, η/√t"])
    assert np.all(ends["Adagrad"] < 0.75 * ends["descent, η"])
    adagrad = data["Adagrad"].mean(axis=0)
    assert adagrad[-1] / adagrad[len(adagrad) // 4] < 2.2  # about √t: 4 times the rounds, twice it


def test_oscillation_stops_only_adagrad(script):
    module = script("oscillation")
    data = module.compute()
    assert module.slope(data["Adagrad"]) == pytest.approx(-0.5, abs=0.01)
    assert data["Adagrad"][-1] == pytest.approx(1 / np.sqrt(module.STEPS), rel=1e-6)
    assert data["RMSProp"][-1] == pytest.approx(1.0, rel=1e-6)
    assert data["Adam"][-1] == pytest.approx(0.1 / 1.9, rel=1e-3)
    assert abs(module.slope(data["Adam"])) < 1e-6


def test_rmsprop_recovers_and_adagrad_does_not(script):
    module = script("recovery")
    data = module.compute()
    assert module.recovered(data["Adagrad"]) is None
    assert data["Adagrad"][-1] < 2e-3
    assert data["RMSProp, ρ = 0.9"][-1] == pytest.approx(1.0, rel=1e-3)
    fast, slow = (module.recovered(data[f"RMSProp, ρ = {r}"]) for r in (0.9, 0.99))
    # v falls by ρ a step, from 10⁴ to 4 times its last value.
    assert fast == pytest.approx(np.log(1e4 / 4) / -np.log(0.9), abs=6)
    assert slow == pytest.approx(10.5 * fast, rel=0.1)


def test_adagrad_is_frozen_where_adam_is_not(script):
    module = script("plasticity")
    data = module.compute(steps=(2000, 500), seed=1)
    turn = data["turn"]
    needed = {
        name: module.steps_to_chemical_accuracy(errors, turn) or 10**6
        for name, errors in data["errors"].items()
    }
    assert needed["Adam"] < 100
    assert needed["Adagrad"] > 5 * needed["Adam"]
    assert needed["Adagrad"] > 1.5 * needed["Adagrad, fresh on B"]
    assert max(e[turn - 1] for e in list(data["errors"].values())[:3]) < 5e-3  # all did task A


def test_clipping_lengthens_adams_steps(script):
    data = script("clipping_feedback").compute()
    assert np.all(np.diff(data["root"]) > 0)
    loose, tight = data["step"][-1], data["step"][data["threshold"] < 1].min()
    assert tight > 3 * loose
    assert data["step"][0] == pytest.approx(data["step"][2], rel=0.05)  # saturated


def test_grouped_moments_keep_quality_in_less_memory(script):
    data = script("memory").compute("lih", steps=300)
    rules, n = data["rules"], data["n"]
    end = {name: d["energies"][-1] - data["fci"] for name, d in rules.items()}
    assert rules["Adam"]["numbers"] == 2 * n
    assert rules["Adafactor"]["numbers"] < 0.6 * n
    assert rules["blockwise, by class"]["numbers"] == n + 2
    for name in ("Adafactor + momentum", "blockwise, by layer", "blockwise, by class"):
        assert end[name] < end["Adam"] + 2e-4


def test_families_under_shot_noise(script):
    module = script("shot_noise_families")
    data = module.compute(seeds=2, budget=4_500_000)
    start = data["adam"][0][1][0]
    end = {name: np.median(module.last(runs)) for name, runs in data.items()}
    assert all(shots[-1] <= 4_500_000 for runs in data.values() for shots, _, _ in runs)
    assert end["adam"] < 0.8 * start
    assert end["noise-aware-l-bfgs"] < 0.8 * start
    assert end["l-bfgs"] > 0.9 * start  # corrupted memory: it hardly leaves Hartree-Fock
    assert end["cobyla"] > start
    assert end["noise-aware-l-bfgs"] < end["l-bfgs"]


def test_saddles_hold_plain_descent(script):
    module = script("saddle")
    data = module.compute()
    escapes = {name: d["exact"] for name, d in data.items()}
    assert escapes["gradient descent"] > 3 * escapes["momentum"] > 9 * escapes["Adam"]
    freed = np.median(data["gradient descent"]["noisy"])
    assert freed < 0.6 * escapes["gradient descent"]


@pytest.mark.parametrize("name", ["canyon", "oscillation", "saddle"])
def test_scripts_print_and_draw(name, tmp_path):
    out = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py"], cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert f"picture: {name}.png" in out.stdout
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000

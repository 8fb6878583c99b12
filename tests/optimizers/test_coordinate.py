"""Coordinate solvers: Fourier series, their minima, and sweeps on circuits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvopt import run
from qvopt.optimizers.coordinate import base_and_order, basis, minimum
from qvopt.optimizers.protocol import Landscape
from qvopt.optimizers.registry import get_optimizer
from qvopt_molecules.errors import InputError

GRID = np.linspace(-np.pi, np.pi, 20001)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_minimum_is_the_least_of_a_fine_grid(order, seed):
    coefficients = np.random.default_rng(seed).normal(size=2 * order + 1)
    angle, value = minimum(coefficients)
    grid = basis(GRID, order) @ coefficients
    assert value <= grid.min() + 1e-9
    assert (basis(np.array([angle]), order) @ coefficients)[0] == pytest.approx(value, abs=1e-12)


def test_flat_and_degenerate_series():
    assert minimum(np.array([1.0, 0.0, 0.0]))[0] == 0.0
    assert minimum(np.array([1.0, 0.0, 0.0, 0.0, 0.0]))[0] == 0.0
    # cos 2θ has minima at ±π/2: a nearest one is taken.
    angle, value = minimum(np.array([0.0, 0.0, 0.0, 1.0, 0.0]))
    assert abs(angle) == pytest.approx(np.pi / 2)
    assert value == pytest.approx(-1.0)


def test_noise_moves_nothing_that_it_cannot_resolve():
    rng = np.random.default_rng(1)
    truth = np.array([0.0, -1.0, 0.0])  # the minimum is where we are
    covariance = 0.01 * np.eye(3)
    angles = [
        minimum(truth + 0.1 * rng.normal(size=3), covariance, significance=2.0)[0]
        for _ in range(300)
    ]
    assert np.mean(np.array(angles) == 0.0) > 0.8
    two = 0.1 * np.eye(5)
    still = [
        minimum(np.array([0, -1, 0, -0.2, 0]) + 0.05 * rng.normal(size=5), 0.0025 / 0.1 * two, 3.0)
        for _ in range(100)
    ]
    assert np.mean([angle == 0.0 for angle, _ in still]) > 0.9
    strong = minimum(np.array([0.0, 0.0, -1.0]), 1e-4 * np.eye(3), significance=2.0)[0]
    assert strong == pytest.approx(np.pi / 2, abs=1e-9)


@pytest.mark.parametrize(
    ("frequencies", "base", "order"),
    [((1.0,), 1.0, 1), ((0.5, 1.0), 0.5, 2), ((1.0, 2.0), 1.0, 2), ((2.0, 3.0), 1.0, 3),
     ((0.5, 1.5), 0.5, 3)],
)  # fmt: skip
def test_base_and_order(frequencies, base, order):
    assert base_and_order(frequencies) == (base, order)


def test_frequencies_without_a_base_are_refused():
    with pytest.raises(InputError, match="no common base"):
        base_and_order((1.0, np.sqrt(2)))


def test_unknown_frequencies_are_refused(drive, Function):
    with pytest.raises(InputError, match="need the frequencies"):
        drive(get_optimizer("rotosolve"), np.zeros(2), Function(np.sum, np.ones_like))


@pytest.mark.parametrize("name", ["rotosolve", "excitation-solve"])
def test_one_sweep_minimises_a_separable_series(name, drive, Function):
    rng = np.random.default_rng(3)
    series = [rng.normal(size=2 * order + 1) for order in (1, 2, 3)]
    frequencies = ((2.0,), (0.5, 1.0), (1.0, 2.0, 3.0))
    bases = (2.0, 0.5, 1.0)

    def function(x):
        rows = zip(series, bases, x, strict=True)
        return float(sum((basis(np.array([b * v]), len(c) // 2) @ c)[0] for c, b, v in rows))

    landscape = Landscape(3, frequencies)
    function_ = Function(function, None)
    x, _, _ = drive(get_optimizer(name), np.zeros(3), function_, steps=1, landscape=landscape)
    best = sum((basis(GRID, len(c) // 2) @ c).min() for c in series)
    assert function(x) <= best + 1e-8
    # 2R + 1 energies each, one fewer where the value before is known.
    assert function_.energies == 3 + 4 + 6
    again = Function(function, None)
    whole = get_optimizer(name, reuse=False)
    drive(whole, np.zeros(3), again, steps=1, landscape=landscape)
    assert again.energies == 3 + 5 + 7


@pytest.mark.parametrize("name", ["rotosolve", "excitation-solve"])
@pytest.mark.parametrize("molecule", ["h2", "h4-chain"])
def test_sweeps_find_the_ansatz_minimum(name, molecule):
    lbfgs = run(molecule, optimizer="l-bfgs")
    found = run(molecule, optimizer=name)
    assert found.status == "converged"
    assert found.energy == pytest.approx(lbfgs.energy, abs=2e-6)


def test_rotosolve_on_tied_rotations():
    ansatz = {"name": "uccsd", "spin_adapted": True}
    tied = run("h4-chain", ansatz=ansatz, optimizer="rotosolve", max_steps=30)
    assert tied.energy == pytest.approx(
        run("h4-chain", ansatz=ansatz, optimizer="l-bfgs").energy, abs=1e-5
    )


@pytest.mark.slow
def test_rotosolve_on_pauli_rotations():
    setting = {"ansatz": "hardware-efficient", "backend": "lightning", "seed": 1, "max_steps": 60}
    rotations = run("h2", optimizer="rotosolve", **setting)
    assert rotations.energy == pytest.approx(
        run("h2", optimizer="l-bfgs", **setting).energy, abs=1e-5
    )


def test_under_shots():
    result = run("h2", optimizer="excitation-solve", shots=5000, seed=2, max_steps=10)
    assert abs(result.exact - result.fci) < 2e-3
    assert result.energy == pytest.approx(result.exact, abs=6 * result.stderr)

"""BFGS whose inverse Hessian survives the growth of a circuit: matrix, loop and savings."""

import json

import numpy as np
import pytest
from scipy.optimize import BFGS, rosen, rosen_der
from slow_cases import rest_slow

from qvopt import run
from qvopt.engine.assembly import assemble
from qvopt.engine.growing import grown_evaluator
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.dense_bfgs import DenseInverse
from qvopt.optimizers.protocol import Gradient, PoolGradient
from qvopt.optimizers.registry import get_optimizer
from qvopt.runs.defaults import with_defaults

BENT = np.logspace(-1, 1, 12)


def learned(pairs):
    inverse = DenseInverse()
    for s, y in pairs:
        inverse.learn(s, y)
    return inverse


def matrix_of(inverse, n):
    return np.array([inverse.times(e) for e in np.eye(n)])


def test_the_matrix_is_scipys():
    rng = np.random.default_rng(0)
    theirs = BFGS(init_scale="auto")
    theirs.initialize(12, "inv_hess")
    pairs = []
    for _ in range(8):
        s = rng.normal(size=12)
        pairs.append((s, BENT * s))
        theirs.update(*pairs[-1])
    ours = matrix_of(learned(pairs), 12)
    np.testing.assert_allclose(ours, theirs.get_matrix(), atol=1e-12)
    np.testing.assert_allclose(ours @ pairs[-1][1], pairs[-1][0], atol=1e-12)


def test_growth_adds_rows_of_the_identity():
    inverse = learned([(np.array([1.0, 2.0]), np.array([3.0, 1.0]))])
    before = matrix_of(inverse, 2)
    inverse.grow(4)
    np.testing.assert_array_equal(matrix_of(inverse, 4)[:2, :2], before)
    np.testing.assert_array_equal(matrix_of(inverse, 4)[2:], np.eye(4)[2:])


def test_a_pair_of_negative_curvature_is_left_out():
    inverse = learned([(np.ones(3), np.ones(3)), (np.ones(3), -np.ones(3))])
    np.testing.assert_array_equal(matrix_of(inverse, 3), np.eye(3))


@pytest.mark.parametrize("dimension", [2, 10, 30])
def test_it_minimises(dimension, drive, Function):
    function = Function(rosen, rosen_der)
    optimizer = get_optimizer("recycled-bfgs", tolerance=1e-8)
    x, _, first = drive(optimizer, np.full(dimension, -1.2), function, steps=5000)
    assert np.abs(x - 1).max() < 1e-6
    # Another run of the same object knows nothing of the first.
    again, _, second = drive(optimizer, np.full(dimension, -1.2), function, steps=5000)
    assert len(first) == len(second)
    np.testing.assert_array_equal(x, again)


def rounds(folder):
    journal = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
    return sum(event["type"] == "round" for event in journal)


@pytest.mark.parametrize("molecule", rest_slow(["lih", "beh2"], ["lih"]))
def test_it_takes_less_than_half_of_the_gradients(molecule, tmp_path):
    """The claim: what L-BFGS finds, which begins anew each time, from a fraction of the rounds."""
    ours = run(molecule, ansatz="adapt", optimizer="recycled-bfgs", out=tmp_path / "ours")
    theirs = run(molecule, ansatz="adapt", optimizer="l-bfgs", out=tmp_path / "theirs")
    assert len(ours.operators) == len(theirs.operators)
    assert ours.energy == pytest.approx(theirs.energy, abs=1e-8)
    assert rounds(tmp_path / "ours") < 0.5 * rounds(tmp_path / "theirs")


def test_where_a_growth_begins_is_known(tmp_path):
    """Operators enter at zero: energy and gradient are the last point's, and the pool's slopes."""
    result = run("h4-chain", ansatz={"name": "adapt", "pool": "fermionic"}, out=tmp_path / "run")
    journal = map(json.loads, (tmp_path / "run" / "journal.jsonl").read_text().splitlines())
    purposes = [e["queries"][0]["purpose"] for e in journal if e["type"] == "round"]
    assert purposes.count("pool") == len(result.operators) + 1
    assert purposes.count("energy") == 1
    experiment = make_experiment({"molecule": "h4-chain", "ansatz": "adapt"})
    evaluator = grown_evaluator(assemble(experiment).evaluator, (2, 5))
    x = np.array([0.2, 0.0])
    (slopes,) = grown_evaluator(assemble(experiment).evaluator, (2,)).answer([PoolGradient(x[:1])])
    (whole,) = evaluator.answer([Gradient(x)])
    assert slopes.value[5] == pytest.approx(whole.value[1], abs=1e-12)


def test_exact_energies_of_a_growing_circuit_take_it_by_default():
    def chosen(**data):
        experiment = make_experiment({"molecule": "h2", "ansatz": "adapt", **data})
        return with_defaults(assemble(experiment)).experiment.optimizer_spec.name

    assert chosen() == "recycled-bfgs"
    assert chosen(optimizer="l-bfgs") == "l-bfgs"
    assert chosen(shots=500) == "kalman-newton"

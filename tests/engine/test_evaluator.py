"""Answers to queries: random spreads, exact metrics and fidelities."""

import numpy as np
import pytest

from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Metric


def assembled(**settings):
    return assemble(make_experiment({"molecule": "h2", **settings}))


@pytest.mark.parametrize("shots", [2, 7, 200])
def test_randomly_spread_energies_are_unbiased(shots):
    """Down to two shots; and the variance that they report is the one they have."""
    a = assembled(shots=1000)
    x = np.array([0.1, -0.05, 0.2])
    truth, n = a.evaluator.exact_energy(x), 6000
    answers = a.evaluator.answer([Energy(x, shots, spread="random")] * n, 1, 0)
    values = np.array([answer.value for answer in answers])
    assert {answer.shots for answer in answers} == {shots}
    error = values.std() / np.sqrt(n)
    assert abs(values.mean() - truth) < 4.5 * error
    reported = np.mean([answer.variance for answer in answers])
    assert reported == pytest.approx(values.var(), rel=0.1)


def test_randomly_spread_gradients_are_unbiased():
    a = assembled(shots=1000)
    x = np.array([0.1, -0.05, 0.2])
    truth = a.program.gradient(x)[1]
    shots = [8, 16, 40]
    answers = a.evaluator.answer([Gradient(x, shots, spread="random")] * 1500, 1, 0)
    values = np.array([answer.value for answer in answers])
    assert answers[0].shots == sum(shots)
    error = values.std(axis=0) / np.sqrt(len(values))
    assert np.all(np.abs(values.mean(axis=0) - truth) < 4.5 * error)
    reported = np.mean([answer.variance for answer in answers], axis=0)
    assert reported == pytest.approx(values.var(axis=0), rel=0.15)


def test_random_spreads_replay_and_differ_between_rounds():
    a = assembled(shots=1000)
    query = [Energy(a.start, 50, spread="random")]
    first = a.evaluator.answer(query, 1, 0)
    assert first == a.evaluator.answer(query, 1, 0)
    assert first != a.evaluator.answer(query, 1, 1)


@pytest.mark.parametrize("backend", ["sector", "lightning", "aer"])
def test_exact_fidelities(backend):
    """Against the metric: F(x, x + δ) = 1 - δᵀ g δ to second order; and across backends."""
    a = assembled(backend=backend)
    x = np.array([0.1, -0.05, 0.2])
    (same,) = a.evaluator.answer([Fidelity(x, x)], 1, 0)
    assert same.value == pytest.approx(1.0, abs=1e-12)
    delta = 1e-3 * np.array([1.0, -2.0, 0.5])
    near = a.evaluator.answer([Fidelity(x, x + delta), Fidelity(x, x - delta)], 1, 0)
    g = a.program.metric(x, "full")
    mean = np.mean([1 - answer.value for answer in near])
    assert mean == pytest.approx(delta @ g @ delta, rel=1e-5)
    far = a.evaluator.answer([Fidelity(x, -x)], 1, 0)[0].value
    sector = assembled().evaluator.answer([Fidelity(x, -x)], 1, 0)[0].value
    assert far == pytest.approx(sector, abs=1e-12)


def test_exact_metric_beside_measured_gradients():
    a = assembled(shots=1000)
    x = np.array([0.1, -0.05, 0.2])
    metric, gradient = a.evaluator.answer([Metric(x, "full", shots=0), Gradient(x)], 1, 0)
    assert np.array_equal(metric.value, a.program.metric(x, "full"))
    assert not metric.shots
    assert gradient.shots > 0
    noisy = assembled(shots=1000, backend={"name": "aer", "noise": {"two_qubit": 0.01}})
    with pytest.raises(Exception, match="no exact metric"):
        noisy.evaluator.answer([Metric(x, "full", shots=0)], 1, 0)

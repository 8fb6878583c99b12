"""Answers to queries: random spreads, exact metrics and fidelities."""

import json

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Metric, Vector
from qvopt.records.codec import decode_answer, encode_answer
from qvopt_molecules.errors import InputError


def assembled(**settings):
    return assemble(make_experiment({"molecule": "h2", **settings}))


@pytest.mark.parametrize("shots", rest_slow([2, 7, 200], [2, 200]))
def test_randomly_spread_energies_are_unbiased(shots):
    """Down to two shots; and the variance that they report is the one they have.

    From a handful of shots it is larger: it knows that rare outcomes may not have been seen.
    The variance of 2,500 energies is known to 3 %, their mean to a fiftieth of its error.
    """
    a = assembled(shots=1000)
    x = np.array([0.1, -0.05, 0.2])
    truth, n = a.evaluator.exact_energy(x), 2500
    answers = a.evaluator.answer([Energy(x, shots, spread="random")] * n, 1, 0)
    values = np.array([answer.value for answer in answers])
    assert {answer.shots for answer in answers} == {shots}
    error = values.std() / np.sqrt(n)
    assert abs(values.mean() - truth) < 4.5 * error
    reported = np.mean([answer.variance for answer in answers])
    assert 0.9 < reported / values.var() < (1.1 if shots >= 200 else 1.6)


@pytest.mark.slow
def test_randomly_spread_gradients_are_unbiased():
    a = assembled(shots=1000)
    x = np.array([0.1, -0.05, 0.2])
    truth = a.program.gradient(x)[1]
    shots = [8, 16, 40]
    answers = a.evaluator.answer([Gradient(x, shots, spread="random")] * 1000, 1, 0)
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


@pytest.mark.parametrize("backend", ["sector", "lightning"])
def test_gradient_leaves_components_out(backend):
    """Zero shots: not measured, not paid for, of infinite variance; the others are as ever."""
    a = assembled(shots=1000, backend=backend)
    x = np.array([0.1, -0.05, 0.2])
    (answer,) = a.evaluator.answer([Gradient(x, [0, 4000, 0])], 1, 0)
    assert answer.shots == 4000
    assert answer.value[[0, 2]].tolist() == [0.0, 0.0]
    assert np.isinf(answer.variance[[0, 2]]).all()
    truth = a.program.gradient(x)[1]
    assert abs(answer.value[1] - truth[1]) < 5 * np.sqrt(answer.variance[1])
    prepared = a.evaluator.prepare([Gradient(x, [0, 4000, 0])], 1, 0)
    assert prepared.costs["gradient"].evaluations == 4
    (nothing,) = a.evaluator.answer([Gradient(x, [0, 0, 0])], 1, 0)
    assert nothing.shots == 0


def test_too_few_shots_for_a_derivative_are_refused():
    a = assembled(shots=1000)
    with pytest.raises(InputError, match="4 shifted energies; give at least 32, or 0"):
        a.evaluator.answer([Gradient(a.start, [31, 0, 0])], 1, 0)


def test_component_left_out_survives_the_journal():
    query = Gradient(np.zeros(2), [0, 100])
    answer = Vector(np.array([0.0, 0.5]), np.array([np.inf, 0.1]), 100)
    text = json.dumps(encode_answer(answer), allow_nan=False)
    back = decode_answer(query, json.loads(text))
    assert back.variance.tolist() == [np.inf, 0.1]
    assert back.value.tolist() == [0.0, 0.5]


def test_shifted_energy_follows_the_allocation_of_shifted_circuits():
    a = assembled(molecule="lih", shots=4000)
    energy = a.evaluator.prepare([Energy(a.start, 4000)], 1, 0)
    shifted = a.evaluator.prepare([Energy(a.start, 4000, purpose="gradient")], 1, 0)
    plan = a.plan
    assert shifted.batches[0].shots[0] / 4000 == pytest.approx(plan.shifted_weights, abs=3e-3)
    assert energy.batches[0].shots[0] / 4000 == pytest.approx(plan.weights, abs=3e-3)
    assert abs(plan.weights - plan.shifted_weights).max() > 0.01

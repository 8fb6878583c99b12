"""General shift rules, and stochastic gradients with the variance that they promise."""

import itertools
import math

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import make_experiment
from qvopt.engine.assembly import assemble
from qvopt.gradients.parameter_shift import FOUR_TERM, TWO_TERM
from qvopt.gradients.rules import get_gradient_rule
from qvopt.gradients.shift_rules import (
    equidistant_rule,
    least_variance_rule,
    rule_for,
)
from qvopt.measurement.estimate import Estimate, t_quantile
from qvopt.optimizers.protocol import Gradient
from qvopt_molecules.errors import InputError

SPECTRA = [(1.0,), (0.5, 1.0), (1.0, 2.0, 3.0), (2.0,), (0.25, 1.5), (1.0, math.sqrt(2))]


@pytest.mark.parametrize("frequencies", SPECTRA)
def test_rules_differentiate_their_polynomials(frequencies):
    rule = rule_for(frequencies)
    assert sum(c for _, c in rule) == pytest.approx(0.0, abs=1e-12)
    for f in frequencies:
        assert sum(c * np.sin(f * s) for s, c in rule) == pytest.approx(f, abs=1e-9)
        assert sum(c * np.cos(f * s) for s, c in rule) == pytest.approx(0.0, abs=1e-9)


def noise_factor(rule):
    """(Σ|c_μ|)²: variance × shots of the derivative over that of one energy."""
    return sum(abs(c) for _, c in rule) ** 2


@pytest.mark.parametrize("frequencies", SPECTRA)
def test_equidistant_shifts_have_the_least_variance(frequencies):
    """Bernstein: Σ|c| is at least the largest frequency; a linear program finds no better."""
    factor = noise_factor(rule_for(frequencies))
    bound = max(frequencies) ** 2
    assert factor >= bound * (1 - 1e-9)
    searched = noise_factor(least_variance_rule(frequencies, points=400))
    assert searched >= bound * (1 - 1e-9)
    assert factor <= searched * 1.05
    if frequencies[-1] != math.sqrt(2):  # incommensurate ones only come near the bound
        assert factor == pytest.approx(bound)


def test_known_rules():
    assert dict(TWO_TERM) == pytest.approx({math.pi / 2: 0.5, -math.pi / 2: -0.5})
    d1, d2 = (math.sqrt(2) + 1) / (4 * math.sqrt(2)), (math.sqrt(2) - 1) / (4 * math.sqrt(2))
    found = dict(FOUR_TERM)
    assert found[math.pi / 2] == pytest.approx(d1)
    assert found[3 * math.pi / 2] == pytest.approx(-d2)
    assert rule_for(()) == ()


@pytest.mark.parametrize("bad", [(0.0, 1.0), (-1.0,), (math.nan,), (math.inf,)])
def test_impossible_frequencies_are_refused(bad):
    with pytest.raises(InputError, match="positive"):
        rule_for(bad)
    with pytest.raises(InputError):
        equidistant_rule(1.0, 0)


def rng():
    return np.random.default_rng(3)


def test_whole_parameters_agree_with_the_adjoint_method():
    """Spin-adapted UCCSD shares parameters between gates."""
    a = assemble(make_experiment({"molecule": "h4-chain", "ansatz": {"spin_adapted": True}}))
    x = rng().normal(size=a.circuit.n_parameters) * 0.3
    exact = a.program.gradient(x)[1]
    for name in ("parameter-shift", "whole-parameter-shift"):
        expansion = get_gradient_rule(name)(a.circuit, x, rng)
        energies = [Estimate(float(e)) for e in a.program.energies(expansion.points)]
        assert np.abs(expansion.combine(energies)[0] - exact).max() < 1e-9


@pytest.mark.parametrize(
    ("repeats", "tolerance"), [(300, 0.4), pytest.param(2500, 0.15, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("options", "bias"),
    [
        ({"name": "parameter-shift"}, 0.0),
        ({"name": "whole-parameter-shift"}, 0.0),
        ({"name": "subset", "components": 2}, 0.0),
        ({"name": "spsa", "directions": 4, "step": 0.05}, 2e-3),
        ({"name": "directional", "directions": 4, "step": 0.05}, 2e-3),
    ],
)
def test_measured_gradients_are_unbiased_with_honest_variances(options, bias, repeats, tolerance):
    """A variance from 300 gradients is known to 8 %: one that is half or twice as large is seen."""
    data = {"molecule": "h2", "shots": 300, "measurement": {"gradient": options}}
    a = assemble(make_experiment(data))
    x = np.array([0.1, -0.05, 0.2])
    exact = assemble(make_experiment({"molecule": "h2"})).program.gradient(x)[1]
    answers = [a.evaluator.answer([Gradient(x)], 1, k)[0] for k in range(repeats)]
    values = np.array([v.value for v in answers])
    variances = np.array([v.variance for v in answers])
    errors = values.std(axis=0, ddof=1) / math.sqrt(repeats)
    assert np.all(np.abs(values.mean(axis=0) - exact) < 4.5 * errors + bias)
    true = values.var(axis=0, ddof=1)
    ratio = variances.mean(axis=0) / true
    if options["name"] in ("subset", "spsa", "directional"):
        # What one component does not tell of its scatter is taken from the others.
        ratio = np.array([variances.mean(axis=0).sum() / true.sum()])
    assert np.all(np.abs(ratio - 1) < tolerance), ratio


SLOPES = np.array([0.7, -0.4, 0.2, 0.05, 0.0, -0.9])


class Quadratic:
    """A circuit of six parameters, to a gradient rule; its energy has known derivatives."""

    n_parameters = 6

    def check_parameters(self, x):
        return x

    def estimates(self, expansion, rng, noise):
        values = [SLOPES @ p.x + 0.3 * np.sum(p.x**2) for p in expansion.points]
        return [Estimate(v + noise * rng.normal(), noise**2, 100) for v in values]


@pytest.mark.parametrize(
    ("kind", "noise", "directions"),
    rest_slow(
        itertools.product(["spsa", "directional"], [1e-6, 0.1], [1, 2, 5]),
        [("spsa", 1e-6, 2), ("directional", 0.1, 5)],
    ),
)
def test_stochastic_gradients_know_the_scatter_of_their_directions(kind, noise, directions):
    """Reported over true variance, summed over components, is 1; by t the intervals hold."""
    rng = np.random.default_rng(11)
    rule = get_gradient_rule(kind, directions=directions, step=0.2)
    circuit, repeats = Quadratic(), 1500
    values, variances, inside = [], [], []
    for _ in range(repeats):
        expansion = rule(circuit, np.zeros(6), lambda: rng)
        estimates = circuit.estimates(expansion, rng, noise)
        value, variance = expansion.combine(estimates)
        dof = expansion.degrees_of_freedom(estimates, expansion.combine(estimates)[1])
        assert np.all(dof == directions)
        values.append(value)
        variances.append(variance)
        reach = t_quantile(0.95, dof[0]) * np.sqrt(variance)
        inside.append(np.abs(value - SLOPES) <= reach + 1e-12)
    total = np.square(np.array(values) - SLOPES).mean(axis=0)
    reported = np.array(variances).mean(axis=0)
    assert reported.sum() == pytest.approx(total.sum(), rel=0.1)
    assert 0.94 < np.mean(inside) <= 1.0


def test_one_direction_of_one_parameter_has_shot_noise_alone():
    class Single(Quadratic):
        n_parameters = 1

    rule = get_gradient_rule("spsa", step=0.2)
    expansion = rule(Single(), np.zeros(1), lambda: np.random.default_rng(1))
    value, variance = expansion.combine([Estimate(1.2, 0.01, 9), Estimate(0.9, 0.03, 9)])
    assert abs(value[0]) == pytest.approx(0.75)
    assert variance[0] == pytest.approx(0.04 / 0.4**2)


def test_shots_follow_the_coefficients_and_add_up():
    a = assemble(make_experiment({"molecule": "h2", "shots": 1000}))
    x = np.zeros(3)
    prepared = a.evaluator.prepare([Gradient(x)])
    assert prepared.costs["gradient"].shots == 12 * 1000
    (batch,) = prepared.batches
    per_point = batch.shots.sum(axis=1).tolist()
    # d1 : d2 = 5.83 : 1
    assert sorted(per_point)[-1] == pytest.approx(2000 * (2 + math.sqrt(2)) / 4, rel=0.02)


def test_bad_rules_are_named():
    for options, words in [
        ({"name": "spas"}, "did you mean 'spsa'"),
        ({"name": "spsa", "steps": 1}, "did you mean 'step'"),
        ({"name": "spsa", "directions": 0.5}, "positive integer"),
        ({"name": "spsa", "step": -1}, "positive number"),
    ]:
        with pytest.raises(InputError, match=words):
            get_gradient_rule(**options)
    data = {"molecule": "h2", "shots": 300, "measurement": {"gradient": "spsa"}}
    evaluator = assemble(make_experiment(data)).evaluator
    with pytest.raises(InputError, match="parameter-shift"):
        evaluator.prepare([Gradient(np.zeros(3), [500, 500, 500])])

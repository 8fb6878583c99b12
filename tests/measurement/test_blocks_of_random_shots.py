"""Random spreads whose shots draw their group in blocks: unbiased, with honest variances."""

from dataclasses import replace

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import make_experiment
from qvopt.engine.assembly import assemble
from qvopt.measurement.estimate import Moments
from qvopt.measurement.statistics import combine_random
from qvopt_molecules.errors import BackendError


def drawn(rng, plan, weights, means, sigmas, n_blocks, block):
    """Moments of groups with normal values, drawn in blocks."""
    moments = []
    for k, mean, sigma in zip(rng.multinomial(n_blocks, weights), means, sigmas, strict=True):
        values = rng.normal(mean, sigma, size=k * block)
        if len(values):
            m2 = float(values.var() * len(values))
            moments.append(Moments(len(values), float(values.mean()), m2))
        else:
            moments.append(Moments(0, 0.0, 0.0))
    return combine_random(plan, moments, weights, block)


@pytest.mark.parametrize(
    ("n_blocks", "block"), rest_slow([(40, 1), (8, 1), (12, 10), (40, 50)], [(8, 1), (12, 10)])
)
def test_blocks_are_the_independent_samples(n_blocks, block):
    experiment = make_experiment(
        {"molecule": "h2", "measurement": {"shots": 100, "grouping": "fully-commuting"}}
    )
    plan = assemble(experiment).plan
    n_groups = len(plan.groups)
    rng = np.random.default_rng(n_blocks + block)
    means, sigmas = rng.normal(size=n_groups), rng.uniform(0.2, 1.0, size=n_groups)
    weights = np.full(n_groups, 1 / n_groups)
    found = [drawn(rng, plan, weights, means, sigmas, n_blocks, block) for _ in range(3000)]
    values, variances = (np.array([getattr(e, k) for e in found]) for k in ("value", "variance"))
    truth = plan.constant + means.sum()
    assert abs(values.mean() - truth) < 4.5 * np.sqrt(values.var() / len(values))
    assert variances.mean() / values.var(ddof=1) == pytest.approx(1, abs=0.12)


def test_one_block_has_no_variance():
    experiment = make_experiment({"molecule": "h2", "measurement": {"shots": 100}})
    plan = assemble(experiment).plan
    n = len(plan.groups)
    moments = [Moments(50, 0.1, 1.0), *[Moments(0, 0.0, 0.0)] * (n - 1)]
    weights = np.full(n, 1 / n)
    with pytest.raises(BackendError, match="two blocks of 50 shots"):
        combine_random(plan, moments, weights, 50)
    moments[0] = replace(moments[0], shots=100)
    assert combine_random(plan, moments, weights, 50).variance > 0

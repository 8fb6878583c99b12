"""The Fubini-Study metric from covariances of generators.

Gates exp(-iθG/2) that follow each other and commute have g_kl = ¼ Cov(G_k, G_l) in the state that
enters them, and are all read in one basis: one circuit, shorter than the whole, for a whole block.
Gates that share a parameter add up, each times its coefficient, within every shot. Pairs that stand
apart (the gates of one parameter in different places, or entries outside the blocks) take
overlap circuits. Reference: J. Stokes, J. Izaac, N. Killoran, G. Carleo, Quantum 4, 269 (2020),
arXiv:1909.02108.
"""

from __future__ import annotations

import numpy as np

from qvopt.backends.batch import Outcomes, Point, Reading
from qvopt.backends.protocol import MetricKind
from qvopt.measurement.prior import SHAPE
from qvopt_circuits.blocks import commuting_runs
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .fisher import (
    MetricEstimate,
    MetricExpansion,
    MetricSamples,
    combine_metric,
    dof_of,
    expand_metric,
    wanted_entries,
)

LEAST_SHOTS = 4
"""Fewer do not tell the variance of a covariance."""


class CovarianceExpansion:
    """Readings of every run of commuting gates, and fidelities of the pairs between runs."""

    def __init__(self, circuit: Circuit, x: FloatArray, kind: MetricKind) -> None:
        x = circuit.check_parameters(x)
        runs = commuting_runs(circuit)
        place = {k: r for r, run in enumerate(runs) for k in run}
        self.between: MetricExpansion = expand_metric(
            circuit, x, kind, known=lambda k, l: place[k] == place[l]
        )
        self.pairs = self.between.pairs
        base = Point(x)
        self.readings = tuple(Reading(base, run) for run in runs)
        self.overlaps = ()
        index, coefficient, _ = circuit.affine
        self._wanted = wanted_entries(circuit, kind)
        self._parameters = []
        self._weights = []
        for run in runs:
            parameters, columns = np.unique(index[list(run)], return_inverse=True)
            weights = np.zeros((len(run), len(parameters)))
            weights[np.arange(len(run)), columns] = coefficient[list(run)]
            self._parameters.append(parameters)
            self._weights.append(weights)

    def combine(self, samples: MetricSamples, shots: int) -> tuple[FloatArray, FloatArray]:
        """Return the metric and the variance of each entry. Raises InputError below 4 shots."""
        return self.combine_with_dof(samples, shots)[:2]

    def combine_with_dof(self, samples: MetricSamples, shots: int) -> MetricEstimate:
        """Return the same with the degrees of freedom of each variance.

        Outcomes that were never seen are allowed for as in `measurement.prior`: a rare one moves
        the generators' products by about (j_k j_l)^½, j_k the sum of squared weights in column k.
        """
        each = np.full(len(self.pairs), shots, dtype=np.int64)
        value, variance, doubt = combine_metric(self.between, samples.fidelities, each)
        parts = zip(samples.generators, self._parameters, self._weights, strict=True)
        for (outcomes, counts), parameters, weights in parts:
            covariance, error = sample_covariance((outcomes @ weights, counts))
            n = float(counts.sum())
            size = np.square(weights).sum(axis=0)
            rare = np.maximum(np.outer(size, size), 1e-300) / n**2
            dof = np.minimum(2.0 * SHAPE * (1.0 + error / rare), n - 1.0)
            error = np.maximum(error, SHAPE * rare)
            block = np.ix_(parameters, parameters)
            wanted = self._wanted[block]
            value[block] += wanted * covariance / 4
            variance[block] += wanted * error / 16
            doubt[block] += wanted * np.square(error / 16) / dof
        return MetricEstimate(value, variance, dof_of(variance, doubt))


def sample_covariance(outcomes: Outcomes) -> tuple[FloatArray, FloatArray]:
    """Return the covariances of what was seen, and estimates of their variances.

    Both are without bias. With k-statistics, Var k₁₁ = κ₂₂/n + (κ₂₀ κ₀₂ + κ₁₁²)/(n - 1), and the
    products are estimated by k₂₀ k₀₂ and k₁₁² less what those have too much (M. G. Kendall,
    A. Stuart, The Advanced Theory of Statistics, vol. 1, ch. 13). Estimates of variances that come
    out negative are zero. Raises InputError for fewer than 4 shots.
    """
    values, counts = outcomes
    n = float(counts.sum())
    if n < LEAST_SHOTS:
        raise InputError(
            f"a covariance of generators needs at least {LEAST_SHOTS} shots for each circuit, got "
            f"{int(n)}"
        )
    centred = values - counts @ values / n
    squares = np.square(centred)
    m11 = (centred * counts[:, None]).T @ centred / n
    m11 = (m11 + m11.T) / 2  # to the last bit
    m22 = (squares * counts[:, None]).T @ squares / n
    m2 = m11.diagonal()
    product = np.outer(m2, m2)
    k11 = m11 * n / (n - 1)
    k22 = (n + 1) * m22 - (n - 1) * (product + 2 * np.square(m11))
    k22 *= n**2 / ((n - 1) * (n - 2) * (n - 3))
    # What k₂₀k₀₂ and k₁₁² hold beyond products of cumulants a = κ₂₀κ₀₂ and b = κ₁₁².
    first = product * (n / (n - 1)) ** 2 - k22 / n
    second = np.square(k11) - k22 / n
    b = (n - 1) * ((n - 1) * second - first) / ((n - 2) * (n + 1))
    a = first - 2 * b / (n - 1)
    return k11, np.maximum(k22 / n + (a + b) / (n - 1), 0.0)

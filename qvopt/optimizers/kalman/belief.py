r"""The belief of where the minimum lies, and what measurements do to it.

The prior is x* ~ N(x₀, α C₀) with a scale α that is not known: log α ~ N(0, τ²). What was measured
is kept apart from it, as information J and b about z = x* - x₀: a derivative g at x with the row p
of P and variance V is pᵀz = pᵀ(x - x₀) - g, so that

    J <- J + p pᵀ / V,   b <- b + p [pᵀ(x - x₀) - g] / V.

At a given α the belief is the Gaussian of covariance (C₀⁻¹/α + J)⁻¹ and mean that times b. With
C₀ = L Lᵀ, Lᵀ J L = U m Uᵀ and c = Uᵀ Lᵀ b everything is diagonal in the basis L U:

    Cov_α = α / (1 + α m),   mean_α = c Cov_α,   log p(data | α) = ½ Σ_k [c² Cov_α - log(1 + α m)],

and the belief is the mixture over α. So a prior that was too wide or too narrow is recognised by
the data, in both directions, and what is left uncertain about α widens the tails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

_LOG_SCALES: Final[FloatArray] = np.linspace(-6.0, 9.0, 31, dtype=np.float64)
_SCALE_DEVIATION: Final = 2.0
"""τ: a prior covariance may be wrong by a factor of e^±2, at one standard deviation."""


@dataclass(frozen=True, eq=False)
class Belief:
    """A mixture of Gaussians for x*.

    Attributes:
        center: x₀, shape (n,).
        roots: L of C₀ = L Lᵀ for each shape of the prior that is held possible, shape (n, n).
        information: J, shape (n, n).
        pull: b, shape (n,).
    """

    center: FloatArray
    roots: tuple[FloatArray, ...]
    information: FloatArray
    pull: FloatArray

    @classmethod
    def prior(cls, center: FloatArray, *covariances: FloatArray) -> Belief:
        """Nothing is measured yet; all covariances are equally likely."""
        n = len(center)
        roots = tuple(_root(covariance) for covariance in covariances)
        return cls(center, roots, np.zeros((n, n)), np.zeros(n))

    @cached_property
    def _moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean of x* and covariance of the mixture."""
        parts = [self._given(root) for root in self.roots]
        largest = max(float(evidence.max()) for _, evidence, _, _ in parts)
        weights = [np.exp(evidence - largest) for _, evidence, _, _ in parts]
        total = sum(float(w.sum()) for w in weights)
        means = [
            basis @ (w @ m) / total for w, (basis, _, m, _) in zip(weights, parts, strict=True)
        ]
        mean = np.sum(means, axis=0)
        covariance = np.zeros((len(mean), len(mean)))
        for w, (basis, _, m, variances) in zip(weights, parts, strict=True):
            apart = basis @ m.T - mean[:, None]
            covariance += basis * (w @ variances) @ basis.T + (apart * w) @ apart.T
        covariance /= total
        return self.center + mean, 0.5 * (covariance + covariance.T)

    def _given(self, root: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """For one C₀: L U, and for each α the log evidence, mean_α and Cov_α."""
        m, u = np.linalg.eigh(root.T @ self.information @ root)
        m, basis = np.maximum(m, 0.0), root @ u
        c = basis.T @ self.pull
        scale = np.exp(_LOG_SCALES)[:, None]
        variances = scale / (1 + scale * m)
        evidence = 0.5 * np.sum(c**2 * variances - np.log1p(scale * m), axis=1)
        evidence -= 0.5 * (_LOG_SCALES / _SCALE_DEVIATION) ** 2
        return basis, evidence, c * variances, variances

    @property
    def mean(self) -> FloatArray:
        """The expected minimum, shape (n,)."""
        return self._moments[0]

    @property
    def covariance(self) -> FloatArray:
        """C of x*, shape (n, n)."""
        return self._moments[1]

    def innovation(
        self, x: FloatArray, rows: FloatArray, gradient: FloatArray, variance: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Measured derivatives less the expected ones, shape (m,), and their covariance."""
        innovation = gradient - rows @ (x - self.mean)
        return innovation, rows @ self.covariance @ rows.T + np.diag(variance)

    def surprise(
        self, x: FloatArray, rows: FloatArray, gradient: FloatArray, variance: FloatArray
    ) -> float:
        """χ² of measured derivatives for each of them: about 1 where the belief holds."""
        innovation, spread = self.innovation(x, rows, gradient, variance)
        return float(innovation @ np.linalg.solve(spread, innovation)) / len(rows)

    def observed(
        self, x: FloatArray, rows: FloatArray, gradient: FloatArray, variance: FloatArray
    ) -> Belief:
        """Take in partial derivatives at x, whose rows of P are `rows`."""
        weighted = rows.T / variance
        return replace(
            self,
            information=self.information + weighted @ rows,
            pull=self.pull + weighted @ (rows @ (x - self.center) - gradient),
        )

    def discounted(self, factor: float) -> Belief:
        """Let all that was measured count less: its variances times `factor`."""
        return replace(self, information=self.information / factor, pull=self.pull / factor)

    def widened(self, deviation: FloatArray) -> Belief:
        """Add independent deviations of x* to the prior, in every shape that is held possible."""
        more = np.diag(deviation**2)
        return replace(self, roots=tuple(_root(root @ root.T + more) for root in self.roots))

    def blurred(self, deviation: FloatArray, correlation: FloatArray) -> Belief:
        """Add errors of given deviations to what was measured, but not to the prior.

        J <- (J⁻¹ + Q)⁻¹ with Q = correlation ∘ deviation deviationᵀ, and b so that the minimum that
        the data alone would give stays.
        """
        root = deviation[:, None] * np.linalg.cholesky(correlation)
        pulled = self.information @ root
        inner = np.eye(len(root)) + root.T @ pulled
        gain = np.linalg.solve(inner, pulled.T).T
        information = self.information - gain @ pulled.T
        return replace(
            self,
            information=0.5 * (information + information.T),
            pull=self.pull - gain @ (root.T @ self.pull),
        )


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 1e-12 * values[-1])))


def expected_error(
    x: FloatArray, mean: FloatArray, covariance: FloatArray, curvature: FloatArray
) -> float:
    """⟨E(x) - E*⟩ = ½ tr(P C) + ½ (x - mean)ᵀ P (x - mean) in Hartree."""
    apart = x - mean
    return 0.5 * float(np.sum(curvature * covariance) + apart @ curvature @ apart)


def error_bound(covariance: FloatArray, curvature: FloatArray, confidence: float) -> float:
    """Return the error at the mean that is exceeded with probability 1 - confidence, in Hartree.

    ½ dᵀ P d is a sum of χ²; its distribution is taken as the gamma distribution of the same
    mean ½ tr(P C) and variance ½ tr(P C P C) (B. L. Welch, Biometrika 29, 350 (1938)).
    """
    from scipy.special import gammaincinv

    product = curvature @ covariance
    mean, variance = 0.5 * float(np.trace(product)), 0.5 * float(np.sum(product * product.T))
    if mean <= 0.0 or variance <= 0.0:
        return max(mean, 0.0)
    return float(gammaincinv(mean**2 / variance, confidence) * variance / mean)

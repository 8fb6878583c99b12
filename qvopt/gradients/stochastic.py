"""Gradients from a few random directions: cheap, noisy, and with the variance that they promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Point
from qvopt.measurement.estimate import Estimate
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray

from .parameter_shift import Combination, GradientExpansion, expand_gradient


@dataclass(frozen=True, eq=False)
class DirectionalExpansion(GradientExpansion):
    """Averages over directions d of v_d [E(x + c v_d) - E(x - c v_d)] / 2c.

    E[v vᵀ] = 1, so that the mean is the gradient up to O(c²). Points 2d, 2d + 1 belong to v_d.
    """

    directions: FloatArray
    step: float

    def combine(self, estimates: Sequence[Estimate]) -> tuple[FloatArray, FloatArray]:
        """Return the mean over directions, and its variance.

        Direction d has a slope D_d = g·v_d, of shot variance u, and gives a component v_di D_d. As
        E[v vᵀ] = 1 and |v|² = n,

            E[D²] = |g|² + u,    Σ_i Var(v_i D) = (n - 1) |g|² + n u,

        so that w = ((n - 1) mean(D²) + u) / n is without bias for the variance of a component of
        one direction, on average over components. Several directions also have a sample variance
        s_i² of each component, which holds their own scatter and the shot noise. The variance is
        ((m - 1) s_i² + w) / m²: w counts for one direction more, which is the only one that
        a single direction has. Its sum over components is without bias.
        """
        m, n = self.directions.shape
        e = np.array([estimate.value for estimate in estimates])
        slopes = (e[::2] - e[1::2]) / (2 * self.step)
        value, shot = super().combine(estimates)
        if n == 0:
            return value, shot
        noise = m * float(shot.mean())  # u, averaged
        pooled = ((n - 1) * float(slopes @ slopes) / m + noise) / n
        squares = np.square(self.directions * slopes[:, None] - value).sum(axis=0)
        return value, (squares + pooled) / m**2

    def degrees_of_freedom(self, estimates: Sequence[Estimate], variance: FloatArray) -> FloatArray:
        """As many as directions."""
        m, n = self.directions.shape
        return np.full(n, float(m))


def expand_directions(
    circuit: Circuit,
    x: FloatArray,
    rng: np.random.Generator,
    *,
    kind: str,
    directions: int,
    step: float,
) -> DirectionalExpansion:
    """Draw directions: "spsa" has entries ±1, "directional" points anywhere on the sphere √n.

    References: J. C. Spall, IEEE Trans. Autom. Control 37, 332 (1992); for the sphere
    Y. Nesterov, V. Spokoiny, Found. Comput. Math. 17, 527 (2017).
    """
    x = circuit.check_parameters(x)
    n = circuit.n_parameters
    if kind == "spsa":
        v = 2.0 * rng.integers(0, 2, size=(directions, n)) - 1.0
    else:
        v = rng.normal(size=(directions, n))
        v = np.asarray(v * np.sqrt(n / np.square(v).sum(axis=1, keepdims=True)))
    points, columns = [], []
    for row in v:
        for sign in (1.0, -1.0):
            points.append(Point(x + sign * step * row))
            columns.append(sign * row / (2 * step * directions))
    from scipy.sparse import csr_array

    matrix = csr_array(np.array(columns).T.reshape(n, len(points)))
    return DirectionalExpansion(
        tuple(points), Combination.of_matrix(matrix), np.asarray(v, dtype=np.float64), step
    )


@dataclass(frozen=True, eq=False)
class SubsetExpansion(GradientExpansion):
    """The partial derivatives of a random subset, each times n/m; the others are zero."""

    chosen: npt.NDArray[np.int64]

    def combine(self, estimates: Sequence[Estimate]) -> tuple[FloatArray, FloatArray]:
        """Return the unbiased gradient, and a variance for each component.

        With inclusion probability p = m/n, Var ĝ_i = (g² + v)/p - g², g being the derivative and v
        the variance of its measured value ĝ. On the subset ĝ²/p - (ĝ² - v) estimates it without
        bias. The others, of which nothing was seen, take the mean over the subset, so that the sum
        over components is without bias.
        """
        value, variance = super().combine(estimates)
        p = len(self.chosen) / max(len(value), 1)
        square, shot = value[self.chosen] ** 2 * p**2, variance[self.chosen] * p**2
        # A derivative below its own noise has no scatter of its own that could be told.
        seen = np.maximum(square * (1 / p - 1) + shot, shot) if p > 0 else square
        out = np.full_like(value, float(seen.mean()) if len(seen) else 0.0)
        out[self.chosen] = seen
        return value, out

    def degrees_of_freedom(self, estimates: Sequence[Estimate], variance: FloatArray) -> FloatArray:
        """Components in the subset: no more was seen of how large derivatives are."""
        whole = super().degrees_of_freedom(estimates, variance)
        if len(self.chosen) == len(whole):
            return whole
        return np.full(len(whole), float(max(len(self.chosen), 1)))


def expand_subset(
    circuit: Circuit, x: FloatArray, rng: np.random.Generator, *, components: int
) -> SubsetExpansion:
    """Draw `components` of the parameters without repetition, by shift rules for each.

    Reference: Z. Ding et al., arXiv:2311.09100 (randomised coordinate descent).
    """
    whole = expand_gradient(circuit, x)
    n = circuit.n_parameters
    chosen = np.sort(rng.choice(n, size=min(components, n), replace=False)).astype(np.int64)
    kept = np.unique(whole.matrix[chosen].indices)
    mask = np.zeros(n)
    mask[chosen] = n / max(len(chosen), 1)
    from scipy.sparse import csr_array

    matrix = csr_array((whole.matrix.multiply(mask[:, None])).tocsr()[:, kept])
    return SubsetExpansion(
        tuple(whole.points[k] for k in kept), Combination.of_matrix(matrix), chosen
    )

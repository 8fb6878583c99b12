"""Gradients from a few random directions: cheap, noisy, and with the variance that they promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Point
from qvopt.measurement.estimate import Estimate
from qvopt_circuits.circuit import Circuit

from .parameter_shift import GradientExpansion, expand_gradient

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DirectionalExpansion(GradientExpansion):
    """Averages over directions d of v_d [E(x + c v_d) - E(x - c v_d)] / 2c.

    E[v vᵀ] = 1, so that the mean is the gradient up to O(c²). Points 2d, 2d + 1 belong to v_d.
    """

    directions: FloatArray
    step: float

    def combine(self, estimates: Sequence[Estimate]) -> tuple[FloatArray, FloatArray]:
        """Return the mean over directions, and its variance.

        From two directions on the variance is s²/m over the directions, which holds both their
        own scatter and the shot noise. One direction promises its shot noise alone.
        """
        m = len(self.directions)
        e = np.array([estimate.value for estimate in estimates])
        each = self.directions * ((e[::2] - e[1::2]) / (2 * self.step))[:, None]
        if m > 1:
            return each.mean(axis=0), each.var(axis=0, ddof=1) / m
        return super().combine(estimates)


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
    return DirectionalExpansion(tuple(points), matrix, np.asarray(v, dtype=np.float64), step)


@dataclass(frozen=True, eq=False)
class SubsetExpansion(GradientExpansion):
    """The partial derivatives of a random subset, each times n/m; the others are zero."""

    chosen: npt.NDArray[np.int64]

    def combine(self, estimates: Sequence[Estimate]) -> tuple[FloatArray, FloatArray]:
        """Return the unbiased gradient and an unbiased estimate of each component's variance.

        With inclusion probability p = m/n, Var ĝ_i = (g² + v)/p - g²; on the subset
        (ĝ²/p - (ĝ² - v))/p estimates it without bias, ĝ and v being the unscaled derivative and
        its variance; off the subset the estimate is zero.
        """
        value, variance = super().combine(estimates)
        p = len(self.chosen) / len(value)
        square = value**2 * p**2  # of the unscaled derivative
        shot = variance * p**2
        # A derivative below its own noise has no scatter of its own that could be told.
        total = np.maximum((square / p - (square - shot)) / p, variance)
        out = np.zeros_like(value)
        out[self.chosen] = total[self.chosen]
        return value, out


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
    return SubsetExpansion(tuple(whole.points[k] for k in kept), matrix, chosen)

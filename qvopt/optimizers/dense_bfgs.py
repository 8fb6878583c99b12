"""BFGS that keeps its inverse Hessian when a circuit grows, for exact energies and gradients."""

from __future__ import annotations

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .lbfgs import Pair
from .protocol import Minimization, Optimizer, Recycling
from .quasi_newton import descend
from .validation import count, not_negative


class DenseInverse:
    """H as a matrix, updated by BFGS: positive definite, of as many rows as there are parameters.

    H' = (1 - s yᵀ/sᵀy) H (1 - y sᵀ/sᵀy) + s sᵀ/sᵀy, from the first pair on with H = (sᵀy/yᵀy) 1.
    """

    def __init__(self) -> None:
        self._matrix: FloatArray | None = None

    @property
    def empty(self) -> bool:
        """Whether no pair has been learned."""
        return self._matrix is None

    def times(self, gradient: FloatArray) -> FloatArray:
        """Return H g."""
        if self._matrix is None:
            return gradient
        return _product(self._matrix, gradient)

    def learn(self, step: FloatArray, change: FloatArray) -> None:
        """Update H by a step and the change of the gradient, unless their product is too small."""
        pair = Pair.of(step, change)
        if not pair.curves_upwards:
            return
        sy, old = pair.sy, self._matrix
        if old is None:
            old = np.diag(np.full(len(step), sy / pair.yy))
        image = _product(old, change)
        half = np.outer((0.5 * (1 + float(change.dot(image)) / sy)) * step - image, step / sy)
        self._matrix = old + (half + half.T)

    def forget(self) -> None:
        """Begin anew."""
        self._matrix = None

    def grow(self, n: int) -> None:
        """Add parameters: those of the identity, as nothing is known of them."""
        if self._matrix is not None and len(self._matrix) < n:
            known = len(self._matrix)
            matrix = np.eye(n)
            matrix[:known, :known] = self._matrix
            self._matrix = matrix


def _product(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Matrix times vector in one order: BLAS rounds otherwise with another number of threads."""
    return np.asarray(np.einsum("ij,j->i", matrix, vector))


def recycled_bfgs(
    *, tolerance: float = 1e-6, first_step: float = 0.1, max_line_search: int = 20
) -> Optimizer:
    """x <- x - t H g, H from all past gradients and kept as the circuit grows.  arXiv:2401.05172.

    Where an adaptive circuit gets an operator, H gets a row of the identity, and the optimisation
    goes on with the curvature that it knows: a fraction of the gradients that L-BFGS takes, which
    begins anew each time. On other circuits it is BFGS with the full matrix.

    Args:
        tolerance: stop at ‖g‖ <= tolerance, or when no step lowers the energy any more.
        first_step: length of the very first trial step.
        max_line_search: trial points in one line search.

    Meant for exact values. References: M. Ramôa et al., arXiv:2401.05172 (recycling the Hessian);
    J. Nocedal, S. J. Wright, Numerical Optimization (2006), algorithm 6.1.
    """
    not_negative("tolerance", tolerance)
    count("max_line_search", max_line_search)

    def begin() -> Optimizer:
        inverse = DenseInverse()

        def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
            inverse.grow(len(x))
            return descend(
                x, inverse, tolerance=tolerance, first_step=first_step, trials=max_line_search
            )

        return start

    return Recycling(begin)

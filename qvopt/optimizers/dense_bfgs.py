"""BFGS that keeps its inverse Hessian when a circuit grows, for exact energies and gradients."""

from __future__ import annotations

import numpy as np

from qvopt_molecules.arrays import FloatArray, same

from .lbfgs import Pair
from .protocol import Minimization, Optimizer, Recycling
from .quasi_newton import Evaluated, descend
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
        left = (0.5 * (1 + float(change.dot(image)) / sy)) * step - image
        right = step / sy
        update = np.multiply.outer(left, right)
        update += np.multiply.outer(right, left)
        update += old
        self._matrix = update

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


class GrowingBfgs:
    """BFGS on one circuit that grows, with the options of `recycled_bfgs`.

    Operators enter at zero, which leaves the state as it is: energy and gradient are those of the
    last point, and the slopes of the pool.
    """

    def __init__(self, tolerance: float, first_step: float, trials: int) -> None:
        self._tolerance, self._first_step, self._trials = tolerance, first_step, trials
        self._inverse = DenseInverse()
        self._last: Evaluated | None = None

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> Minimization:
        """Return the generator of rounds."""
        self._inverse.grow(len(x))
        last, self._last = self._last, None
        known = None if last is None or not same(last.x, x) else (last.energy, last.gradient)
        return descend(
            x,
            self._inverse,
            tolerance=self._tolerance,
            first_step=self._first_step,
            trials=self._trials,
            known=known,
            keep=self._keep,
        )

    def grow(self, slopes: FloatArray) -> None:
        """Hear that the circuit got parameters, at zero, with these exact slopes of the energy."""
        if self._last is not None:
            x, energy, gradient = self._last
            x = np.concatenate([x, np.zeros(len(slopes))])
            self._last = Evaluated(x, energy, np.concatenate([gradient, slopes]))

    def _keep(self, at: Evaluated) -> None:
        self._last = at


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

    return Recycling(lambda: GrowingBfgs(tolerance, first_step, max_line_search))

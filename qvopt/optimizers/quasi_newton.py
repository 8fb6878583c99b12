"""The loop of quasi-Newton methods for exact values; the estimate of the curvature is its part."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from qvopt_molecules.arrays import FloatArray

from .errors import check_finite
from .protocol import Energy, Gradient, Iterate, Minimization, Scalar
from .wolfe import line_search, norm


class Evaluated(NamedTuple):
    """A point with its energy and gradient."""

    x: FloatArray
    energy: float
    gradient: FloatArray


class InverseHessian(Protocol):
    """H, an estimate of the inverse Hessian from past steps and gradients."""

    @property
    def empty(self) -> bool:
        """Whether nothing is known: H is the identity, and the first step needs a length."""
        ...

    def times(self, gradient: FloatArray) -> FloatArray:
        """Return H g."""
        ...

    def learn(self, step: FloatArray, change: FloatArray) -> None:
        """Take in a step s and the change y of the gradient along it; only where sᵀy > 0."""
        ...

    def forget(self) -> None:
        """Begin anew."""
        ...


def descend(
    x: FloatArray,
    inverse: InverseHessian,
    *,
    tolerance: float,
    first_step: float,
    trials: int,
    known: tuple[float, FloatArray] | None = None,
    keep: Callable[[Evaluated], None] = lambda at: None,
) -> Minimization:
    """x <- x - t H g until ‖g‖ <= tolerance, or no step lowers the energy any more.

    Args:
        x: where to begin.
        inverse: H, which learns from every step.
        tolerance: of the gradient's norm.
        first_step: length of a first trial step where H is empty.
        trials: points in one line search.
        known: energy and gradient at x, where they need not be asked for.
        keep: hears of every point that is taken.
    """
    if known is None:
        energy, gradient = yield [Energy(x), Gradient(x)]
        known = energy.value, gradient.value
    e, g = known
    keep(Evaluated(x, e, g))
    while norm(g) > tolerance:
        direction = -inverse.times(g)
        if float(direction.dot(g)) >= 0:
            inverse.forget()
            direction = -g
        t = min(1.0, first_step / norm(g)) if inverse.empty else 1.0
        accepted = yield from line_search(x, e, g, direction, t, trials)
        if accepted is None:
            if inverse.empty:
                return x
            inverse.forget()
            continue
        x_new, e, g_new = accepted
        inverse.learn(x_new - x, g_new - g)
        x, g = check_finite(x_new), g_new
        keep(Evaluated(x, e, g))
        yield Iterate(x, energy=Scalar(e))
    return x

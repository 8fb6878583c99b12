"""Coordinate solvers: along one parameter E is a short Fourier series, and its minimum is exact.

With frequencies Ω, 2Ω, … RΩ (Ω = 1, R = 1 for a Pauli rotation; R = 2 for an excitation, Ω = ½ of
its angle) 2R + 1 energies fix the series, and the minimum follows from the roots of a polynomial.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .errors import check_finite
from .protocol import Describe, Energy, Iterate, Landscape, Minimization, Optimizer, Scalar
from .validation import count, flag, not_negative

_LARGEST_ORDER = 64


def base_and_order(frequencies: tuple[float, ...]) -> tuple[float, int]:
    """Return (Ω, R) so that every frequency is one of Ω, 2Ω, … RΩ.

    Raises InputError for frequencies without a common base.
    """
    smallest = min(frequencies)
    for divisor in range(1, 9):
        base = smallest / divisor
        orders = np.array(frequencies) / base
        if np.allclose(orders, np.round(orders), atol=1e-9) and orders.max() <= _LARGEST_ORDER:
            return base, int(np.round(orders.max()))
    raise InputError(
        f"the frequencies {frequencies} have no common base; coordinate solvers need one"
    )


@cache
def _design(order: int) -> tuple[FloatArray, FloatArray]:
    """Equidistant angles 2πk/(2R+1), and the matrix from values there to coefficients."""
    angles = 2 * np.pi * np.arange(2 * order + 1) / (2 * order + 1)
    return angles, np.asarray(np.linalg.inv(basis(angles, order)))


def basis(angles: FloatArray, order: int) -> FloatArray:
    """Rows (1, cos a, sin a, …, cos Ra, sin Ra), shape (len(angles), 2R + 1)."""
    columns = [np.ones_like(angles)]
    for r in range(1, order + 1):
        columns += [np.cos(r * angles), np.sin(r * angles)]
    return np.stack(columns, axis=1)


def stationary(coefficients: FloatArray) -> FloatArray:
    """Return 0 and the stationary angles in [-π, π] of a₀ + Σ a_r cos rθ + b_r sin rθ.

    They are the roots on the unit circle of a polynomial of degree 2R in e^{iθ}: J. P. Boyd,
    J. Eng. Math. 56, 203 (2006). Every one is there; other angles may be too.
    """
    order = (len(coefficients) - 1) // 2
    a, b = coefficients[1::2], coefficients[2::2]
    if order == 1:
        size = math.hypot(a[0], b[0])
        return np.array([0.0, math.atan2(-b[0], -a[0])] if size > 0.0 else [0.0])
    c = np.arange(1, order + 1) * (b + 1j * a) / 2
    polynomial = np.concatenate([c[::-1], [0.0], c.conj()])
    scale = np.max(np.abs(polynomial))
    if scale == 0.0:
        return np.zeros(1)
    roots = np.roots(polynomial / scale)
    angles = np.asarray(np.angle(roots), dtype=np.float64)
    for _ in range(2):
        first, second = _derivatives(angles, a, b)
        step = np.divide(first, second, out=np.zeros_like(first), where=second > 0.0)
        angles = angles - np.clip(step, -0.1, 0.1)
    return np.concatenate([[0.0], np.remainder(angles + np.pi, 2 * np.pi) - np.pi])


def minimum(
    coefficients: FloatArray, covariance: FloatArray | None = None, significance: float = 1.0
) -> tuple[float, float]:
    """Return (angle, value) of the least angle that is not significantly above the minimum.

    Without a covariance of the coefficients, that is the global minimum, the nearest of equals.
    With one, an angle stays a candidate while its value is within `significance` standard errors
    (of the difference) of the lowest: a series that is flat within its noise moves nothing. A
    leap of more than a quarter turn asks for three times that, as a mirror image of the present
    minimum often lies there.
    """
    angles = stationary(coefficients)
    rows = basis(angles, (len(coefficients) - 1) // 2)
    values = rows @ coefficients
    best = int(np.argmin(values))
    slack = np.full(len(angles), 1e-13 * float(np.max(np.abs(values))))
    if covariance is not None:
        apart = rows - rows[best]
        sigmas = significance * (3.0 if abs(angles[best]) > np.pi / 2 else 1.0)
        slack += sigmas * np.sqrt(np.einsum("ij,jk,ik->i", apart, covariance, apart))
    near = np.flatnonzero(values <= values[best] + slack)
    chosen = int(near[np.argmin(np.abs(angles[near]))])
    return float(angles[chosen]), float(values[chosen])


def _derivatives(angles: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = np.arange(1, len(a) + 1)
    cosines, sines = np.cos(np.outer(angles, r)), np.sin(np.outer(angles, r))
    return cosines @ (r * b) - sines @ (r * a), -(cosines @ (r * r * a)) - sines @ (r * r * b)


def rotosolve(
    *,
    shuffle: bool = False,
    reuse: bool = True,
    reset: int = 32,
    significance: float = 2.0,
    tolerance: float = 1e-8,
) -> Optimizer:
    """Each parameter to its exact minimum, 2R new energies each.  Ostaszewski, arXiv:1905.09692.

    A step is a sweep over all parameters. Frequencies other than a Pauli rotation's are taken as
    they are (D. Wierichs et al., arXiv:2107.12390).

    Args:
        shuffle: a new order for each sweep.
        reuse: take the minimum just found for the next parameter's value at 0, which saves one
            energy (NFT: K. M. Nakanishi, K. Fujii, S. Todo, arXiv:1903.12166). Its error adds up,
            so it is measured again after every `reset` parameters.
        reset: see reuse.
        significance: a parameter moves only if that gains more than so many standard errors.
        tolerance: stop after a sweep over exact energies that gained less, in Hartree.
    """
    return _coordinate_descent(shuffle, reuse, reset, significance, tolerance)


def excitation_solve(
    *,
    shuffle: bool = False,
    reuse: bool = True,
    reset: int = 16,
    significance: float = 2.0,
    tolerance: float = 1e-8,
) -> Optimizer:
    """Each excitation to its exact minimum, 4 new energies each.  Jäger et al., arXiv:2409.05939.

    The energy along an excitation is a second-order Fourier series: five values fix it, and the
    value at the present point is known from the parameter before. A step is a sweep over all
    parameters. Other gates are treated by their own order.

    Args:
        shuffle: a new order for each sweep.
        reuse: take the present value from the minimum just found.
        reset: measure it again after that many parameters; noise would add up.
        significance: a parameter moves only if that gains more than so many standard errors.
        tolerance: stop after a sweep over exact energies that gained less, in Hartree.
    """
    return _coordinate_descent(shuffle, reuse, reset, significance, tolerance)


def _coordinate_descent(
    shuffle: bool, reuse: bool, reset: int, significance: float, tolerance: float
) -> Optimizer:
    flag("shuffle", shuffle)
    flag("reuse", reuse)
    count("reset", reset)
    not_negative("significance", significance)
    not_negative("tolerance", tolerance)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        landscape: Landscape = yield Describe()
        if landscape.frequencies is None:
            raise InputError(
                "coordinate solvers need the frequencies of E along each parameter, and this "
                "function has none; use another optimizer"
            )
        n, before = len(x), math.inf
        known: Scalar | None = None
        age = 0
        while True:
            gained_from = before
            for i in rng.permutation(n) if shuffle else range(n):
                if not landscape.frequencies[i]:
                    continue  # this parameter does nothing
                base, order = base_and_order(landscape.frequencies[i])
                angles, inverse = _design(order)
                fresh = not reuse or known is None or age >= reset
                points = [_moved(x, i, a / base) for a in angles]
                answers = yield [Energy(p) for p in points[0 if fresh else 1 :]]
                age = 0 if fresh else age + 1
                values = list(answers) if fresh else [known, *answers]
                coefficients = inverse @ np.array([v.value for v in values])
                variances = np.array([v.variance for v in values])
                covariance = (inverse * variances) @ inverse.T if np.any(variances) else None
                angle, value = minimum(coefficients, covariance, significance)
                x = check_finite(_moved(x, i, angle / base))
                row = basis(np.array([angle]), order)[0]
                variance = 0.0 if covariance is None else float(row @ covariance @ row)
                known = Scalar(value, variance)
                yield Iterate(x, partial=True)
            if known is None:
                return x
            before = known.value
            # The minimum of a noisy series is biased downwards: it is not reported.
            yield Iterate(x, energy=known if known.variance == 0.0 else None)
            if known.variance == 0.0 and gained_from - before < tolerance:
                return x

    return start


def _moved(x: FloatArray, i: int, by: float) -> FloatArray:
    out = x.copy()
    out[i] += by
    return out

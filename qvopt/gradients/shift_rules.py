"""Derivatives of trigonometric polynomials from their values: general parameter-shift rules.

E(θ + s) = a₀ + Σ_f [a_f cos(f s) + b_f sin(f s)]. A rule Σ_μ c_μ E(θ + s_μ) is the derivative if
Σ c_μ sin(f s_μ) = f and Σ c_μ cos(f s_μ) = 0 for every frequency f, and for f = 0. With shots in
proportion to |c_μ|, variance × shots of the derivative is (Σ|c_μ|)² times that of an energy. By
Bernstein's inequality Σ|c_μ| is at least the largest frequency, and equidistant shifts reach it.
Reference: D. Wierichs et al., Quantum 6, 677 (2022), arXiv:2107.12390.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from qvopt_molecules.errors import InputError

ShiftRule = tuple[tuple[float, float], ...]
"""(shift in radians, coefficient) pairs."""

_MOST_TERMS = 4096


def equidistant_rule(unit: float, order: int) -> ShiftRule:
    """Return the rule for the frequencies unit, 2 unit, …, order · unit, in 2 order terms.

    s_μ = (2μ - 1) π / (2 order unit), c_μ = ± unit / (4 order sin²(unit s_μ / 2)), alternating.
    Shifts are brought to (-π, π] / unit, so that they come in pairs ± s.
    """
    if unit <= 0 or order < 1:
        raise InputError(f"a shift rule needs a positive frequency and order, got {unit}, {order}")
    terms = []
    for mu in range(1, order + 1):
        phase = (2 * mu - 1) * math.pi / (2 * order)
        c = (-1) ** (mu - 1) * unit / (4 * order * math.sin(phase / 2) ** 2)
        terms += [(phase / unit, c), (-phase / unit, -c)]
    return tuple(terms)


def rule_for(frequencies: Sequence[float]) -> ShiftRule:
    """Return a rule of the least variance for any frequencies.

    Commensurate ones take the equidistant rule over their greatest common divisor. Others take the
    coefficients of least Σ|c_μ| on a grid of shifts, by linear programming. Raises InputError for
    frequencies that are not positive, or that would need thousands of terms.
    """
    known = tuple(sorted({float(f) for f in frequencies}))
    if not known:
        return ()
    if known[0] <= 0 or not math.isfinite(known[-1]):
        raise InputError(f"frequencies must be positive numbers, got {list(frequencies)}")
    return _rule_for(known)


@cache
def _rule_for(known: tuple[float, ...]) -> ShiftRule:
    """The rule for ascending frequencies; every gradient asks for the same ones again."""
    unit = known[0]
    for f in known[1:]:
        unit = _common_divisor(f, unit)
    order = round(known[-1] / unit)
    if unit > 1e-3 * known[-1] and order <= _MOST_TERMS // 2:
        return equidistant_rule(unit, order)
    return least_variance_rule(known)


def _common_divisor(a: float, b: float) -> float:
    while b > 1e-6 * max(a, 1.0):
        a, b = b, abs(a - b * round(a / b))
    return a


def least_variance_rule(frequencies: Sequence[float], points: int = 0) -> ShiftRule:
    """Minimise Σ|c_μ| over rules with shifts ±s on a grid, by linear programming.

    An odd rule Σ_μ c_μ [E(θ + s_μ) - E(θ - s_μ)] fulfils the cosine conditions by itself; what is
    left is 2 Σ c_μ sin(f s_μ) = f. The solution has as many pairs as there are frequencies.
    """
    from scipy.optimize import linprog

    f = np.asarray(frequencies, dtype=np.float64)
    if len(f) > _MOST_TERMS // 2:
        raise InputError(f"a shift rule for {len(f)} frequencies is refused; shift gate by gate")
    n = points or 64 * len(f) + 64
    reach = 2 * math.pi / float(np.diff(np.concatenate([[0.0], np.sort(f)])).min())
    shifts = np.linspace(0.0, min(reach, 64 * math.pi / f.max()), n + 1)[1:]
    sines = 2 * np.sin(np.outer(f, shifts))
    # c = p - q with p, q >= 0.
    solution = linprog(np.ones(2 * n), A_eq=np.hstack([sines, -sines]), b_eq=f, method="highs-ds")
    if not solution.success or solution.x is None:
        raise InputError("no shift rule was found for these frequencies; shift gate by gate")
    c = solution.x[:n] - solution.x[n:]
    kept = np.flatnonzero(np.abs(c) > 1e-12)
    # The solver is good to 1e-9: solve the chosen shifts' equations once more.
    c, *_ = np.linalg.lstsq(sines[:, kept], f, rcond=None)
    terms = [
        ((float(s), float(w)), (-float(s), -float(w))) for s, w in zip(shifts[kept], c, strict=True)
    ]
    return tuple(term for pair in terms for term in pair)

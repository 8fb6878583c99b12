"""What is known of a group's variance before it is measured, and what few shots add to it.

Near a determinant most outcomes of a group are alike, and now and then one lies far off. With few
shots none of those may be seen, and the sample variance s² is far too small, often zero. Let τ² be
the variance of the group under a reference state and δ² the square by which a rare outcome lies
off, both known from the plan. A sum of squared deviations m₂ is then about δ² times a number of
rare events, which is Poisson distributed. One is expected in δ²/τ² shots; a conjugate Gamma prior
of shape a = ¾ says how little that is trusted (a credibility estimate in the sense of H. Bühlmann,
ASTIN Bulletin 4, 199 (1967)):

    σ² = max{ s², (m₂ + a δ²) / (n - 1 + a δ²/τ²) },

about τ² where next to nothing was seen, and s² as soon as that is larger. The value itself stays
the mean of the outcomes, without bias. σ² has ν = 2a (1 + m₂/δ²) degrees of freedom: those of the
posterior where no rare event was seen, fewer where some were, as few events lie askew and their
mean goes with their variance. ν is never more than the n - 1 of normal outcomes, and the prior's.
Variances of independent groups add up, and their degrees of freedom by Satterthwaite's rule,
1/ν = Σ (v_g/v)² / ν_g (F. E. Satterthwaite, Biometrics Bulletin 2, 110 (1946)).

On a device any bit may be read wrong, and leads out of the electron numbers: its outcomes are rarer
events that lie farther off than those of the state. Then δ² is at least the mean square by which
one flipped bit moves the group's value, 4/n Σ_k |k| c_k² over strings of |k| of n qubits, unless
post-selection throws such outcomes away, and τ² has a share of it.

The constants were chosen for the coverage of 95 % intervals (`benchmarks/error_bars.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray, MaskArray

SHAPE: Final = 0.75
"""Of the Gamma prior: as many rare events as this are taken to have been seen beforehand."""

REFERENCE_DOUBT: Final = 0.03
"""Weight of rare outcomes in a state, where the reference is a determinant."""

CORRELATED_DOUBT: Final = 3e-3
"""The same beyond a correlated reference, which has its own."""

ERROR_DOUBT: Final = 0.1
"""Weight of outcomes that a device's errors cause, where the rates are not known."""

_LEAST_DOF: Final = 2.0 * SHAPE

_MIXED_TO_JUMP: Final = 4.0
"""δ² over the variance in the mixed state: half of all outcomes on either side, a jump 2σ apart."""


class SumsOfMeans(NamedTuple):
    """Of the sums of all groups' means, shape (settings,).

    Attributes:
        shots: in total.
        sums: in Hartree.
        variance: of the sums in Hartree².
        dof: degrees of freedom of that variance.
        assumed: the share of it that rests on the prior, from 0 to 1.
    """

    shots: IntArray
    sums: FloatArray
    variance: FloatArray
    dof: FloatArray
    assumed: FloatArray


@dataclass(frozen=True, eq=False)
class GroupPrior:
    """τ² and δ² of every group, in Hartree², shape (groups,).

    Attributes:
        variances: τ², variance of one shot in the reference.
        jumps: δ², squared distance of a rare outcome from the others.
    """

    variances: FloatArray
    jumps: FloatArray

    def with_flips(self, squares: FloatArray) -> GroupPrior:
        """Return the prior on a device where a wrong bit moves each group by these squares."""
        jumps = np.maximum(self.jumps, squares)
        return GroupPrior(self.variances + ERROR_DOUBT * jumps, jumps)

    @cached_property
    def table(self) -> FloatArray:
        """For each group the shots and squares that it counts for, and dof for each unit of m₂.

        Shape (3, groups).
        """
        return np.array([self._weight, self._events, self._per_square])

    @cached_property
    def _weight(self) -> FloatArray:
        """Shots that the prior counts for, a δ²/τ²."""
        ratio = np.ones_like(self.jumps)
        least = np.maximum(self.variances, 1e-12 * self.jumps)
        np.divide(self.jumps, least, out=ratio, where=least > 0.0)
        return np.asarray(SHAPE * ratio)

    @cached_property
    def _events(self) -> FloatArray:
        """Squares that the prior counts for, a δ²."""
        return np.asarray(SHAPE * self.jumps)

    @cached_property
    def _per_square(self) -> FloatArray:
        """Degrees of freedom for each unit of m₂, 2a/δ²."""
        out = np.zeros_like(self.jumps)
        return np.asarray(np.divide(2.0 * SHAPE, self.jumps, out=out, where=self.jumps > 0.0))

    def of_each(
        self, shots: FloatArray, squares: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Variances of the groups' means, with degrees of freedom; and the sample variances alone.

        Args:
            shots: of each group, shape (..., groups), at least 1.
            squares: sums of squared deviations m₂ in Hartree², same shape.
        """
        beyond = shots - 1.0
        sampled = squares / np.maximum(beyond, 1.0)
        expected = (squares + self._events) / (beyond + self._weight)
        dof = self._per_square * squares
        dof += _LEAST_DOF
        np.minimum(dof, beyond + _LEAST_DOF * (expected > sampled), out=dof)
        np.maximum(dof, 1.0, out=dof)
        np.maximum(sampled, expected, out=expected)
        expected /= shots
        sampled /= shots
        return expected, dof, sampled

    def of_sums(
        self, shots: FloatArray | IntArray, means: FloatArray, squares: FloatArray
    ) -> SumsOfMeans | None:
        """Sums of all groups' means for many settings; None where a group has no shots.

        Args:
            shots: of each setting and group, shape (settings, groups).
            means: in Hartree, the same shape.
            squares: sums of squared deviations m₂ in Hartree², the same shape.
        """
        totals, sums = np.empty(len(shots), dtype=np.int64), np.empty((4, len(shots)))
        complete = _sums_of_groups()(
            np.ascontiguousarray(shots, dtype=np.float64),
            np.ascontiguousarray(means, dtype=np.float64),
            np.ascontiguousarray(squares, dtype=np.float64),
            self.table,
            _LEAST_DOF,
            totals,
            sums,
        )
        return SumsOfMeans(totals, *sums) if complete else None


@cache
def _sums_of_groups() -> Callable[..., bool]:
    """The kernel of sums over groups; numba is loaded for it, which exact runs do without."""
    from .sum_kernel import sums_of_groups

    return sums_of_groups  # type: ignore[no-any-return]


_PROPORTION: Final = GroupPrior(np.array([0.25]), np.array([1.0]))
"""Of outcomes 0 and 1, of which nothing is known."""


def proportion_variance(
    counts: FloatArray | IntArray, shots: FloatArray | IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return the variance of counts / shots and its degrees of freedom, elementwise.

    p (1 - p) / (n - 1), and what the prior adds where one of the two outcomes was hardly seen.
    """
    n = np.asarray(shots, dtype=np.float64)
    p = np.asarray(counts, dtype=np.float64) / n
    variance, dof, _ = _PROPORTION.of_each(n, n * p * (1.0 - p))
    return variance, dof


def mixed_variance(masks: MaskArray, coefficients: FloatArray, norb: int | None) -> float:
    """Variance of Σ_k c_k Z_k in the completely mixed state.

    Args:
        masks: qubits of each Z string.
        coefficients: c_k in Hartree.
        norb: where electron numbers are conserved, the number of spatial orbitals: what depends on
            the numbers alone, the mean of all coefficients of strings with as many alpha and beta
            qubits, does not scatter then. None: any outcomes.
    """
    varying = masks != 0
    masks, c = masks[varying], coefficients[varying]
    if norb is None:
        return float(c @ c)
    alpha = np.bitwise_count(masks & np.uint64((1 << norb) - 1)).astype(np.int64)
    kinds = alpha * (2 * norb + 1) + np.bitwise_count(masks >> np.uint64(norb))
    _, kind = np.unique(kinds, return_inverse=True)
    means = np.bincount(kind, c) / np.maximum(np.bincount(kind), 1)
    return float(np.square(c - means[kind]).sum())


def flip_square(masks: MaskArray, coefficients: FloatArray, n_qubits: int) -> float:
    """Mean square by which one wrong bit moves Σ_k c_k Z_k, over qubits and outcomes, Hartree²."""
    weights = np.bitwise_count(masks).astype(np.float64)
    return float(4.0 / n_qubits * (weights @ np.square(coefficients)))


def prior_from(
    mixed: FloatArray,
    correlated: FloatArray | None,
    shifted: FloatArray | None,
    determinant: FloatArray | None,
) -> GroupPrior:
    """Make the prior of what is known of the groups.

    Args:
        mixed: variances in the mixed state, Hartree².
        correlated: standard deviations in a correlated reference, Hartree.
        shifted: standard deviations in states half-way to excited determinants, Hartree.
        determinant: standard deviations in the Hartree-Fock determinant, Hartree.
    """
    # Two outcomes of probability ½ that lie δ apart have the standard deviation δ / 2.
    jumps = _MIXED_TO_JUMP * (mixed if shifted is None else np.square(shifted))
    if correlated is not None:
        variances = np.square(correlated) + CORRELATED_DOUBT * jumps
    elif determinant is not None:
        variances = np.square(determinant) + REFERENCE_DOUBT * jumps
    else:
        variances = mixed
    # A normal distribution has (kurtosis - 1) τ² = 2 τ², and rare events have more.
    return GroupPrior(np.asarray(variances), np.asarray(np.maximum(jumps, 2.0 * variances)))

"""A number measured with shots: its moments, its variance and its price."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError


@dataclass(frozen=True, slots=True)
class Moments:
    """Shots, mean and sum of squared deviations of one group's outcomes; merge with `+`.

    Merging is exact (Chan, Golub & LeVeque 1979), so counts taken in pieces give the statistics
    of the whole.

    `shared` are errors that the mean has in common with other groups: what one standard error of
    each number of a calibration would change in it. They are outside `m2`.
    """

    shots: int
    mean: float
    m2: float
    shared: tuple[float, ...] = ()

    @classmethod
    def from_counts(cls, values: FloatArray, counts: npt.NDArray[np.int64]) -> Moments:
        """Moments of outcomes with `values` seen `counts` times."""
        shots = int(counts.sum())
        if shots == 0:
            return cls(0, 0.0, 0.0)
        mean = float(values @ counts) / shots
        return cls(shots, mean, float(((values - mean) ** 2) @ counts))

    def __add__(self, other: Moments) -> Moments:
        if self.shots == 0:
            return other
        if other.shots == 0:
            return self
        shots = self.shots + other.shots
        delta = other.mean - self.mean
        mean = self.mean + delta * other.shots / shots
        m2 = self.m2 + other.m2 + delta * delta * self.shots * other.shots / shots
        shared = scaled_sum((self.shared, other.shared), (self.shots / shots, other.shots / shots))
        return Moments(shots, mean, m2, shared)

    @property
    def variance_of_mean(self) -> float:
        """Unbiased estimate of the variance of `mean`: s²/n with s² over n - 1."""
        if self.shots < 2:
            return math.inf
        return self.m2 / (self.shots - 1) / self.shots


def scaled_sum(parts: Sequence[tuple[float, ...]], factors: Sequence[float]) -> tuple[float, ...]:
    """Σ_i factors[i] parts[i], where an empty part counts as zeros."""
    width = max((len(part) for part in parts), default=0)
    if width == 0:
        return ()
    total = np.zeros(width)
    for part, factor in zip(parts, factors, strict=True):
        if part:
            total += factor * np.asarray(part)
    return tuple(total.tolist())


def t_quantile(level: float, dof: float) -> float:
    """Return the t with P(|T| ≤ t) = level for Student's T of `dof` degrees of freedom."""
    if not 0.0 < level < 1.0:
        raise InputError(f"a confidence level lies between 0 and 1, got {level!r}")
    from scipy.special import ndtri, stdtrit

    p = 0.5 + level / 2
    return float(stdtrit(dof, p) if math.isfinite(dof) else ndtri(p))


def combined_dof(variance: float, parts: Iterable[tuple[float, float]]) -> float:
    """Return Satterthwaite's degrees of freedom of a variance, of (variance, dof) of its parts."""
    spread = sum(v * v / dof for v, dof in parts)
    return variance * variance / spread if spread > 0.0 else math.inf


def two_digits(value: float) -> str:
    """Return a number to two significant digits, without an exponent.

    >>> two_digits(123.4), two_digits(0.9951), two_digits(0.00095), two_digits(0.0)
    ('120', '1.0', '0.00095', '0')
    """
    if not value or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.1e}")
    return f"{rounded:.{max(0, 1 - math.floor(math.log10(abs(rounded))))}f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value in Hartree, the variance of that value in Hartree², and the shots it cost.

    An exact value has variance 0 and 0 shots.

    Attributes:
        value: what was measured, without bias.
        variance: of the value.
        shots: how many it took.
        shared: the errors of a calibration that it has in common with other estimates; the
            variance includes their squares.
        dof: degrees of freedom of the variance: intervals follow Student's t.
        assumed: the share of the variance that rests on what is known beforehand and not on
            outcomes (`prior`). Where it is more than a tenth or so, too few shots were taken for
            a measured error, and the one that is given is an upper estimate.
    """

    value: float
    variance: float = 0.0
    shots: int = 0
    shared: tuple[float, ...] = ()
    dof: float = math.inf
    assumed: float = 0.0

    @property
    def stderr(self) -> float:
        """Standard error in Hartree."""
        return math.sqrt(self.variance)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence interval of that level, in Hartree.

        >>> [round(end, 3) for end in Estimate(-1.0, 0.01, 12, dof=4.0).interval()]
        [-1.278, -0.722]
        """
        reach = t_quantile(level, self.dof) * self.stderr
        return self.value - reach, self.value + reach

    def __str__(self) -> str:
        """Mean with its error in the last digits, e.g. -1.1369(12).

        The error has two digits; "(?)" marks one that is not known, as after a single shot.

        >>> print(Estimate(-1.13689, 0.0012**2, 1000))
        -1.1369(12)
        """
        if not math.isfinite(self.variance):
            return f"{self.value:z.8f}(?)"
        if self.stderr < 1e-12:
            return f"{self.value:z.8f}"
        digits = max(0, 1 - math.floor(math.log10(self.stderr)))
        if digits and round(self.stderr * 10**digits) >= 100:
            digits -= 1  # 0.00996 rounds up to 0.010
        error = round(self.stderr * 10**digits)
        return f"{self.value:z.{digits}f}({error})"

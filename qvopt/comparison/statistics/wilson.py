"""Wilson's interval of a success rate."""

from __future__ import annotations

from scipy.stats import binomtest

from qvopt.comparison.summary import Interval
from qvopt_molecules.errors import InputError


def wilson_interval(successes: int, runs: int, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of a binomial rate.

    With k successes of n, p = k/n and z the normal quantile of (1 + confidence)/2,

        (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).

    It keeps its coverage at rates near 0 and 1, where the normal interval collapses to a point.
    Without runs it is (0, 1). Raises InputError if successes are not within 0 … runs.

    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927).
    """
    if not 0 <= successes <= runs:
        raise InputError(f"successes must be within 0 and {runs} runs, got {successes}")
    if runs == 0:
        return Interval(0.0, 1.0)
    interval = binomtest(successes, runs).proportion_ci(confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))

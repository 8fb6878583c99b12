"""Empirical distributions, and Dolan and Moré's and Moré and Wild's profiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray


class Steps(NamedTuple):
    """A right-continuous step function: `share[k]` from `x[k]` on, 0 before `x[0]`."""

    x: FloatArray
    share: FloatArray

    def at(self, x: npt.ArrayLike) -> FloatArray:
        """Return its values at x."""
        places = np.searchsorted(self.x, np.asarray(x, dtype=np.float64), side="right")
        return np.concatenate([[0.0], self.share])[places]


def empirical_distribution(values: npt.ArrayLike) -> Steps:
    """Return the share of values that are at most x; infinite ones count in the denominator."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    x, count = np.unique(flat[np.isfinite(flat)], return_counts=True)
    return Steps(x, np.cumsum(count) / max(len(flat), 1))


def performance_profile(costs: npt.ArrayLike) -> list[Steps]:
    """Return ρ_s(τ) of each solver: on which share of instances it is within τ of the best.

    Args:
        costs: t_{p,s} > 0, shape (instances, solvers); infinite where a solver failed.

    With r_{p,s} = t_{p,s} / min_s t_{p,s}, ρ_s(τ) = |{p : r_{p,s} ≤ τ}| / |p|. ρ_s(1) is how
    often it was the fastest, the limit is how often it solved. Instances that none solved count in
    the denominator.

    Source: Dolan, Moré, Math. Program. 91, 201 (2002).
    """
    t = np.asarray(costs, dtype=np.float64)
    best = t.min(axis=1, keepdims=True)
    solved = np.isfinite(t)
    ratio = np.full(t.shape, np.inf)
    np.divide(t, best, out=ratio, where=solved & (best > 0))
    ratio[solved & (t == best)] = 1.0  # also where the best is 0
    return [empirical_distribution(column) for column in ratio.T]


def data_profile(costs: npt.ArrayLike, unit: npt.ArrayLike) -> list[Steps]:
    """Return d_s(κ) of each solver: the share of instances that it solved with κ units.

    Args:
        costs: t_{p,s}, shape (instances, solvers); infinite where a solver failed.
        unit: cost of one unit on each instance, shape (instances,). The paper's is n_p + 1
            evaluations; for shots the budget of the problem serves.

    Source: Moré, Wild, SIAM J. Optim. 20, 172 (2009).
    """
    t = np.asarray(costs, dtype=np.float64) / np.asarray(unit, dtype=np.float64)[:, None]
    return [empirical_distribution(column) for column in t.T]

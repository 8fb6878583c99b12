"""Quantiles of samples that hold infinities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray


def quantile(values: npt.ArrayLike, q: npt.ArrayLike, axis: int = -1) -> FloatArray:
    """Return quantiles along an axis, linear between order statistics (Hyndman and Fan's type 7).

    Unlike numpy.quantile, an infinite order statistic makes its own quantiles infinite and leaves
    the others alone: halfway between a number and infinity is infinity, never NaN. The shape is
    that of `q` followed by that of `values` without `axis`; an empty axis gives NaN.
    """
    ordered = np.sort(np.moveaxis(np.asarray(values, dtype=np.float64), axis, 0), axis=0)
    wanted = np.asarray(q, dtype=np.float64)
    n = len(ordered)
    if n == 0:
        return np.full(wanted.shape + ordered.shape[1:], np.nan)
    position = wanted * (n - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, n - 1)
    weight = (position - low).reshape(wanted.shape + (1,) * (ordered.ndim - 1))
    a, b = ordered[low], ordered[high]
    with np.errstate(invalid="ignore"):
        between = a + weight * (b - a)
    quantiles: FloatArray = np.where(
        (weight == 0) | (a == b), a, np.where(np.isfinite(b), between, b)
    )
    return quantiles


def median(values: npt.ArrayLike, axis: int = -1) -> FloatArray:
    """Return the median along an axis; see `quantile`."""
    return quantile(values, 0.5, axis)

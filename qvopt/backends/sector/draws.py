"""Drawing outcomes by inversion."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def moments_of_draws(cumulative, values, uniforms, shots, out):  # type: ignore[no-untyped-def]
    """For each group, draw outcomes by inverting its distribution; out rows (mean, m2).

    `cumulative` and `values` have shape (groups, outcomes); `uniforms` holds sum(shots) numbers.
    """
    position = 0
    for g in range(len(shots)):
        n = shots[g]
        if n == 0:
            continue
        row = cumulative[g]
        scale = row[-1]
        mean = m2 = 0.0
        for k in range(n):
            low = np.searchsorted(row, uniforms[position + k] * scale, side="right")
            value = values[g, min(low, len(row) - 1)]
            delta = value - mean
            mean += delta / (k + 1)
            m2 += delta * (value - mean)
        position += n
        out[g, 0] = mean
        out[g, 1] = m2

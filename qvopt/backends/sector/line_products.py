"""Products of a few rows with a large state, by spans of its columns."""

from __future__ import annotations

import numpy as np
from numba import njit

from .products import multiply_into

SPAN = 32
"""Columns of a tile: those of some hundred rows fit the second cache."""

LEAST_ROWS = 4
"""Rows that the product's kernel takes at a time: so many must exist."""


@njit(cache=True, nogil=True)
def multiply_lines(  # type: ignore[no-untyped-def]
    factors, n_rows, source, shape, rows, first_tile, last_tile
):  # fmt: skip
    """rows <- factors · source for each plane, by tiles of one plane and `SPAN` columns.

    `factors` has shape (n_rows, shape[0]), padded to `LEAST_ROWS`; `source` (planes, *shape) and
    `rows` (planes, n_rows, shape[1]); all are flat.
    """
    n_inner, n_columns = shape
    spans = -(-n_columns // SPAN)
    part = np.zeros(n_inner * SPAN)
    out = np.empty(max(n_rows, LEAST_ROWS) * SPAN)
    for tile in range(first_tile, last_tile):
        plane, start = tile // spans, tile % spans * SPAN
        count = min(SPAN, n_columns - start)
        origin = plane * n_inner * n_columns + start
        for k in range(n_inner):
            for m in range(count):
                part[k * SPAN + m] = source[origin + k * n_columns + m]
        multiply_into(factors, n_rows, n_inner, n_inner, part, out, SPAN)
        origin = plane * n_rows * n_columns + start
        for k in range(n_rows):
            for m in range(count):
                rows[origin + k * n_columns + m] = out[k * SPAN + m]

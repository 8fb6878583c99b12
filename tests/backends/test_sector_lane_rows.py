"""Scattered elements of eight rows against plain indexing."""

import numpy as np
import pytest
from numba import njit

from qvopt.backends.sector.lane_rows import gather_pairs, gather_rows, scatter_pairs, scatter_rows


@njit
def gather(z, rows, i, columns, left, right, buffer, to, n, alike):
    if alike:
        gather_pairs(z, rows, i, columns, left, right, buffer, to, n)
    else:
        gather_rows(z, rows, i, columns, left, right, buffer, to, n)


@njit
def scatter(z, rows, i, columns, left, right, buffer, to, n, alike):
    if alike:
        scatter_pairs(z, rows, i, columns, left, right, buffer, to, n)
    else:
        scatter_rows(z, rows, i, columns, left, right, buffer, to, n)


@pytest.mark.parametrize("alike", [False, True])
def test_elements_go_to_the_buffer_with_their_signs_and_back(alike):
    rng = np.random.default_rng(0)
    n, i, to = 5, 8, 16
    z = rng.normal(size=400)
    rows = np.concatenate([np.zeros(8, dtype=np.int64), 50 * rng.permutation(8)])
    columns = np.stack([rng.permutation(50)[:n] for _ in range(8)], axis=1)
    if alike:
        columns[:, 4:] = columns[:, :4]
    left, right = rng.choice([-1.0, 1.0], size=16), rng.choice([-1.0, 1.0], size=8 * n)
    places = rows[i : i + 8] + columns
    signs = left[i : i + 8] * right.reshape(n, 8)
    buffer = np.zeros(to + 8 * n)
    gather(z, rows, i, columns.reshape(-1), left, right, buffer, to, n, alike)
    np.testing.assert_array_equal(buffer[to:].reshape(n, 8), signs * z[places])
    assert not buffer[:to].any()

    buffer[to:] = rng.normal(size=8 * n)
    expected = z.copy()
    expected[places] = signs * buffer[to:].reshape(n, 8)
    scatter(z, rows, i, columns.reshape(-1), left, right, buffer, to, n, alike)
    np.testing.assert_array_equal(z, expected)

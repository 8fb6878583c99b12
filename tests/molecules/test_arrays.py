"""Arrays for kernels, and numbers that are finite."""

import numpy as np
import pytest

from qvopt_molecules.arrays import aligned_zeros, all_finite


@pytest.mark.parametrize("shape", [(0, 8), (1,), (3, 5), (2, 4, 8), (1000, 8)])
def test_zeros_begin_at_a_cache_line(shape):
    zeros = [aligned_zeros(*shape) for _ in range(5)]
    assert all(z.shape == shape and not z.any() for z in zeros)
    assert all(z.flags.c_contiguous and z.flags.writeable for z in zeros)
    assert all(z.ctypes.data % 64 == 0 for z in zeros if z.size)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_found(bad):
    for x in (np.ones(5), np.ones((2, 3)), np.full(4, 1e300)):
        assert all_finite(x)
        y = x.copy()
        y.flat[-1] = bad
        assert not all_finite(y)
    assert all_finite(1.0)
    assert not all_finite(bad)
    assert all_finite(np.float64(2.0))
    assert not all_finite([1.0, bad])
    assert all_finite([])

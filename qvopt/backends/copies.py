"""Copies of arrays inside kernels.

An assignment `a[:] = b` of arrays in an `njit` function makes numba compile the text of the error
for shapes that differ, strings and all: some three seconds for each kernel that holds one. These
loops compile to the same copy.
"""

from __future__ import annotations

from numba import njit


@njit(inline="always")
def copy_into(target, source):  # type: ignore[no-untyped-def]
    """target <- source, both of one dimension and of the same length."""
    for i in range(len(target)):
        target[i] = source[i]


@njit(inline="always")
def copy_rows(target, source):  # type: ignore[no-untyped-def]
    """target <- source, both of two dimensions and of the same shape."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i, j]

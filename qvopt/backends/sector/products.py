"""Products of small matrices in lanes, for sizes at which a call to BLAS costs more than the sums.

Rows are padded with zeros to a multiple of eight. Each element is summed in the order of the inner
index, so that results do not depend on how the work is shared out.
"""

from __future__ import annotations

from numba import njit

from .lanes import WIDTH, fma, load, splat, spread, store


@njit(inline="always")
def add_rows(a, a0, inner, stride, b, out, o0, columns):  # type: ignore[no-untyped-def]
    """Four rows of a product: out[o0 + r · columns + j] <- Σ_k a[a0 + r · stride + k] b[k, j].

    `b` is flat with rows of `columns` numbers, a multiple of eight.
    """
    for j in range(0, columns, WIDTH):
        zero = splat(0.0)
        p, q, r, s = zero, zero, zero, zero
        for k in range(inner):
            row = load(b, k * columns + j)
            at = a0 + k
            p = fma(spread(a, at), row, p)
            q = fma(spread(a, at + stride), row, q)
            r = fma(spread(a, at + 2 * stride), row, r)
            s = fma(spread(a, at + 3 * stride), row, s)
        store(out, o0 + j, p)
        store(out, o0 + columns + j, q)
        store(out, o0 + 2 * columns + j, r)
        store(out, o0 + 3 * columns + j, s)


@njit(inline="always")
def multiply_into(a, rows, inner, stride, b, out, columns):  # type: ignore[no-untyped-def]
    """out <- a b for `a` of (rows, inner) with rows `stride` apart, all flat.

    Goes by four rows, of which the last four may repeat some; fewer than four rows in all must be
    padded to four.
    """
    for row in range(0, max(rows, 1), 4):
        at = max(min(row, rows - 4), 0)
        add_rows(a, at * stride, inner, stride, b, out, at * columns, columns)

"""The Hamiltonian times a large state, without its matrix.

sigma = H C with C over (alpha string, beta string) falls into three parts: operators on alpha
strings alone, on beta strings alone (sparse matrices over the strings of one spin), and products
of a single excitation of each. For row I of the last part, with its single excitations
⟨I|E_pq|J⟩ = s and with E_pp on the row itself,

    W[rs, K] = Σ_{J, pq} s (pq|rs) C[J, K]       a small dense matrix product,
    sigma[I, L] += Σ_rs ⟨L|E_rs|K⟩ W[rs, K]      an addition over string tables.

This is the direct product form of P. J. Knowles and N. C. Handy, Chem. Phys. Lett. 111, 315
(1984), split by spin as in J. Olsen et al., J. Chem. Phys. 89, 2185 (1988). Every element of sigma
is summed in one order, whatever the threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lanes import WIDTH, add, fma, load, splat, spread, store, total
from .lines import load_lines

CHUNK = 64
"""Columns of C whose rows lie together in the first-level cache."""

ROWS_AT_ONCE = 6
"""Rows of W that the registers hold."""


@njit(cache=True, nogil=True)
def one_spin(  # type: ignore[no-untyped-def]
    c, sigma, shape, by_rows, adding, starts, columns, values, first_tile, last_tile
):  # fmt: skip
    """sigma = (or +=) the sparse matrix over strings times each line of C, by tiles."""
    n_rows, n_columns = shape
    length = n_columns if by_rows else n_rows
    n_lines = n_rows if by_rows else n_columns
    line_step, step = (n_columns, 1) if by_rows else (1, n_columns)
    buffer, out = np.empty(length * WIDTH), np.empty(WIDTH)
    lines = np.arange(n_lines)
    for tile in range(first_tile, last_tile):
        first = tile * WIDTH
        count = min(WIDTH, n_lines - first)
        load_lines(c, 1, shape, by_rows, lines, first, count, buffer)
        for k in range(length):
            # Two sums hide the latency of an addition.
            even, odd = splat(0.0), splat(0.0)
            n, last = starts[k], starts[k + 1]
            while n + 1 < last:
                even = fma(spread(values, n), load(buffer, np.intp(columns[n]) * WIDTH), even)
                other = load(buffer, np.intp(columns[n + 1]) * WIDTH)
                odd = fma(spread(values, n + 1), other, odd)
                n += 2
            if n < last:
                even = fma(spread(values, n), load(buffer, np.intp(columns[n]) * WIDTH), even)
            store(out, 0, add(even, odd))
            at = first * line_step + k * step
            for lane in range(count):
                if adding:
                    sigma[at + lane * line_step] += out[lane]
                else:
                    sigma[at + lane * line_step] = out[lane]


@njit(cache=True, nogil=True)
def both_spins(  # type: ignore[no-untyped-def]
    c, sigma, shape, occupied, link_to, link_pair, link_sign, link_block, integrals, on_pairs,
    on_strings, block_first, pair_first, pair_left, pair_right, pair_sign, first_row, last_row,
):  # fmt: skip
    """sigma[I] += the products of single excitations, for some rows I.

    Orbital pairs p > q are numbered so that blocks of symmetry (pairs that integrals join) lie
    together: block b holds pairs block_first[b] to block_first[b + 1]; the links of I, sorted
    likewise, those from link_block[I, b]. integrals[pq, rs] = (pq|rs); on_pairs[p, rs] = (pp|rs);
    on_strings[pq or pp, K] = Σ_{r in K} (pq|rr), the rows of p p after those of pairs.
    """
    n_columns = shape[1]
    n_pairs, n_links = len(integrals), link_to.shape[1]
    n_blocks = len(block_first) - 1
    padded = -(-n_columns // CHUNK) * CHUNK
    w = np.zeros((n_pairs + ROWS_AT_ONCE) * padded)
    source = np.zeros((n_links + 1) * CHUNK)
    row_of_factors = (n_links + 1) * ROWS_AT_ONCE
    factors = np.zeros((n_pairs // ROWS_AT_ONCE + n_blocks + 1) * row_of_factors)
    mean = np.zeros(n_pairs)
    for row in range(first_row, last_row):
        base = row * n_columns
        mean[:] = 0.0
        for p in occupied[row]:
            for rs in range(n_pairs):
                mean[rs] += on_pairs[p, rs]
            for k in range(n_columns):
                sigma[base + k] += on_strings[n_pairs + p, k] * c[base + k]
        for l in range(n_links):
            at, s, pq = link_to[row, l] * n_columns, link_sign[row, l], link_pair[row, l]
            for k in range(n_columns):
                sigma[base + k] += s * on_strings[pq, k] * c[at + k]
        _spread_integrals(
            row, mean, link_pair, link_sign, link_block, integrals, block_first, factors
        )
        for first in range(0, n_columns, CHUNK):
            count = min(CHUNK, n_columns - first)
            for k in range(count):
                source[n_links * CHUNK + k] = c[base + first + k]
            for l in range(n_links):
                at = link_to[row, l] * n_columns + first
                for k in range(count):
                    source[l * CHUNK + k] = c[at + k]
            group = 0
            for b in range(n_blocks):
                l0, l1 = link_block[row, b], link_block[row, b + 1]
                for rs in range(block_first[b], block_first[b + 1], ROWS_AT_ONCE):
                    for k in range(0, count, WIDTH):
                        _six_rows(
                            factors, group * row_of_factors, source, n_links, l0, l1, k,
                            w, rs, padded,
                            min(ROWS_AT_ONCE, block_first[b + 1] - rs), first + k,
                        )  # fmt: skip
                    group += 1
        for rs in range(n_pairs):
            at = rs * padded
            for n in range(pair_first[rs], pair_first[rs + 1]):
                i, j, s = np.intp(pair_left[n]), np.intp(pair_right[n]), pair_sign[n]
                sigma[base + j] += s * w[at + i]
                sigma[base + i] += s * w[at + j]


@njit(cache=True, nogil=True)
def _spread_integrals(  # type: ignore[no-untyped-def]
    row, mean, link_pair, link_sign, link_block, integrals, block_first, factors
):  # fmt: skip
    """factors[group][link, six] = s (pq|rs) of the row's links; the mean's after the last link."""
    n_links = link_pair.shape[1]
    at = 0
    for b in range(len(block_first) - 1):
        for rs in range(block_first[b], block_first[b + 1], ROWS_AT_ONCE):
            for m in range(min(ROWS_AT_ONCE, block_first[b + 1] - rs)):
                factors[at + n_links * ROWS_AT_ONCE + m] = mean[rs + m]
                for l in range(link_block[row, b], link_block[row, b + 1]):
                    factors[at + l * ROWS_AT_ONCE + m] = (
                        link_sign[row, l] * integrals[link_pair[row, l], rs + m]
                    )
            at += (n_links + 1) * ROWS_AT_ONCE


@njit(cache=True, nogil=True, inline="always")
def _six_rows(  # type: ignore[no-untyped-def]
    factor, origin, source, n_links, l0, l1, k, w, rs, padded, count, column
):  # fmt: skip
    """W[rs : rs + 6, eight columns] = factor[l, 6] times source[l, eight columns]."""
    x = load(source, n_links * CHUNK + k)
    at = origin + n_links * ROWS_AT_ONCE
    zero = splat(0.0)
    w0 = fma(spread(factor, at), x, zero)
    w1 = fma(spread(factor, at + 1), x, zero)
    w2 = fma(spread(factor, at + 2), x, zero)
    w3 = fma(spread(factor, at + 3), x, zero)
    w4 = fma(spread(factor, at + 4), x, zero)
    w5 = fma(spread(factor, at + 5), x, zero)
    for l in range(l0, l1):
        x = load(source, l * CHUNK + k)
        at = origin + l * ROWS_AT_ONCE
        w0 = fma(spread(factor, at), x, w0)
        w1 = fma(spread(factor, at + 1), x, w1)
        w2 = fma(spread(factor, at + 2), x, w2)
        w3 = fma(spread(factor, at + 3), x, w3)
        w4 = fma(spread(factor, at + 4), x, w4)
        w5 = fma(spread(factor, at + 5), x, w5)
    # Rows past the block's last are overwritten by the next block, or lie in the spare ones.
    to = rs * padded + column
    store(w, to, w0)
    if count > 1:
        store(w, to + padded, w1)
    if count > 2:
        store(w, to + 2 * padded, w2)
    if count > 3:
        store(w, to + 3 * padded, w3)
    if count > 4:
        store(w, to + 4 * padded, w4)
    if count > 5:
        store(w, to + 5 * padded, w5)


@njit(cache=True, nogil=True)
def dot_parts(x, y, parts, block, first_part, last_part):  # type: ignore[no-untyped-def]
    """parts[k] <- x · y over the k-th block of elements, by lanes."""
    for part in range(first_part, last_part):
        first, last = part * block, min(len(x), (part + 1) * block)
        lanes = splat(0.0)
        k = first
        while k + WIDTH <= last:
            lanes = fma(load(x, k), load(y, k), lanes)
            k += WIDTH
        rest = 0.0
        while k < last:
            rest += x[k] * y[k]
            k += 1
        parts[part] = total(add(lanes, splat(0.0))) + rest

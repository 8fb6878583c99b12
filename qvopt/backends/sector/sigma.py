"""The Hamiltonian times a large state, without its matrix.

sigma = H C with C over (alpha string, beta string) falls into three parts: operators on alpha
strings alone, on beta strings alone (sparse matrices over the strings of one spin), and products
of a single excitation of each. For row I of the last part, with its single excitations
⟨I|E_pq|J⟩ = s and with E_pp on the row itself,

    W[rs, K] = Σ_{J, pq} s (pq|rs) C[J, K]       a small dense matrix product,
    sigma[I, L] += Σ_rs ⟨L|E_rs|K⟩ W[rs, K]      an addition over string tables.

This is the direct product form of P. J. Knowles and N. C. Handy, Chem. Phys. Lett. 111, 315
(1984), split by spin as in J. Olsen et al., J. Chem. Phys. 89, 2185 (1988). Only the excitations
that a string has take part: electrons times holes of the norb (norb - 1) / 2 pairs.

Eight rows I go together, each in a lane of its own: the additions, which scatter over L, then move
whole vectors, and W is made block by block of a few rs and K in the registers and used while it is
in the nearest cache. Every element of sigma is summed in one order, whatever the threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lane_blocks import COLUMNS, block_product, load_rows
from .lanes import (
    WIDTH,
    add,
    fma,
    load,
    load_transposed,
    mul,
    splat,
    spread,
    store,
    store_transposed,
    total,
)

CHUNK = 32
"""Columns of C whose rows are brought together at once; they stay in the nearest caches."""

_one, _two, _three, _four, _five, _six = (block_product(rows) for rows in range(1, 7))


@njit(cache=True, nogil=True)
def on_columns(c, sigma, shape, starts, columns, values, first_tile, last_tile):  # type: ignore[no-untyped-def]
    """sigma = the sparse matrix over alpha strings times C, by tiles of eight columns."""
    n_rows, n_columns = shape
    buffer = np.zeros(n_rows * WIDTH)
    for tile in range(first_tile, last_tile):
        first = tile * WIDTH
        count = min(WIDTH, n_columns - first)
        for row in range(n_rows):
            at = row * n_columns + first
            if count == WIDTH:
                store(buffer, row * WIDTH, load(c, at))
            else:
                for lane in range(count):
                    buffer[row * WIDTH + lane] = c[at + lane]
        for row in range(n_rows):
            value = _row_product(buffer, starts[row], starts[row + 1], columns, values)
            at = row * n_columns + first
            if count == WIDTH:
                store(sigma, at, value)
            else:
                tail = np.empty(WIDTH)
                store(tail, 0, value)
                for lane in range(count):
                    sigma[at + lane] = tail[lane]


@njit(cache=True, nogil=True, inline="always")
def _row_product(buffer, n, last, columns, values):  # type: ignore[no-untyped-def]
    """A row of a sparse matrix times a buffer of eight lanes."""
    # Four sums hide the latency of an addition.
    zero = splat(0.0)
    w0, w1, w2, w3 = zero, zero, zero, zero
    while n + 3 < last:
        w0 = fma(spread(values, n), load(buffer, np.intp(columns[n]) * WIDTH), w0)
        w1 = fma(spread(values, n + 1), load(buffer, np.intp(columns[n + 1]) * WIDTH), w1)
        w2 = fma(spread(values, n + 2), load(buffer, np.intp(columns[n + 2]) * WIDTH), w2)
        w3 = fma(spread(values, n + 3), load(buffer, np.intp(columns[n + 3]) * WIDTH), w3)
        n += 4
    while n < last:
        w0 = fma(spread(values, n), load(buffer, np.intp(columns[n]) * WIDTH), w0)
        n += 1
    return add(add(w0, w1), add(w2, w3))


@njit(cache=True, nogil=True)
def on_rows(  # type: ignore[no-untyped-def]
    c, sigma, shape, starts, columns, values, order, occupied, link_to, link_pair, link_sign,
    link_block, integrals, mean, on_strings, groups, has_mean, entry_first, entry_from, entry_to,
    entry_sign, first_tile, last_tile,
):  # fmt: skip
    """sigma += the matrix over beta strings, and the products of excitations, for some rows.

    A tile is eight rows in a given order. Orbital pairs p > q are numbered so that blocks of
    symmetry (pairs that integrals join) lie together; the links of I, sorted likewise, are those
    from link_block[I, b] on. integrals[pq, rs] = (pq|rs); mean[I, rs] = Σ_{p in I} (pp|rs) on the
    blocks that have one; on_strings[pq or pp, K] = Σ_{r in K} (pq|rr), the rows of p p after those
    of pairs. A group of W is (block, first pair, number of pairs); entries n from
    entry_first[chunk, rs] add entry_sign[n] W[rs, entry_from[n]] to column entry_to[n].
    """
    n_columns = shape[1]
    n_pairs, n_links, n_blocks = len(integrals), link_to.shape[1], len(has_mean)
    most_slots = n_blocks * (n_links + 1)
    slot_offset = np.zeros(most_slots * WIDTH, dtype=np.int64)
    slot_first = np.zeros(n_blocks + 1, dtype=np.int64)
    slot_link = np.zeros(most_slots * WIDTH, dtype=np.int64)
    source = np.zeros(most_slots * CHUNK * WIDTH)
    w = np.zeros(6 * CHUNK * WIDTH)
    factors = np.zeros((n_pairs * (n_links + 1) + 1) * WIDTH)
    state, image = np.zeros(n_columns * WIDTH), np.zeros(n_columns * WIDTH)
    rows, offsets = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    for tile in range(first_tile, last_tile):
        count = min(WIDTH, len(order) - tile * WIDTH)
        for lane in range(WIDTH):
            # A lane without a row of its own repeats the last one, and is not stored.
            rows[lane] = order[tile * WIDTH + min(lane, count - 1)]
            offsets[lane] = rows[lane] * n_columns
        for lane in range(count):
            _on_itself(
                c, sigma, n_columns, rows[lane], occupied, link_to, link_pair, link_sign,
                link_block, on_strings, has_mean, n_pairs,
            )  # fmt: skip
        _load_tile(c, offsets, n_columns, state)
        _load_tile(sigma, offsets, n_columns, image)
        for row in range(n_columns):
            value = _row_product(state, starts[row], starts[row + 1], columns, values)
            store(image, row * WIDTH, add(load(image, row * WIDTH), value))
        _slots(rows, n_columns, link_to, link_block, has_mean, slot_first, slot_offset, slot_link)
        _factors(
            rows, link_pair, link_sign, integrals, mean, groups, has_mean, slot_first, slot_link,
            factors,
        )  # fmt: skip
        n_slots = slot_first[n_blocks]
        for chunk in range(len(entry_first)):
            first = chunk * CHUNK
            width = min(CHUNK, n_columns - first)
            for slot in range(n_slots):
                _load_slot(c, slot_offset, slot * WIDTH, first, width, source)
            at = 0
            for g in range(len(groups)):
                b, rs, size = groups[g, 0], groups[g, 1], groups[g, 2]
                s0 = slot_first[b]
                n = slot_first[b + 1] - s0
                for k in range(0, width, COLUMNS):
                    _block(
                        size, factors, at * WIDTH, source, (s0 * CHUNK + k) * WIDTH, n, w,
                        k * WIDTH,
                    )  # fmt: skip
                at += size * n
                for r in range(size):
                    for m in range(entry_first[chunk, rs + r], entry_first[chunk, rs + r + 1]):
                        to = np.intp(entry_to[m]) * WIDTH
                        part = load(w, (r * CHUNK + np.intp(entry_from[m])) * WIDTH)
                        store(image, to, fma(spread(entry_sign, m), part, load(image, to)))
        _store_tile(sigma, offsets, n_columns, count, image)


@njit(cache=True, nogil=True, inline="always")
def _block(size, factors, f, source, s, n, w, to):  # type: ignore[no-untyped-def]
    """W[r, k .. k + COLUMNS] for a group of `size` pairs."""
    step = stride = CHUNK * WIDTH
    if size == 6:
        _six(factors, f, source, s, step, n, w, to, stride)
    elif size == 5:
        _five(factors, f, source, s, step, n, w, to, stride)
    elif size == 4:
        _four(factors, f, source, s, step, n, w, to, stride)
    elif size == 3:
        _three(factors, f, source, s, step, n, w, to, stride)
    elif size == 2:
        _two(factors, f, source, s, step, n, w, to, stride)
    else:
        _one(factors, f, source, s, step, n, w, to, stride)


@njit(cache=True, nogil=True)
def _on_itself(  # type: ignore[no-untyped-def]
    c, sigma, n_columns, row, occupied, link_to, link_pair, link_sign, link_block, on_strings,
    has_mean, n_pairs,
):  # fmt: skip
    """Add what beta occupations do to a row: Σ s (pq|rr) n_r C[J], and the same with p p."""
    base = row * n_columns
    weights = np.zeros(n_columns)
    for p in occupied[row]:
        for k in range(n_columns):
            weights[k] += on_strings[n_pairs + p, k]
    for k in range(n_columns):
        sigma[base + k] += weights[k] * c[base + k]
    flat = on_strings.reshape(-1)
    for b in range(len(has_mean)):
        if not has_mean[b]:
            continue
        for l in range(link_block[row, b], link_block[row, b + 1]):
            at, s, of = (
                link_to[row, l] * n_columns,
                link_sign[row, l],
                link_pair[row, l] * n_columns,
            )
            s = link_sign[row, l]
            sign = splat(s)
            k = 0
            while k + WIDTH <= n_columns:
                part = mul(sign, load(flat, of + k))
                store(sigma, base + k, fma(part, load(c, at + k), load(sigma, base + k)))
                k += WIDTH
            while k < n_columns:
                sigma[base + k] += s * flat[of + k] * c[at + k]
                k += 1


@njit(cache=True, nogil=True)
def _slots(rows, n_columns, link_to, link_block, has_mean, slot_first, slot_offset, slot_link):  # type: ignore[no-untyped-def]
    """Rows J that the lanes take at once, by block: a row itself (-1), then its links.

    A lane with fewer links than others has none (-2).
    """
    slot = 0
    for b in range(len(has_mean)):
        slot_first[b] = slot
        if has_mean[b]:
            for lane in range(WIDTH):
                slot_offset[slot * WIDTH + lane] = rows[lane] * n_columns
                slot_link[slot * WIDTH + lane] = -1
            slot += 1
        most = 0
        for lane in range(WIDTH):
            most = max(most, link_block[rows[lane], b + 1] - link_block[rows[lane], b])
        for m in range(most):
            for lane in range(WIDTH):
                row = rows[lane]
                l = link_block[row, b] + m
                is_link = l < link_block[row, b + 1]
                slot_offset[slot * WIDTH + lane] = (link_to[row, l] if is_link else row) * n_columns
                slot_link[slot * WIDTH + lane] = l if is_link else -2
            slot += 1
    slot_first[len(has_mean)] = slot


@njit(cache=True, nogil=True)
def _factors(  # type: ignore[no-untyped-def]
    rows, link_pair, link_sign, integrals, mean, groups, has_mean, slot_first, slot_link, factors
):  # fmt: skip
    """factors[group][slot, pair, lane] = s (pq|rs) of each lane's link."""
    at = 0
    for g in range(len(groups)):
        b, rs, size = groups[g, 0], groups[g, 1], groups[g, 2]
        for slot in range(slot_first[b], slot_first[b + 1]):
            for lane in range(WIDTH):
                row, l = rows[lane], slot_link[slot * WIDTH + lane]
                for r in range(size):
                    to = (at + r) * WIDTH + lane
                    if l >= 0:
                        factors[to] = link_sign[row, l] * integrals[link_pair[row, l], rs + r]
                    else:
                        factors[to] = mean[row, rs + r] if l == -1 else 0.0
            at += size


@njit(cache=True, nogil=True, inline="always")
def _load_slot(c, offsets, slot, first, width, source):  # type: ignore[no-untyped-def]
    """Copy some columns of the eight rows of a slot; zeros beyond the last column."""
    k = 0
    while k + WIDTH <= width:
        load_rows(c, offsets, slot, first + k, source, (slot // WIDTH * CHUNK + k) * WIDTH)
        k += WIDTH
    while k < width:
        for lane in range(WIDTH):
            to = (slot // WIDTH * CHUNK + k) * WIDTH + lane
            source[to] = c[offsets[slot + lane] + first + k]
        k += 1
    while k % COLUMNS:
        for lane in range(WIDTH):
            source[(slot // WIDTH * CHUNK + k) * WIDTH + lane] = 0.0
        k += 1


@njit(cache=True, nogil=True)
def _load_tile(z, offsets, n_columns, buffer):  # type: ignore[no-untyped-def]
    """buffer[column, lane] <- eight rows."""
    k = 0
    while k + WIDTH <= n_columns:
        load_transposed(z, offsets, k, buffer)
        k += WIDTH
    while k < n_columns:
        for lane in range(WIDTH):
            buffer[k * WIDTH + lane] = z[offsets[lane] + k]
        k += 1


@njit(cache=True, nogil=True)
def _store_tile(z, offsets, n_columns, count, buffer):  # type: ignore[no-untyped-def]
    """Copy `count` rows back."""
    k = 0
    if count == WIDTH:
        while k + WIDTH <= n_columns:
            store_transposed(z, offsets, k, buffer)
            k += WIDTH
    while k < n_columns:
        for lane in range(count):
            z[offsets[lane] + k] = buffer[k * WIDTH + lane]
        k += 1


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

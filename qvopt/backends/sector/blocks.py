"""Groups of mixed gates over blocks of a large state.

A mixed gate excites an alpha and a beta electron. The excitations of a group join alpha strings to
small families and beta strings likewise (see `classes`); what all gates of the group do stays
within a block, the product of an alpha family and a beta family. A tile takes 8 / planes blocks of
one class, each block in a lane of its own, into buffer[alpha place, beta place, lane], so that the
whole group crosses main memory once. With T|p⟩ = s|q⟩ after both gauges, c = cos(θ/2) and
d = sin(θ/2):

    p <- c p - s d q,    q <- c q + s d p.

A tile is (alpha class, beta class, its first block); tiles are independent of each other, so that
any split over threads gives the same bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lane_rows import gather_pairs, gather_rows, scatter_pairs, scatter_rows
from .lanes import WIDTH, difference, fma, fnma, load, mul, splat, store, swap


@njit(cache=True, nogil=True)
def apply_blocks(  # type: ignore[no-untyped-def]
    z, planes, shape, room, tiles, alpha, beta, gates, turns, first_tile, last_tile
):
    """Apply a group to some tiles, in place; a tile of zeros is left alone.

    `room` are the most places of an alpha and of a beta family; `gates` holds each gate's alpha
    and beta excitation.
    """
    buffer, rows, columns, left, right, valid = _buffers(room)
    low, high, sign = alpha[6], alpha[7], alpha[8]
    beta_low, beta_high, beta_sign = beta[6], beta[7], beta[8]
    for tile in range(first_tile, last_tile):
        a, b = tiles[tile, 0], tiles[tile, 1]
        n_rows, n_columns = alpha[0][a], beta[0][b]
        _places(planes, shape, tiles[tile], alpha, beta, rows, columns, left, right, valid)
        if not _load(z, planes, n_rows, n_columns, rows, columns, left, right, buffer):
            continue
        for g in range(len(gates)):
            c, sine = splat(turns[g, 0]), turns[g, 1]
            first, last = beta[5][b, gates[g, 1]], beta[5][b, gates[g, 1] + 1]
            for m in range(alpha[5][a, gates[g, 0]], alpha[5][a, gates[g, 0] + 1]):
                p_row, q_row = low[m] * n_columns, high[m] * n_columns
                for n in range(first, last):
                    i, j = (p_row + beta_low[n]) * WIDTH, (q_row + beta_high[n]) * WIDTH
                    d = splat(sine * sign[m] * beta_sign[n])
                    p, q = load(buffer, i), load(buffer, j)
                    store(buffer, i, fnma(d, q, mul(c, p)))
                    store(buffer, j, fma(d, p, mul(c, q)))
        _store(z, planes, n_rows, n_columns, rows, columns, left, right, buffer)


@njit(cache=True, nogil=True)
def unapply_blocks(  # type: ignore[no-untyped-def]
    z, planes, shape, room, tiles, alpha, beta, gates, turns, slopes, first_tile, last_tile
):
    """Undo a group on ψ and λ together, last gate first.

    slopes[tile, gate] <- the tile's part of Re⟨λ|T - T†|ψ⟩. ψ fills the first four lanes and λ
    the others, so that λ_q ψ_p - ψ_q λ_p is q with its halves swapped times p.
    """
    buffer, rows, columns, left, right, valid = _buffers(room)
    low, high, sign = alpha[6], alpha[7], alpha[8]
    beta_low, beta_high, beta_sign = beta[6], beta[7], beta[8]
    for tile in range(first_tile, last_tile):
        a, b = tiles[tile, 0], tiles[tile, 1]
        n_rows, n_columns = alpha[0][a], beta[0][b]
        _places(planes, shape, tiles[tile], alpha, beta, rows, columns, left, right, valid)
        _load(z, planes, n_rows, n_columns, rows, columns, left, right, buffer)
        for g in range(len(gates) - 1, -1, -1):
            c, sine = splat(turns[g, 0]), turns[g, 1]
            part = splat(0.0)
            first, last = beta[5][b, gates[g, 1]], beta[5][b, gates[g, 1] + 1]
            for m in range(alpha[5][a, gates[g, 0]], alpha[5][a, gates[g, 0] + 1]):
                p_row, q_row = low[m] * n_columns, high[m] * n_columns
                for n in range(first, last):
                    i, j = (p_row + beta_low[n]) * WIDTH, (q_row + beta_high[n]) * WIDTH
                    s = sign[m] * beta_sign[n]
                    d = splat(sine * s)
                    p, q = load(buffer, i), load(buffer, j)
                    part = fma(mul(splat(s), p), swap(q), part)
                    store(buffer, i, fma(d, q, mul(c, p)))
                    store(buffer, j, fnma(d, p, mul(c, q)))
            slopes[tile, g] = difference(mul(load(valid, 0), part))
        _store(z, planes, n_rows, n_columns, rows, columns, left, right, buffer)


@njit(cache=True, nogil=True)
def _buffers(room):  # type: ignore[no-untyped-def]
    """Room for a tile: its amplitudes, places and gauges of its rows and columns, its lanes."""
    n_rows, n_columns = room[0] * WIDTH, room[1] * WIDTH
    return (
        np.empty(room[0] * n_columns), np.empty(n_rows, np.int64), np.empty(n_columns, np.int64),
        np.empty(n_rows), np.empty(n_columns), np.empty(WIDTH),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _places(  # type: ignore[no-untyped-def]
    planes, shape, tile, alpha, beta, rows, columns, left, right, valid
):
    """Where each lane's rows and columns lie in the bundle, and their gauges.

    Lanes past the class's last block repeat the first one and are not valid.
    """
    a, b, first = tile
    width = WIDTH // planes
    blocks = alpha[1][a] * beta[1][b]
    n_rows, n_columns = alpha[0][a], beta[0][b]
    for lane in range(WIDTH):
        block = first + lane % width
        valid[lane] = 1.0 if block < blocks else 0.0
        if block >= blocks:
            block = first
        at = alpha[2][a] + block // beta[1][b] * n_rows
        base = lane // width * shape[0] * shape[1]
        for k in range(n_rows):
            rows[k * WIDTH + lane] = base + alpha[3][at + k] * shape[1]
            left[k * WIDTH + lane] = alpha[4][at + k]
        at = beta[2][b] + block % beta[1][b] * n_columns
        for k in range(n_columns):
            columns[k * WIDTH + lane] = beta[3][at + k]
            right[k * WIDTH + lane] = beta[4][at + k]


@njit(cache=True, nogil=True)
def _load(z, planes, n_rows, n_columns, rows, columns, left, right, buffer):  # type: ignore[no-untyped-def]
    """Copy the blocks to the buffer; return whether any element is not zero."""
    step = n_columns * WIDTH
    for k in range(n_rows):
        if planes == 1:
            gather_rows(z, rows, k * WIDTH, columns, left, right, buffer, k * step, n_columns)
        else:
            gather_pairs(z, rows, k * WIDTH, columns, left, right, buffer, k * step, n_columns)
    at = n_rows * step
    n = 0
    while n < at and buffer[n] == 0.0:
        n += 1
    return n < at


@njit(cache=True, nogil=True)
def _store(z, planes, n_rows, n_columns, rows, columns, left, right, buffer):  # type: ignore[no-untyped-def]
    """Copy the blocks back."""
    step = n_columns * WIDTH
    for k in range(n_rows):
        if planes == 1:
            scatter_rows(z, rows, k * WIDTH, columns, left, right, buffer, k * step, n_columns)
        else:
            scatter_pairs(z, rows, k * WIDTH, columns, left, right, buffer, k * step, n_columns)

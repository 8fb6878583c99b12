"""Runs of gates over tiles of a large state.

A run is a list of gates that rotate pairs of strings of one spin: (first, one past the last) pair
of each, in the flat tables (left, right, sign). Plain runs rotate strings within each line; paired
runs (mixed excitations that share the other spin's part) rotate string I of a line of P with
string J of its partner line of Q. With T|I⟩ = s|J⟩, c = cos(θ/2) and d = sin(θ/2):

    p_I <- c p_I - s d q_J,    q_J <- c q_J + s d p_I.

Tiles are independent of each other, so that any split over threads gives the same bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lanes import WIDTH, difference, fma, fnma, load, mul, splat, store, swap
from .lines import load_lines, store_lines


@njit(cache=True, nogil=True)
def apply_run(  # type: ignore[no-untyped-def]
    z, planes, shape, by_rows, p_lines, q_lines, q_signs, ranges, turns, left, right, sign,
    first_tile, last_tile,
):  # fmt: skip
    """Apply a run to some tiles, in place; a tile of zeros is left alone."""
    width = WIDTH // planes
    paired = len(q_lines) > 0
    length = shape[1] if by_rows else shape[0]
    p_buffer = np.empty(length * WIDTH)
    q_buffer = np.empty(length * WIDTH) if paired else p_buffer
    for tile in range(first_tile, last_tile):
        first = tile * width
        count = min(width, len(p_lines) - first)
        seen = load_lines(z, planes, shape, by_rows, p_lines, first, count, p_buffer)
        if paired:
            seen |= load_lines(z, planes, shape, by_rows, q_lines, first, count, q_buffer)
        if not seen:
            continue
        signs = _signs(q_signs, first, count, width)
        if paired:
            _change_signs(q_buffer, length, signs)
        for g in range(len(ranges)):
            c, sine = splat(turns[g, 0]), turns[g, 1]
            for n in range(ranges[g, 0], ranges[g, 1]):
                i, j = np.intp(left[n]) * WIDTH, np.intp(right[n]) * WIDTH
                d = splat(sine * sign[n])
                p, q = load(p_buffer, i), load(q_buffer, j)
                store(p_buffer, i, fnma(d, q, mul(c, p)))
                store(q_buffer, j, fma(d, p, mul(c, q)))
        store_lines(z, planes, shape, by_rows, p_lines, first, count, p_buffer)
        if paired:
            _change_signs(q_buffer, length, signs)
            store_lines(z, planes, shape, by_rows, q_lines, first, count, q_buffer)


@njit(cache=True, nogil=True)
def unapply_run(  # type: ignore[no-untyped-def]
    z, planes, shape, by_rows, p_lines, q_lines, q_signs, ranges, turns, left, right, sign,
    slopes, first_tile, last_tile,
):  # fmt: skip
    """Undo a run on ψ and λ together, last gate first.

    slopes[tile, gate] <- the tile's part of Re⟨λ|T - T†|ψ⟩. ψ fills the first four lanes and λ
    the others, so that λ_J ψ_I - ψ_J λ_I is q with its halves swapped times p.
    """
    width = WIDTH // planes
    paired = len(q_lines) > 0
    length = shape[1] if by_rows else shape[0]
    p_buffer = np.empty(length * WIDTH)
    q_buffer = np.empty(length * WIDTH) if paired else p_buffer
    for tile in range(first_tile, last_tile):
        first = tile * width
        count = min(width, len(p_lines) - first)
        load_lines(z, planes, shape, by_rows, p_lines, first, count, p_buffer)
        signs = _signs(q_signs, first, count, width)
        if paired:
            load_lines(z, planes, shape, by_rows, q_lines, first, count, q_buffer)
            _change_signs(q_buffer, length, signs)
        for g in range(len(ranges) - 1, -1, -1):
            c, sine = splat(turns[g, 0]), turns[g, 1]
            part = splat(0.0)
            for n in range(ranges[g, 0], ranges[g, 1]):
                i, j = np.intp(left[n]) * WIDTH, np.intp(right[n]) * WIDTH
                s, d = splat(sign[n]), splat(sine * sign[n])
                p, q = load(p_buffer, i), load(q_buffer, j)
                part = fma(mul(s, p), swap(q), part)
                store(p_buffer, i, fma(d, q, mul(c, p)))
                store(q_buffer, j, fnma(d, p, mul(c, q)))
            slopes[tile, g] = difference(part)
        store_lines(z, planes, shape, by_rows, p_lines, first, count, p_buffer)
        if paired:
            _change_signs(q_buffer, length, signs)
            store_lines(z, planes, shape, by_rows, q_lines, first, count, q_buffer)


@njit(cache=True, nogil=True)
def _signs(q_signs, first, count, width):  # type: ignore[no-untyped-def]
    """The sign of each lane's partner line."""
    signs = np.ones(WIDTH)
    for lane in range(WIDTH):
        at = lane % width
        if at < count and len(q_signs) > 0:
            signs[lane] = q_signs[first + at]
    return signs


@njit(cache=True, nogil=True)
def _change_signs(buffer, length, signs):  # type: ignore[no-untyped-def]
    s = load(signs, 0)
    for k in range(length):
        store(buffer, k * WIDTH, mul(s, load(buffer, k * WIDTH)))

"""Runs of gates of one spin over tiles of a large state.

A run is a list of gates that rotate pairs of strings of one spin within each line: (first, one past
the last) pair of each, in the flat tables (left, right, sign). With T|I⟩ = s|J⟩, c = cos(θ/2) and
d = sin(θ/2):

    p_I <- c p_I - s d p_J,    p_J <- c p_J + s d p_I.

A gate that multiplies complex amplitudes by phases has strings I with themselves and numbers s:
p_I <- exp(-i s φ) p_I, c and d being the cosine and the sine of φ.

Tiles are independent of each other, so that any split over threads gives the same bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lanes import WIDTH, difference, fma, fnma, load, mul, splat, store, swap, swap_pairs
from .lines import load_lines, store_lines


@njit(cache=True, nogil=True)
def _signs(planes):  # type: ignore[no-untyped-def]
    """By lane: 1 for real parts, -1 for imaginary parts; two planes are a complex state."""
    signs = np.ones(WIDTH)
    for lane in range(WIDTH):
        if lane // (WIDTH // planes) % 2 == 1:
            signs[lane] = -1.0
    return signs


@njit(cache=True, nogil=True)
def apply_run(  # type: ignore[no-untyped-def]
    z, planes, shape, by_rows, lines, ranges, diagonal, turns, left, right, sign,
    first_tile, last_tile,
):  # fmt: skip
    """Apply a run to some tiles, in place; a tile of zeros is left alone."""
    width = WIDTH // planes
    length = shape[1] if by_rows else shape[0]
    buffer = np.empty(length * WIDTH)
    imaginary = load(_signs(planes), 0)
    for tile in range(first_tile, last_tile):
        first = tile * width
        count = min(width, len(lines) - first)
        if not load_lines(z, planes, shape, by_rows, lines, first, count, buffer):
            continue
        for g in range(len(ranges)):
            c, sine = splat(turns[g, 0]), turns[g, 1]
            if diagonal[g]:
                for n in range(ranges[g, 0], ranges[g, 1]):
                    i = np.intp(left[n]) * WIDTH
                    v = load(buffer, i)
                    d = mul(splat(sine * sign[n]), imaginary)
                    turned = swap(v) if planes == 2 else swap_pairs(v)
                    store(buffer, i, fma(d, turned, mul(c, v)))
                continue
            for n in range(ranges[g, 0], ranges[g, 1]):
                i, j = np.intp(left[n]) * WIDTH, np.intp(right[n]) * WIDTH
                d = splat(sine * sign[n])
                p, q = load(buffer, i), load(buffer, j)
                store(buffer, i, fnma(d, q, mul(c, p)))
                store(buffer, j, fma(d, p, mul(c, q)))
        store_lines(z, planes, shape, by_rows, lines, first, count, buffer)


@njit(cache=True, nogil=True)
def unapply_run(  # type: ignore[no-untyped-def]
    z, planes, shape, by_rows, lines, ranges, diagonal, turns, left, right, sign, slopes,
    first_tile, last_tile,
):  # fmt: skip
    """Undo a run on ψ and λ together, last gate first.

    slopes[tile, gate] <- the tile's part of Re⟨λ|T - T†|ψ⟩. ψ fills the first four lanes and λ
    the others, so that λ_J ψ_I - ψ_J λ_I is q with its halves swapped times p. Phases, which need
    complex states, leave 2 Σ s [Re λ Im ψ - Im λ Re ψ].
    """
    width = WIDTH // planes
    length = shape[1] if by_rows else shape[0]
    buffer = np.empty(length * WIDTH)
    imaginary = load(_signs(planes), 0)
    for tile in range(first_tile, last_tile):
        first = tile * width
        count = min(width, len(lines) - first)
        load_lines(z, planes, shape, by_rows, lines, first, count, buffer)
        for g in range(len(ranges) - 1, -1, -1):
            c, sine = splat(turns[g, 0]), turns[g, 1]
            part = splat(0.0)
            if diagonal[g]:
                for n in range(ranges[g, 0], ranges[g, 1]):
                    i = np.intp(left[n]) * WIDTH
                    v = load(buffer, i)
                    turned = mul(imaginary, swap_pairs(v))
                    part = fma(mul(splat(sign[n]), turned), swap(v), part)
                    store(buffer, i, fnma(splat(sine * sign[n]), turned, mul(c, v)))
                slopes[tile, g] = difference(part)
                continue
            for n in range(ranges[g, 0], ranges[g, 1]):
                i, j = np.intp(left[n]) * WIDTH, np.intp(right[n]) * WIDTH
                s, d = splat(sign[n]), splat(sine * sign[n])
                p, q = load(buffer, i), load(buffer, j)
                part = fma(mul(s, p), swap(q), part)
                store(buffer, i, fma(d, q, mul(c, p)))
                store(buffer, j, fnma(d, p, mul(c, q)))
            slopes[tile, g] = difference(part)
        store_lines(z, planes, shape, by_rows, lines, first, count, buffer)

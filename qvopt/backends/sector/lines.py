"""Rows and columns of a large state, eight at a time, in a buffer that stays in the cache.

A bundle z holds `planes` matrices over (alpha string, beta string), flat, one after another: ψ; or
ψ and λ = Hψ; and with complex amplitudes the real part before the imaginary part of each. A tile
takes 8 / planes lines (rows, or columns) of every plane into buffer[string, lane]: whatever real
arithmetic does to a line it then does to all eight at once, and a long run of gates crosses main
memory once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lanes import WIDTH, load_transposed, store_transposed


@njit(cache=True, nogil=True)
def load_lines(z, planes, shape, by_rows, lines, first, count, buffer):  # type: ignore[no-untyped-def]
    """Copy `count` lines of every plane into the buffer; return whether any is not zero."""
    width = WIDTH // planes
    length, step = (shape[1], 1) if by_rows else (shape[0], shape[1])
    offsets = _offsets(planes, shape, by_rows, lines, first, count)
    k = 0
    if by_rows and count == width:
        while k + WIDTH <= length:
            load_transposed(z, offsets, k, buffer)
            k += WIDTH
    while k < length:
        at, to = k * step, k * WIDTH
        if count == width:
            for lane in range(WIDTH):
                buffer[to + lane] = z[offsets[lane] + at]
        else:
            for lane in range(WIDTH):
                buffer[to + lane] = z[offsets[lane] + at] if lane % width < count else 0.0
        k += 1
    n = 0
    while n < length * WIDTH and buffer[n] == 0.0:
        n += 1
    return n < length * WIDTH


@njit(cache=True, nogil=True)
def store_lines(z, planes, shape, by_rows, lines, first, count, buffer):  # type: ignore[no-untyped-def]
    """Copy the buffer's lines back."""
    width = WIDTH // planes
    length, step = (shape[1], 1) if by_rows else (shape[0], shape[1])
    offsets = _offsets(planes, shape, by_rows, lines, first, count)
    k = 0
    if by_rows and count == width:
        while k + WIDTH <= length:
            store_transposed(z, offsets, k, buffer)
            k += WIDTH
    while k < length:
        at, origin = k * step, k * WIDTH
        if count == width:
            for lane in range(WIDTH):
                z[offsets[lane] + at] = buffer[origin + lane]
        else:
            for lane in range(WIDTH):
                if lane % width < count:
                    z[offsets[lane] + at] = buffer[origin + lane]
        k += 1


@njit(cache=True, nogil=True)
def _offsets(planes, shape, by_rows, lines, first, count):  # type: ignore[no-untyped-def]
    """Where each lane's line begins in the bundle."""
    width = WIDTH // planes
    offsets = np.zeros(WIDTH, dtype=np.int64)
    for lane in range(WIDTH):
        if lane % width < count:
            line = lines[first + lane % width]
            start = line * shape[1] if by_rows else line
            offsets[lane] = lane // width * shape[0] * shape[1] + start
    return offsets

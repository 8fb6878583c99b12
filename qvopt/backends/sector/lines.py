"""Rows and columns of a large state, eight at a time, in a buffer that stays in the cache.

A bundle z holds `planes` matrices over (alpha string, beta string), flat, one after another: ψ; or
ψ and λ = Hψ; and with complex amplitudes the real part before the imaginary part of each. A tile
takes 8 / planes lines (rows, or columns) of every plane into buffer[string, lane]: whatever real
arithmetic does to a line it then does to all eight at once, and a long run of gates crosses main
memory once.
"""

from __future__ import annotations

from numba import njit

from .lanes import WIDTH


@njit(cache=True, nogil=True)
def load_lines(z, planes, shape, by_rows, lines, first, count, buffer):  # type: ignore[no-untyped-def]
    """Copy `count` lines of every plane into the buffer; return whether any is not zero."""
    n_rows, n_columns = shape
    width = WIDTH // planes
    length, step = (n_columns, 1) if by_rows else (n_rows, n_columns)
    seen = False
    for lane in range(WIDTH):
        plane, at = lane // width, lane % width
        if at >= count:
            for k in range(length):
                buffer[k * WIDTH + lane] = 0.0
            continue
        line = lines[first + at]
        start = plane * n_rows * n_columns + (line * n_columns if by_rows else line)
        for k in range(length):
            value = z[start + k * step]
            buffer[k * WIDTH + lane] = value
            seen |= value != 0.0
    return seen


@njit(cache=True, nogil=True)
def store_lines(z, planes, shape, by_rows, lines, first, count, buffer):  # type: ignore[no-untyped-def]
    """Copy the buffer's lines back."""
    n_rows, n_columns = shape
    width = WIDTH // planes
    length, step = (n_columns, 1) if by_rows else (n_rows, n_columns)
    for lane in range(WIDTH):
        plane, at = lane // width, lane % width
        if at < count:
            line = lines[first + at]
            start = plane * n_rows * n_columns + (line * n_columns if by_rows else line)
            for k in range(length):
                z[start + k * step] = buffer[k * WIDTH + lane]

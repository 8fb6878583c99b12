"""Kernels that draw outcomes of a full state, and walk a tree of changes of basis."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..copies import copy_rows
from .lanes import load, parity, total
from .sweeps import run_operations
from .turns import turn_into

_U0, _U1 = np.uint64(0), np.uint64(1)


@njit(cache=True)
def accumulate(re, im, cumulative):  # type: ignore[no-untyped-def]
    """Write Σ |ψ_n|² over all rows up to each row."""
    below = 0.0
    for r in range(re.shape[0]):
        row = np.uint64(r)
        a = load(re, row)
        squares = a * a
        if im.shape[0]:
            b = load(im, row)
            squares = squares + b * b
        below += total(squares)
        cumulative[r] = below


@njit(cache=True)
def draw(re, im, cumulative, uniforms, outcomes):  # type: ignore[no-untyped-def]
    """Draw an outcome for each uniform number in [0, 1), by inversion of the distribution.

    The number of rows is a power of two. What is chosen comes of comparisons and not of branches,
    which a processor would guess wrong half of the time.
    """
    rows = len(cumulative)
    for k in range(len(uniforms)):
        goal = uniforms[k] * cumulative[rows - 1]
        row, step = 0, rows >> 1
        while step > 0:  # the first row that ends beyond the goal; the last one where none does
            row += step * int(cumulative[row + step - 1] <= goal)
            step >>= 1
        below = cumulative[row - 1] if row > 0 else 0.0
        chosen, found = 0, False
        for lane in range(8):
            p = re[row, lane] * re[row, lane]
            if im.shape[0]:
                p += im[row, lane] * im[row, lane]
            below += p
            # Never an outcome that cannot be, whatever rounding does.
            chosen = lane if p > 0.0 and not found else chosen
            found = found or (p > 0.0 and goal < below)
        outcomes[k] = np.uint64(8 * row + chosen)


@njit(cache=True)
def mean_and_squares(outcomes, masks, coefficients, out):  # type: ignore[no-untyped-def]
    """Mean and sum of squared deviations of Σ_k c_k (-1)^{|outcome & mask_k|} over outcomes."""
    mean = squares = value = 0.0
    last = _U0
    for k in range(len(outcomes)):
        if k == 0 or outcomes[k] != last:
            last = outcomes[k]
            value = 0.0
            for j in range(len(masks)):
                value += coefficients[j] * parity(last & masks[j])
        delta = value - mean
        mean += delta / (k + 1)
        squares += delta * (value - mean)
    out[0] = mean
    out[1] = squares


@njit(cache=True)
def walk(  # type: ignore[no-untyped-def]
    kinds, masks, lanes, turns, steps, groups, stack_re, stack_im,
    starts, uniforms, outcomes, z_starts, z_masks, coefficients, moments,
):  # fmt: skip
    """Take the state at place 0 of the stack through all nodes, and draw.

    Group g has the draws starts[g] to starts[g + 1]. Branches without draws are walked too: they
    are few.
    """
    cumulative = np.empty(stack_re.shape[1])
    for node in range(len(steps)):
        source, target, first, last = steps[node, 0], steps[node, 1], steps[node, 2], steps[node, 3]
        re, im = stack_re[target], stack_im[target]
        if source != target:
            x = masks[first, 0] if first < last else _U0
            select = masks[first, 2] if first < last else _U0
            if first < last and select == x and x & (x - _U1) == _U0 and masks[first, 3] == _U0:
                # The gate writes every row: no copy.
                turn_into(
                    kinds[first], masks[first], lanes[first], turns[first, 0], turns[first, 1],
                    stack_re[source], stack_im[source], re, im,
                )  # fmt: skip
                first += 1
            else:
                copy_rows(re, stack_re[source])
                copy_rows(im, stack_im[source])
        run_operations(kinds, masks, lanes, turns, first, last, re, im)
        ready = False
        for k in range(steps[node, 4], steps[node, 5]):
            g = groups[k]
            a, b = starts[g], starts[g + 1]
            if a == b:
                continue
            if not ready:
                accumulate(re, im, cumulative)
                ready = True
            draw(re, im, cumulative, uniforms[a:b], outcomes[a:b])
            i, j = z_starts[g], z_starts[g + 1]
            mean_and_squares(outcomes[a:b], z_masks[i:j], coefficients[i:j], moments[g])

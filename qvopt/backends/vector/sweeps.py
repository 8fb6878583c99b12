"""Passes of kernels over a circuit: its state, the adjoint gradient, derivative states."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..copies import copy_rows
from .turns import slope, turn


@njit(cache=True)
def run_operations(kinds, masks, lanes, turns, first, last, re, im):  # type: ignore[no-untyped-def]
    """Apply operations first, first + 1, …, last - 1."""
    for k in range(first, last):
        turn(kinds[k], masks[k], lanes[k], turns[k, 0], turns[k, 1], re, im)


@njit(cache=True)
def prepare(kinds, masks, lanes, turns, start, last, re, im):  # type: ignore[no-untyped-def]
    """Write the state after the first `last` operations on the basis state `start`."""
    re[:] = 0.0
    im[:] = 0.0
    re[start >> 3, start & 7] = 1.0
    run_operations(kinds, masks, lanes, turns, np.int64(0), last, re, im)


@njit(cache=True)
def adjoint_slopes(  # type: ignore[no-untyped-def]
    kinds, masks, lanes, turns, mirrors, parametric, pr, pi, qr, qi, slopes
):
    """∂E/∂φ_k = 2 Re⟨λ_k|K_k ψ_k⟩: take ψ and λ = Hψ back through the circuit.

    Both states are left at the first parametric operation. `slopes` are those by φ.
    """
    next_slope = len(parametric) - 1
    for k in range(len(kinds) - 1, -1, -1):
        if next_slope < 0:
            return
        c, s = turns[k, 0], mirrors[k] * turns[k, 1]
        if k == parametric[next_slope]:
            slopes[next_slope] = 2.0 * slope(kinds[k], masks[k], lanes[k], c, s, pr, pi, qr, qi)
            next_slope -= 1
        else:
            turn(kinds[k], masks[k], lanes[k], c, s, pr, pi)
            turn(kinds[k], masks[k], lanes[k], c, s, qr, qi)


@njit(cache=True)
def derivative_states(  # type: ignore[no-untyped-def]
    kinds, masks, lanes, turns, parametric, first, last, start, re, im, tangents_re, tangents_im
):
    """Write ∂ψ/∂φ of parametric gates first … last - 1; `re`, `im` are left with ψ itself."""
    re[:] = 0.0
    im[:] = 0.0
    re[start >> 3, start & 7] = 1.0
    ready = 0
    for k in range(len(kinds)):
        c, s = turns[k, 0], turns[k, 1]
        turn(kinds[k], masks[k], lanes[k], c, s, re, im)
        for j in range(ready):
            turn(kinds[k], masks[k], lanes[k], c, s, tangents_re[j], tangents_im[j])
        if first + ready < last and k == parametric[first + ready]:
            generate(kinds[k], masks[k], lanes[k], re, im, tangents_re[ready], tangents_im[ready])
            ready += 1


@njit(cache=True)
def generate(kind, mask, lanes, re, im, out_re, out_im):  # type: ignore[no-untyped-def]
    """Write Kψ, where U = exp(φK) on the amplitudes that the operation acts on.

    U at φ = π/2, without what it keeps.
    """
    copy_rows(out_re, re)
    copy_rows(out_im, im)
    turned = lanes.copy()
    turned[0] = 0.0
    turn(kind, mask, turned, 0.0, 1.0, out_re, out_im)
    x, select, value = mask[0], mask[2], mask[3]
    for r in range(re.shape[0]):
        row = np.uint64(r)
        if (row & select) != value and ((row ^ x) & select) != value:
            out_re[r] = 0.0
            if im.shape[0]:
                out_im[r] = 0.0

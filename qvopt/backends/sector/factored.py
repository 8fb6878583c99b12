"""Single gates on a large state, over tables of strings, factored by spin.

z is a bundle of flat states, alpha string by beta string (see `lines`). A gate is (kind, first
alpha pair, one past the last, first beta pair, one past the last), its pairs (I, J, s) lying in
flat arrays over strings. Kinds: 0 rotates rows, 1 columns, 2 row-column pairs. Kind 3 multiplies by
phases (see `diagonal`): (3, number, 0 or 1 + the one spin that it depends on, first string, one
past the last). With T|I⟩ = s|J⟩, the gate exp(θ (T - T†) / 2) has c = cos(θ/2) and d = sin(θ/2):

    psi_I <- c psi_I - s d psi_J,    psi_J <- c psi_J + s d psi_I.

Kernels work on some units of a gate: alpha pairs, or whole rows for gates of columns.
Runs of several gates go through `tiles` instead.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .fused import fused

ROWS, COLUMNS, BOTH, PHASE = 0, 1, 2, 3

_ROWS_AT_ONCE = 4
"""Units whose rows share each pair of columns: what a pair is looked up for costs as much as it."""


@njit(cache=True, nogil=True)
def apply_gate(z, planes, shape, gate, left, right, sign, c, d, first, last):  # type: ignore[no-untyped-def]
    """Apply some units of a gate in place, to every plane."""
    for plane in range(planes):
        base = plane * shape[0] * shape[1]
        unit = first
        while unit < last:
            u0, v0, s0 = _rows(gate, shape, left, right, sign, base, unit)
            f0 = d * s0
            if gate[0] == ROWS:
                for k in range(np.uint64(shape[1])):
                    _turn(z, u0 + k, v0 + k, c, f0)
                unit += 1
                continue
            if unit + _ROWS_AT_ONCE > last:
                for b in range(gate[3], gate[4]):
                    _turn(z, u0 + np.uint64(left[b]), v0 + np.uint64(right[b]), c, f0 * sign[b])
                unit += 1
                continue
            u1, v1, s1 = _rows(gate, shape, left, right, sign, base, unit + 1)
            u2, v2, s2 = _rows(gate, shape, left, right, sign, base, unit + 2)
            u3, v3, s3 = _rows(gate, shape, left, right, sign, base, unit + 3)
            f1, f2, f3 = d * s1, d * s2, d * s3
            for b in range(gate[3], gate[4]):
                i, j, s = np.uint64(left[b]), np.uint64(right[b]), sign[b]
                _turn(z, u0 + i, v0 + j, c, f0 * s)
                _turn(z, u1 + i, v1 + j, c, f1 * s)
                _turn(z, u2 + i, v2 + j, c, f2 * s)
                _turn(z, u3 + i, v3 + j, c, f3 * s)
            unit += _ROWS_AT_ONCE


@njit(cache=True, nogil=True)
def unapply_gate(  # type: ignore[no-untyped-def]
    z, planes, shape, gate, left, right, sign, c, d, slopes, first, last
):  # fmt: skip
    """Undo some units of a gate on ψ (first half of the planes) and λ (the others) together.

    slopes[unit] <- the unit's part of Re⟨λ|T - T†|ψ⟩. The generator commutes with its gate, so
    one pass over the pairs does both.
    """
    size = shape[0] * shape[1]
    apart = np.uint64(planes // 2 * size)
    slopes[first:last] = 0.0
    for plane in range(planes // 2):
        unit = first
        while unit < last:
            u0, v0, s0 = _rows(gate, shape, left, right, sign, plane * size, unit)
            f0, part0, part1 = -d * s0, 0.0, 0.0
            if gate[0] == ROWS:
                for k in range(np.uint64(shape[1])):
                    part0 += _turn_back(z, apart, u0 + k, v0 + k, c, f0)
                slopes[unit] += s0 * part0
                unit += 1
                continue
            if unit + 1 == last:
                for b in range(gate[3], gate[4]):
                    i, j, s = np.uint64(left[b]), np.uint64(right[b]), sign[b]
                    part0 = fused(s, _turn_back(z, apart, u0 + i, v0 + j, c, f0 * s), part0)
                slopes[unit] += s0 * part0
                unit += 1
                continue
            u1, v1, s1 = _rows(gate, shape, left, right, sign, plane * size, unit + 1)
            f1 = -d * s1
            for b in range(gate[3], gate[4]):
                i, j, s = np.uint64(left[b]), np.uint64(right[b]), sign[b]
                part0 = fused(s, _turn_back(z, apart, u0 + i, v0 + j, c, f0 * s), part0)
                part1 = fused(s, _turn_back(z, apart, u1 + i, v1 + j, c, f1 * s), part1)
            slopes[unit] += s0 * part0
            slopes[unit + 1] += s1 * part1
            unit += 2


@njit(cache=True, nogil=True)
def apply_gates(z, planes, shape, gates, turns, left, right, sign, first, last):  # type: ignore[no-untyped-def]
    """Apply whole gates one after another; turns[g] are a gate's c and d."""
    for g in range(first, last):
        n = units_of(gates[g], shape)
        apply_gate(
            z, planes, shape, gates[g], left, right, sign, turns[g, 0], turns[g, 1], 0, n
        )  # fmt: skip


@njit(cache=True, nogil=True)
def unapply_gates(  # type: ignore[no-untyped-def]
    z, planes, shape, gates, turns, left, right, sign, slopes, first, last
):  # fmt: skip
    """Undo whole gates, from the last to the first; slopes[g] <- Re⟨λ|T - T†|ψ⟩ of each."""
    for done in range(first, last):
        g = len(gates) - 1 - done
        parts = np.empty(units_of(gates[g], shape))
        unapply_gate(
            z, planes, shape, gates[g], left, right, sign, turns[g, 0], turns[g, 1], parts,
            0, len(parts),
        )  # fmt: skip
        slopes[g] = added(parts)


@njit(cache=True, nogil=True)
def added(parts):  # type: ignore[no-untyped-def]
    """The sum of the units' parts, in order."""
    total = 0.0
    for part in parts:
        total += part
    return total


@njit(cache=True, nogil=True)
def units_of(gate, shape):  # type: ignore[no-untyped-def]
    """How many units a gate has."""
    return shape[0] if gate[0] == COLUMNS else gate[2] - gate[1]


@njit(cache=True, nogil=True)
def _rows(gate, shape, left, right, sign, base, unit):  # type: ignore[no-untyped-def]
    """Where the two rows of a unit begin, and its sign; unsigned, so that no index wraps."""
    if gate[0] == COLUMNS:
        row = np.uint64(base + unit * shape[1])
        return row, row, 1.0
    a = gate[1] + unit
    return (
        np.uint64(base + np.intp(left[a]) * shape[1]),
        np.uint64(base + np.intp(right[a]) * shape[1]),
        sign[a],
    )


@njit(cache=True, nogil=True)
def _turn(z, i, j, c, e):  # type: ignore[no-untyped-def]
    """Rotate a pair."""
    p, q = z[i], z[j]
    z[i] = fused(-e, q, c * p)
    z[j] = fused(e, p, c * q)


@njit(cache=True, nogil=True)
def _turn_back(z, apart, i, j, c, e):  # type: ignore[no-untyped-def]
    """Rotate a pair of ψ and of λ; return λ_j ψ_i - λ_i ψ_j, from before."""
    p, q, l, m = z[i], z[j], z[apart + i], z[apart + j]
    z[i] = fused(-e, q, c * p)
    z[j] = fused(e, p, c * q)
    z[apart + i] = fused(-e, m, c * l)
    z[apart + j] = fused(e, l, c * m)
    return fused(-l, q, m * p)

r"""Kernels that apply one operation to a full state vector.

The state is two planes, real and imaginary parts, each of shape (rows, 8): amplitude n stands in
row n >> 3 and lane n & 7. An operation acts on pairs of amplitudes (n, n ^ x), or on single ones
where x = 0. With (c, s) = (cos φ, sin φ) and four numbers that are constant but for a sign,

    real:       a' = C_a a + s σ₁ b,    b' = C_b b + s σ₂ a
    imaginary:  a' = C_a a - i s σ₁ b,  b' = C_b b - i s σ₂ a

with C = keep + c · gain. Each is a vector over lanes (`lanes`: keep, gain_a, gain_b, σ₁, σ₂), zero
where the operation leaves an amplitude alone, and the σ change sign with the parity of row & z.
Rows are those with row & select == value. Pairs lie in two rows ("rows") or in one ("lanes", which
take gain_a and σ₁ alone). The generator K = dU/dφ at φ = 0 has the σ parts alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lanes import exchange1, exchange2, exchange4, load, parity, splat, store, total

REAL_ROWS, REAL_LANES, IMAGINARY_ROWS, IMAGINARY_LANES = range(4)

_U0, _U1 = np.uint64(0), np.uint64(1)
_U2, _U3, _U4 = np.uint64(2), np.uint64(3), np.uint64(4)


@njit(cache=True, inline="always")
def exchanged(v, mask):  # type: ignore[no-untyped-def]
    """Lane k <- lane k ^ mask."""
    if mask & _U1:
        v = exchange1(v)
    if mask & _U2:
        v = exchange2(v)
    if mask & _U4:
        v = exchange4(v)
    return v


@njit(cache=True, inline="always")
def factors(lanes, c, s):  # type: ignore[no-untyped-def]
    """C_a, C_b, s σ₁, s σ₂ by lane."""
    keep, c, s = load(lanes, _U0), splat(c), splat(s)
    gain_a, gain_b = load(lanes, _U1), load(lanes, _U2)
    return keep + c * gain_a, keep + c * gain_b, s * load(lanes, _U3), s * load(lanes, _U4)


@njit(cache=True)
def turn_rows(src, p, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """A real operation on pairs in two rows of a plane, from `src` to `p`, which may be one."""
    x, swap, select, value, z = mask[0], mask[1], mask[2], mask[3], mask[4]
    ca, cb, s1, s2 = factors(lanes, c, s)
    free = (np.uint64(p.shape[0]) - _U1) & ~select
    step = _U0
    if z & free == _U0 and swap == _U0:  # gates on single qubits: one sign, and no exchange
        sign = splat(parity(value & z))
        s1, s2 = sign * s1, sign * s2
        while True:
            row = step | value
            a, b = load(src, row), load(src, row ^ x)
            store(p, row, ca * a + s1 * b)
            store(p, row ^ x, cb * b + s2 * a)
            step = (step - free) & free
            if step == _U0:
                return
    while True:
        row = step | value
        sign = splat(parity(row & z))
        a, b = load(src, row), exchanged(load(src, row ^ x), swap)
        store(p, row, ca * a + sign * (s1 * b))
        store(p, row ^ x, exchanged(cb * b + sign * (s2 * a), swap))
        step = (step - free) & free
        if step == _U0:
            break


@njit(cache=True)
def turn_lanes(src, p, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """A real operation on pairs in one row of one plane, or on single amplitudes."""
    swap, select, value, z = mask[1], mask[2], mask[3], mask[4]
    ca, _, s1, _ = factors(lanes, c, s)
    free = (np.uint64(p.shape[0]) - _U1) & ~select
    step = _U0
    if z & free == _U0:
        s1 = splat(parity(value & z)) * s1
        while True:
            row = step | value
            a = load(src, row)
            store(p, row, ca * a + s1 * exchanged(a, swap))
            step = (step - free) & free
            if step == _U0:
                return
    while True:
        row = step | value
        a = load(src, row)
        store(p, row, ca * a + splat(parity(row & z)) * (s1 * exchanged(a, swap)))
        step = (step - free) & free
        if step == _U0:
            break


@njit(cache=True)
def turn_rows_imaginary(src_re, src_im, re, im, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """An imaginary operation on pairs in two rows."""
    x, swap, select, value, z = mask[0], mask[1], mask[2], mask[3], mask[4]
    ca, cb, s1, s2 = factors(lanes, c, s)
    free = (np.uint64(re.shape[0]) - _U1) & ~select
    step = _U0
    if z & free == _U0 and swap == _U0:
        sign = splat(parity(value & z))
        s1, s2 = sign * s1, sign * s2
        while True:
            row = step | value
            ar, br = load(src_re, row), load(src_re, row ^ x)
            ai, bi = load(src_im, row), load(src_im, row ^ x)
            store(re, row, ca * ar + s1 * bi)
            store(im, row, ca * ai - s1 * br)
            store(re, row ^ x, cb * br + s2 * ai)
            store(im, row ^ x, cb * bi - s2 * ar)
            step = (step - free) & free
            if step == _U0:
                return
    while True:
        row = step | value
        sign = splat(parity(row & z))
        ar, br = load(src_re, row), exchanged(load(src_re, row ^ x), swap)
        ai, bi = load(src_im, row), exchanged(load(src_im, row ^ x), swap)
        t1, t2 = sign * s1, sign * s2
        store(re, row, ca * ar + t1 * bi)
        store(im, row, ca * ai - t1 * br)
        store(re, row ^ x, exchanged(cb * br + t2 * ai, swap))
        store(im, row ^ x, exchanged(cb * bi - t2 * ar, swap))
        step = (step - free) & free
        if step == _U0:
            break


@njit(cache=True)
def turn_lanes_imaginary(src_re, src_im, re, im, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """An imaginary operation on pairs in one row, or on single amplitudes."""
    swap, select, value, z = mask[1], mask[2], mask[3], mask[4]
    ca, _, s1, _ = factors(lanes, c, s)
    free = (np.uint64(re.shape[0]) - _U1) & ~select
    step = _U0
    if swap == _U0:  # single amplitudes
        while True:
            row = step | value
            t1 = splat(parity(row & z)) * s1
            ar, ai = load(src_re, row), load(src_im, row)
            store(re, row, ca * ar + t1 * ai)
            store(im, row, ca * ai - t1 * ar)
            step = (step - free) & free
            if step == _U0:
                return
    while True:
        row = step | value
        t1 = splat(parity(row & z)) * s1
        ar, ai = load(src_re, row), load(src_im, row)
        store(re, row, ca * ar + t1 * exchanged(ai, swap))
        store(im, row, ca * ai - t1 * exchanged(ar, swap))
        step = (step - free) & free
        if step == _U0:
            break


@njit(cache=True)
def turn(kind, mask, lanes, c, s, re, im):  # type: ignore[no-untyped-def]
    """Apply one operation in place; `im` has no rows where all amplitudes are real."""
    turn_into(kind, mask, lanes, c, s, re, im, re, im)


@njit(cache=True)
def turn_into(kind, mask, lanes, c, s, src_re, src_im, re, im):  # type: ignore[no-untyped-def]
    """Write the image of a state to `re`, `im`: rows that the operation acts on, no others."""
    if kind == REAL_ROWS:
        turn_rows(src_re, re, mask, lanes, c, s)
        if im.shape[0]:
            turn_rows(src_im, im, mask, lanes, c, s)
    elif kind == REAL_LANES:
        turn_lanes(src_re, re, mask, lanes, c, s)
        if im.shape[0]:
            turn_lanes(src_im, im, mask, lanes, c, s)
    elif kind == IMAGINARY_ROWS:
        turn_rows_imaginary(src_re, src_im, re, im, mask, lanes, c, s)
    else:
        turn_lanes_imaginary(src_re, src_im, re, im, mask, lanes, c, s)


@njit(cache=True)
def slope_rows(p, q, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """Turn two planes as `turn_rows` does; return Σ q · K p, before or after it alike."""
    x, swap, select, value, z = mask[0], mask[1], mask[2], mask[3], mask[4]
    ca, cb, s1, s2 = factors(lanes, c, s)
    k1, k2 = load(lanes, _U3), load(lanes, _U4)
    free = (np.uint64(p.shape[0]) - _U1) & ~select
    out = splat(0.0)
    step = _U0
    while True:
        row = step | value
        sign = splat(parity(row & z))
        a, b = load(p, row), exchanged(load(p, row ^ x), swap)
        d, e = load(q, row), exchanged(load(q, row ^ x), swap)
        out = out + sign * (k1 * (d * b) + k2 * (e * a))
        t1, t2 = sign * s1, sign * s2
        store(p, row, ca * a + t1 * b)
        store(q, row, ca * d + t1 * e)
        store(p, row ^ x, exchanged(cb * b + t2 * a, swap))
        store(q, row ^ x, exchanged(cb * e + t2 * d, swap))
        step = (step - free) & free
        if step == _U0:
            break
    return total(out)


@njit(cache=True)
def slope_lanes(p, q, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """The same as `slope_rows` for pairs in one row."""
    swap, select, value, z = mask[1], mask[2], mask[3], mask[4]
    ca, _, s1, _ = factors(lanes, c, s)
    k1 = load(lanes, _U3)
    free = (np.uint64(p.shape[0]) - _U1) & ~select
    out = splat(0.0)
    step = _U0
    while True:
        row = step | value
        sign = splat(parity(row & z))
        a, d = load(p, row), load(q, row)
        b, e = exchanged(a, swap), exchanged(d, swap)
        out = out + sign * (k1 * (d * b))
        t1 = sign * s1
        store(p, row, ca * a + t1 * b)
        store(q, row, ca * d + t1 * e)
        step = (step - free) & free
        if step == _U0:
            break
    return total(out)


@njit(cache=True)
def slope_rows_imaginary(pr, pi, qr, qi, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """Turn two states as `turn_rows_imaginary` does; return Re⟨q|K p⟩."""
    x, swap, select, value, z = mask[0], mask[1], mask[2], mask[3], mask[4]
    ca, cb, s1, s2 = factors(lanes, c, s)
    k1, k2 = load(lanes, _U3), load(lanes, _U4)
    free = (np.uint64(pr.shape[0]) - _U1) & ~select
    out = splat(0.0)
    step = _U0
    while True:
        row = step | value
        sign = splat(parity(row & z))
        t1, t2 = sign * s1, sign * s2
        ar, br = load(pr, row), exchanged(load(pr, row ^ x), swap)
        ai, bi = load(pi, row), exchanged(load(pi, row ^ x), swap)
        dr, er = load(qr, row), exchanged(load(qr, row ^ x), swap)
        di, ei = load(qi, row), exchanged(load(qi, row ^ x), swap)
        out = out + sign * (k1 * (dr * bi - di * br) + k2 * (er * ai - ei * ar))
        store(pr, row, ca * ar + t1 * bi)
        store(pi, row, ca * ai - t1 * br)
        store(pr, row ^ x, exchanged(cb * br + t2 * ai, swap))
        store(pi, row ^ x, exchanged(cb * bi - t2 * ar, swap))
        store(qr, row, ca * dr + t1 * ei)
        store(qi, row, ca * di - t1 * er)
        store(qr, row ^ x, exchanged(cb * er + t2 * di, swap))
        store(qi, row ^ x, exchanged(cb * ei - t2 * dr, swap))
        step = (step - free) & free
        if step == _U0:
            break
    return total(out)


@njit(cache=True)
def slope_lanes_imaginary(pr, pi, qr, qi, mask, lanes, c, s):  # type: ignore[no-untyped-def]
    """The same as `slope_rows_imaginary` for pairs in one row, or single amplitudes."""
    swap, select, value, z = mask[1], mask[2], mask[3], mask[4]
    ca, _, s1, _ = factors(lanes, c, s)
    k1 = load(lanes, _U3)
    free = (np.uint64(pr.shape[0]) - _U1) & ~select
    out = splat(0.0)
    step = _U0
    while True:
        row = step | value
        sign = splat(parity(row & z))
        t1 = sign * s1
        ar, ai, dr, di = load(pr, row), load(pi, row), load(qr, row), load(qi, row)
        br, bi, er, ei = (exchanged(ar, swap), exchanged(ai, swap),
                          exchanged(dr, swap), exchanged(di, swap))  # fmt: skip
        out = out + sign * (k1 * (dr * bi - di * br))
        store(pr, row, ca * ar + t1 * bi)
        store(pi, row, ca * ai - t1 * br)
        store(qr, row, ca * dr + t1 * ei)
        store(qi, row, ca * di - t1 * er)
        step = (step - free) & free
        if step == _U0:
            break
    return total(out)


@njit(cache=True)
def slope(kind, mask, lanes, c, s, pr, pi, qr, qi):  # type: ignore[no-untyped-def]
    """Apply one operation to p and q, and return Re⟨q|K p⟩."""
    if kind == REAL_ROWS:
        out = slope_rows(pr, qr, mask, lanes, c, s)
        if pi.shape[0]:
            out += slope_rows(pi, qi, mask, lanes, c, s)
        return out
    if kind == REAL_LANES:
        out = slope_lanes(pr, qr, mask, lanes, c, s)
        if pi.shape[0]:
            out += slope_lanes(pi, qi, mask, lanes, c, s)
        return out
    if kind == IMAGINARY_ROWS:
        return slope_rows_imaginary(pr, pi, qr, qi, mask, lanes, c, s)
    return slope_lanes_imaginary(pr, pi, qr, qi, mask, lanes, c, s)

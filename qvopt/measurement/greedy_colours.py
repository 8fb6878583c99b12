"""Greedy colourings of Pauli strings that cannot share a group, without making their graph.

Whether two strings fit is a few operations on bits, cheaper than looking it up: so no edge is
stored, and memory grows with strings times colours, a bit for each.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

_WORD = 64
_ONE, _ZERO = np.uint64(1), np.uint64(0)


@njit(inline="always")
def clash(x, z, a, b, qubit_wise):  # type: ignore[no-untyped-def]
    """Whether strings (x, z) and (a, b) cannot share a group.

    Qubit-wise: on some qubit both act, with different letters. Else: they anticommute, the parity
    of |x & b| + |z & a| being odd.
    """
    if qubit_wise:
        return ((x | z) & (a | b) & ((x ^ a) | (z ^ b))) != _ZERO
    bits = (x & b) ^ (z & a)
    for shift in (32, 16, 8, 4, 2, 1):
        bits ^= bits >> uint64(shift)
    return bits & _ONE != _ZERO


@njit(cache=True, nogil=True)
def degrees(x, z, qubit_wise):  # type: ignore[no-untyped-def]
    """With how many others each string clashes."""
    out = np.zeros(len(x), dtype=np.int64)
    for j in range(len(x)):
        for k in range(j):
            if clash(x[j], z[j], x[k], z[k], qubit_wise):
                out[j] += 1
                out[k] += 1
    return out


@njit(cache=True, nogil=True)
def greedy_colours(x, z, qubit_wise, by_saturation):  # type: ignore[no-untyped-def]
    """Give every string the least colour that none it clashes with has.

    The next string is the one with the most colours among those it clashes with (its saturation)
    if `by_saturation`; then, and else, the first.
    """
    n = len(x)
    taken = np.zeros((n, 4), dtype=np.uint64)  # bit c of a string: colour c is beside it
    saturation = np.zeros(n, dtype=np.int64)
    colours = np.full(n, -1, dtype=np.int64)
    for step in range(n):
        at = step
        if by_saturation:
            at = -1
            for k in range(n):
                if colours[k] < 0 and (at < 0 or saturation[k] > saturation[at]):
                    at = k
        colour = 0
        while taken[at, colour >> 6] >> uint64(colour & 63) & _ONE != _ZERO:
            colour += 1
            if colour == _WORD * taken.shape[1]:
                wider = np.zeros((n, 2 * taken.shape[1]), dtype=np.uint64)
                for k in range(n):
                    for word in range(taken.shape[1]):
                        wider[k, word] = taken[k, word]
                taken = wider
        colours[at] = colour
        word, bit = colour >> 6, _ONE << uint64(colour & 63)
        for k in range(n):
            if colours[k] >= 0 or taken[k, word] & bit != _ZERO:
                continue
            if clash(x[at], z[at], x[k], z[k], qubit_wise):
                taken[k, word] |= bit
                saturation[k] += 1
    return colours


@njit(cache=True, nogil=True)
def first_fits(x, z, qubit_wise):  # type: ignore[no-untyped-def]
    """Put every string, in order, into the first group all of whose members it fits."""
    n = len(x)
    newest = np.empty(n, dtype=np.int64)  # of each group
    before = np.empty(n, dtype=np.int64)  # the member that came before, -1 for the first
    group = np.empty(n, dtype=np.int64)
    n_groups = 0
    for k in range(n):
        place = n_groups
        for g in range(n_groups):
            member = newest[g]
            while member >= 0 and not clash(x[k], z[k], x[member], z[member], qubit_wise):
                member = before[member]
            if member < 0:
                place = g
                break
        if place == n_groups:
            newest[place] = -1
            n_groups += 1
        before[k] = newest[place]
        newest[place] = k
        group[k] = place
    return group


@njit(cache=True, nogil=True)
def fitting(x, z, first_x, first_z, qubit_wise):  # type: ignore[no-untyped-def]
    """Which strings, taken in order, fit some first ones and all that were taken before them."""
    taken = np.zeros(len(x), dtype=np.bool_)
    chosen = np.empty(len(x), dtype=np.int64)
    count = 0
    for k in range(len(x)):
        fits = True
        for m in range(len(first_x)):
            fits = fits and not clash(x[k], z[k], first_x[m], first_z[m], qubit_wise)
        m = 0
        while fits and m < count:
            fits = not clash(x[k], z[k], x[chosen[m]], z[chosen[m]], qubit_wise)
            m += 1
        if fits:
            taken[k] = True
            chosen[count] = k
            count += 1
    return taken

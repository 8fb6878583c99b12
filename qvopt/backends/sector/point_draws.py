"""The whole way from angles to moments for many points of a small sector, in one kernel.

The points of a gradient share their parameters and differ by one shift each: as long as they come
in the order of the gates, the state up to the shifted gate is carried along from point to point.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..copies import copy_into, copy_rows
from .draws import draw_memory, moments_of_draws, square_into
from .lanes import WIDTH
from .pairs import apply_gate
from .products import multiply_into
from .sparse import turn_all


@njit(cache=True, nogil=True)
def apply_gates(psi, first_gate, last_gate, turns, first, left, right):  # type: ignore[no-untyped-def]
    """Apply some gates over explicit pairs, in place."""
    for k in range(first_gate, last_gate):
        apply_gate(psi, first[k], first[k + 1], left, right, turns[k, 0], turns[k, 1])


@njit(cache=True, nogil=True)
def rotate_and_draw(  # type: ignore[no-untyped-def]
    psi, planes, shape, left_rotations, right_rotations, values, shots, key, number, means, m2s
):  # fmt: skip
    """Moments of all groups in one state, flat over `shape`, one plane after another.

    `left_rotations` (groups · n_alpha, n_alpha) and `right_rotations` (groups, n_beta, padded) are
    flat by group; `values` has shape (groups, n_alpha · padded), padded being n_beta rounded up to
    a multiple of eight. Groups without shots are left as they are.
    """
    n_groups, size = values.shape
    n_alpha, n_beta = shape
    padded = size // n_alpha
    rows = n_groups * n_alpha
    wide = np.zeros((planes, max(n_alpha, 4) * padded))
    half = np.empty((planes, (rows + 4) * padded))
    rotated = np.empty(planes * max(n_alpha, 4) * padded)
    for plane in range(planes):
        for a in range(n_alpha):
            at = (plane * n_alpha + a) * n_beta
            for b in range(n_beta):
                wide[plane, a * padded + b] = psi[at + b]
        multiply_into(left_rotations, rows, n_alpha, n_alpha, wide[plane], half[plane], padded)
    sums = np.empty(size)
    memory = draw_memory(size // WIDTH)
    plane_size = max(n_alpha, 4) * padded
    for g in range(n_groups):
        if shots[g] == 0:
            continue
        for plane in range(planes):
            multiply_into(
                half[plane, g * n_alpha * padded :], n_alpha, n_beta, padded,
                right_rotations[g], rotated[plane * plane_size :], padded,
            )  # fmt: skip
        square_into(rotated, 0, planes, plane_size, sums)
        means[g], m2s[g] = moments_of_draws(sums, values[g], shots[g], key, number + g, *memory)


@njit(inline="always")
def _set_angles(x, offsets, parametric, index, coefficient, offset, angles):  # type: ignore[no-untyped-def]
    """Angles of all gates; coefficient[m] x[index[m]] + offset[m] is that of parametric[m]."""
    copy_into(angles, offsets)
    for m in range(len(parametric)):
        angles[parametric[m]] = coefficient[m] * x[index[m]] + offset[m]


@njit(cache=True, nogil=True)
def draw_points(  # type: ignore[no-untyped-def]
    vectors, row, first_shift, shifted, deltas, offsets, parametric, index, coefficient, offset,
    reference, first, left, right, shape, left_rotations, right_rotations, values,
    shots, key, means, m2s, first_point, last_point,
):  # fmt: skip
    """Moments of some points of a batch (see `PointArrays`), gates over explicit pairs.

    `offsets` are the constant angles of all gates; for the rest of them see `_set_angles`.
    """
    n_gates = len(offsets)
    prefix = np.zeros(shape[0] * shape[1])
    psi = np.empty_like(prefix)
    angles = np.empty(n_gates)
    turns = np.empty((n_gates, 2))
    shifted_turns = np.empty((n_gates, 2))
    shifted_angles = np.empty(n_gates)
    planes = np.int64(1)  # a literal would compile a version of its own
    done, current = 0, -1
    for i in range(first_point, last_point):
        if row[i] != current:
            current = row[i]
            _set_angles(
                vectors[current], offsets, parametric, index, coefficient, offset, angles
            )  # fmt: skip
            turn_all(angles, turns)
            done = n_gates + 1
        start = n_gates
        for s in range(first_shift[i], first_shift[i + 1]):
            start = min(start, shifted[s])
        if start < done:
            prefix[:] = 0.0
            prefix[reference] = 1.0
            done = 0
        apply_gates(prefix, done, start, turns, first, left, right)
        done = start
        copy_into(psi, prefix)
        if start < n_gates:
            copy_into(shifted_angles, angles)
            for s in range(first_shift[i], first_shift[i + 1]):
                shifted_angles[shifted[s]] += deltas[s]
            copy_rows(shifted_turns, turns)
            for s in range(first_shift[i], first_shift[i + 1]):
                k = shifted[s]
                turn_all(shifted_angles[k : k + 1], shifted_turns[k : k + 1])
            apply_gates(psi, start, n_gates, shifted_turns, first, left, right)
        rotate_and_draw(
            psi, planes, shape, left_rotations, right_rotations, values, shots[i], key,
            i * shots.shape[1], means[i], m2s[i],
        )  # fmt: skip

"""All groups of Pauli strings in one state of the sector: basis changes and draws in one kernel."""

from __future__ import annotations

import numpy as np
from numba import njit

from qvopt.measurement.pauli_outcomes import change_basis

from .draws import draw_memory, moments_of_draws, square_into
from .lanes import WIDTH


@njit(cache=True, nogil=True)
def draw_groups(  # type: ignore[no-untyped-def]
    psi, planes, positions, codes, a, b, first, values, shots, key, number, means, m2s
):  # fmt: skip
    """Moments of all groups that have shots, in a state given plane after plane.

    `positions` are the outcomes of the sector's amplitudes; gates first[g] to first[g + 1] lead to
    the basis of group g, whose values over all outcomes are values[g].
    """
    n_groups, size = values.shape
    n = len(positions)
    vector = np.empty(2 * size)
    real, imaginary = vector[:size], vector[size:]
    sums = np.empty(size)
    memory = draw_memory(size // WIDTH)
    for g in range(n_groups):
        if shots[g] == 0:
            continue
        vector[:] = 0.0
        for k in range(n):
            real[positions[k]] = psi[k]
        if planes == 2:
            for k in range(n):
                imaginary[positions[k]] = psi[n + k]
        some = slice(first[g], first[g + 1])
        change_basis(real, imaginary, codes[some], a[some], b[some])
        square_into(vector, 0, np.int64(2), size, sums)
        means[g], m2s[g] = moments_of_draws(sums, values[g], shots[g], key, number + g, *memory)

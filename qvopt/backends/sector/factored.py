"""Gates over tables of strings, factored by spin: for spaces whose pairs would not fit in memory.

psi is flat, alpha string by beta string. A gate is (kind, first alpha pair, one past the last,
first beta pair, one past the last), its pairs (I, J, s) lying in flat arrays over strings. Kinds:
0 rotates rows, 1 columns, 2 row-column pairs. With T|I⟩ = s|J⟩, the gate exp(θ (T - T†) / 2) has
c = cos(θ/2) and d = sin(θ/2):

    psi_I <- c psi_I - s d psi_J,    psi_J <- c psi_J + s d psi_I.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .sparse import interleave, multiply, pull_back, set_turns

ROWS, COLUMNS, BOTH = 0, 1, 2


@njit(cache=True)
def apply_gate(psi, gate, n_beta, left, right, sign, c, d):  # type: ignore[no-untyped-def]
    """Apply one gate in place; psi flat, c and d as above."""
    if gate[0] == ROWS:
        for a in range(gate[1], gate[2]):
            u, v, e = left[a] * n_beta, right[a] * n_beta, d * sign[a]
            for k in range(n_beta):
                p, q = psi[u + k], psi[v + k]
                psi[u + k] = c * p - e * q
                psi[v + k] = c * q + e * p
    elif gate[0] == COLUMNS:
        for u in range(np.uint64(0), np.uint64(len(psi)), n_beta):
            for b in range(gate[3], gate[4]):
                i, j, e = u + left[b], u + right[b], d * sign[b]
                p, q = psi[i], psi[j]
                psi[i] = c * p - e * q
                psi[j] = c * q + e * p
    else:
        for a in range(gate[1], gate[2]):
            u, v, f = left[a] * n_beta, right[a] * n_beta, d * sign[a]
            for b in range(gate[3], gate[4]):
                i, j, e = u + left[b], v + right[b], f * sign[b]
                p, q = psi[i], psi[j]
                psi[i] = c * p - e * q
                psi[j] = c * q + e * p


@njit(cache=True)
def unapply_gate(z, gate, n_beta, left, right, sign, c, d):  # type: ignore[no-untyped-def]
    """Undo one gate on psi = z[:, 0] and lambda = z[:, 1] and return ⟨lambda|T - T†|psi⟩.

    The generator commutes with its gate, so one pass over the pairs does both.
    """
    total = 0.0
    if gate[0] == ROWS:
        for a in range(gate[1], gate[2]):
            u, v, e = left[a] * n_beta, right[a] * n_beta, -d * sign[a]
            part = 0.0
            for k in range(n_beta):
                p, l, q, m = z[u + k, 0], z[u + k, 1], z[v + k, 0], z[v + k, 1]
                part += m * p - l * q
                z[u + k, 0] = c * p - e * q
                z[u + k, 1] = c * l - e * m
                z[v + k, 0] = c * q + e * p
                z[v + k, 1] = c * m + e * l
            total += sign[a] * part
    elif gate[0] == COLUMNS:
        for u in range(np.uint64(0), np.uint64(len(z)), n_beta):
            for b in range(gate[3], gate[4]):
                i, j, s = u + left[b], u + right[b], sign[b]
                e = -d * s
                p, l, q, m = z[i, 0], z[i, 1], z[j, 0], z[j, 1]
                total += s * (m * p - l * q)
                z[i, 0] = c * p - e * q
                z[i, 1] = c * l - e * m
                z[j, 0] = c * q + e * p
                z[j, 1] = c * m + e * l
    else:
        for a in range(gate[1], gate[2]):
            u, v, f = left[a] * n_beta, right[a] * n_beta, -d * sign[a]
            part = 0.0
            for b in range(gate[3], gate[4]):
                i, j, s = u + left[b], v + right[b], sign[b]
                e = f * s
                p, l, q, m = z[i, 0], z[i, 1], z[j, 0], z[j, 1]
                part += s * (m * p - l * q)
                z[i, 0] = c * p - e * q
                z[i, 1] = c * l - e * m
                z[j, 0] = c * q + e * p
                z[j, 1] = c * m + e * l
            total += sign[a] * part
    return total


@njit(cache=True)
def energy_and_gradient(  # type: ignore[no-untyped-def]
    x, psi, hpsi, z, reference, turns, parametric, index, coefficient, offset,
    starts, columns, values, slopes, n_beta, gates, left, right, sign,
):  # fmt: skip
    """The whole exact gradient in one call: (⟨H⟩ without the core energy, ∂E/∂x).

    The m-th parametric gate is gate parametric[m], at coefficient[m] · x[index[m]] + offset[m].
    With λ = Hψ, the gates are undone from ψ and λ together, and each leaves its ∂E/∂θ behind.
    """
    set_turns(x, parametric, index, coefficient, offset, turns)
    prepare_state(psi, reference, turns, n_beta, gates, left, right, sign)
    energy = multiply(starts, columns, values, psi, hpsi)
    interleave(psi, hpsi, z)
    for k in range(len(turns) - 1, -1, -1):
        slopes[k] = unapply_gate(z, gates[k], n_beta, left, right, sign, turns[k, 0], turns[k, 1])
    return energy, pull_back(len(x), slopes, parametric, index, coefficient)


@njit(cache=True)
def prepare_state(psi, reference, turns, n_beta, gates, left, right, sign):  # type: ignore[no-untyped-def]
    """Write the state of a circuit into psi; turns are (cos θ/2, sin θ/2) by gate."""
    psi[:] = 0.0
    psi[reference] = 1.0
    for k in range(len(turns)):
        apply_gate(psi, gates[k], n_beta, left, right, sign, turns[k, 0], turns[k, 1])


@njit(cache=True)
def derivative_states(psi, reference, turns, wanted, out, n_beta, gates, left, right, sign):  # type: ignore[no-untyped-def]
    """out[m] <- ∂ψ/∂θ of the m-th wanted gate, psi <- the state."""
    psi[:] = 0.0
    psi[reference] = 1.0
    filled = 0
    for k in range(len(turns)):
        for m in range(filled):
            apply_gate(out[m], gates[k], n_beta, left, right, sign, turns[k, 0], turns[k, 1])
        apply_gate(psi, gates[k], n_beta, left, right, sign, turns[k, 0], turns[k, 1])
        if wanted[k]:
            # Quarter turns forth and back differ by twice (T - T†)ψ; half of it is wanted.
            out[filled] = psi
            back = psi.copy()
            apply_gate(out[filled], gates[k], n_beta, left, right, sign, 0.0, 1.0)
            apply_gate(back, gates[k], n_beta, left, right, sign, 0.0, -1.0)
            for n in range(len(psi)):
                out[filled, n] = 0.25 * (out[filled, n] - back[n])
            filled += 1

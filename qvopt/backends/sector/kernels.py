"""The hot loops: gates as rotations of amplitude pairs, and the adjoint sweep.

Amplitudes are real, psi[alpha string, beta string]. A gate is a row of `gates`:
(kind, first alpha pair, one past the last, first beta pair, one past the last), its pairs
(I, J, s) lying in flat arrays. Kinds: 0 rotates rows, 1 columns, 2 row-column pairs. With
T|I⟩ = s|J⟩, the gate exp(θ (T - T†) / 2) has c = cos(θ/2) and d = sin(θ/2):

    psi_I <- c psi_I - s d psi_J,    psi_J <- c psi_J + s d psi_I.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

ROWS, COLUMNS, BOTH = 0, 1, 2


@njit(cache=True, fastmath=True)
def apply_gate(psi, n_beta, gate, c, d, left, right, sign):  # type: ignore[no-untyped-def]
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


@njit(cache=True, fastmath=True)
def unapply_gate(z, n_beta, gate, c, d, left, right, sign):  # type: ignore[no-untyped-def]
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
def prepare_state(psi, n_beta, reference, gates, angles, left, right, sign):  # type: ignore[no-untyped-def]
    """Write the state of a circuit at gate angles into the flat psi."""
    psi[:] = 0.0
    psi[reference] = 1.0
    for k in range(len(gates)):
        c, d = math.cos(angles[k] / 2), math.sin(angles[k] / 2)
        apply_gate(psi, n_beta, gates[k], c, d, left, right, sign)


@njit(cache=True, fastmath={"contract", "nsz", "reassoc"})
def multiply(indptr, indices, data, x, y):  # type: ignore[no-untyped-def]
    """y <- A x for a sparse matrix by rows; return x·y."""
    total = 0.0
    for row in range(len(y)):
        s = 0.0
        for k in range(indptr[row], indptr[row + 1]):
            s += data[k] * x[indices[k]]
        y[row] = s
        total += s * x[row]
    return total


@njit(cache=True)
def interleave(psi, hpsi, z):  # type: ignore[no-untyped-def]
    """z[..., 0] <- psi, z[..., 1] <- hpsi, over flat arrays."""
    for k in range(len(psi)):
        z[k, 0] = psi[k]
        z[k, 1] = hpsi[k]


@njit(cache=True)
def energy_and_gradient(  # type: ignore[no-untyped-def]
    x, psi, hpsi, z, n_beta, reference, gates, angles, parametric, index, coefficient, offset,
    left, right, sign, indptr, indices, data, gate_gradient,
):  # fmt: skip
    """The whole exact gradient in one call: (⟨H⟩ without the core energy, ∂E/∂x).

    The m-th parametric gate is gate parametric[m], at coefficient[m] · x[index[m]] + offset[m].
    """
    for m in range(len(parametric)):
        angles[parametric[m]] = coefficient[m] * x[index[m]] + offset[m]
    prepare_state(psi, n_beta, reference, gates, angles, left, right, sign)
    energy = multiply(indptr, indices, data, psi, hpsi)
    interleave(psi, hpsi, z)
    for k in range(len(gates) - 1, -1, -1):
        c, d = math.cos(angles[k] / 2), math.sin(angles[k] / 2)
        gate_gradient[k] = unapply_gate(z, n_beta, gates[k], c, d, left, right, sign)
    gradient = np.zeros(len(x))
    for m in range(len(parametric)):
        gradient[index[m]] += coefficient[m] * gate_gradient[parametric[m]]
    return energy, gradient


@njit(cache=True)
def derivative_states(  # type: ignore[no-untyped-def]
    psi, n_beta, reference, gates, angles, wanted, left, right, sign, out
):
    """out[m] <- ∂psi/∂θ of the m-th wanted gate, psi <- the state; all flat."""
    psi[:] = 0.0
    psi[reference] = 1.0
    filled = 0
    for k in range(len(gates)):
        gate = gates[k]
        c, d = math.cos(angles[k] / 2), math.sin(angles[k] / 2)
        for m in range(filled):
            apply_gate(out[m], n_beta, gate, c, d, left, right, sign)
        apply_gate(psi, n_beta, gate, c, d, left, right, sign)
        if wanted[k]:
            # A quarter turn (c = 0, d = 1) applies T - T† to the pairs and leaves the rest;
            # the rest is taken away as the mean of the turns forth and back.
            forth, back = psi.copy(), psi.copy()
            apply_gate(forth, n_beta, gate, 0.0, 1.0, left, right, sign)
            apply_gate(back, n_beta, gate, 0.0, -1.0, left, right, sign)
            for n in range(len(psi)):
                out[filled, n] = 0.25 * (forth[n] - back[n])
            filled += 1


@njit(cache=True)
def moments_of_draws(cumulative, values, uniforms, shots, out):  # type: ignore[no-untyped-def]
    """For each group, draw outcomes by inverting its distribution; out rows (mean, m2).

    `cumulative` and `values` have shape (groups, outcomes); `uniforms` holds sum(shots) numbers.
    """
    position = 0
    for g in range(len(shots)):
        n = shots[g]
        if n == 0:
            continue
        row = cumulative[g]
        scale = row[-1]
        mean = m2 = 0.0
        for k in range(n):
            low = np.searchsorted(row, uniforms[position + k] * scale, side="right")
            value = values[g, min(low, len(row) - 1)]
            delta = value - mean
            mean += delta / (k + 1)
            m2 += delta * (value - mean)
        position += n
        out[g, 0] = mean
        out[g, 1] = m2

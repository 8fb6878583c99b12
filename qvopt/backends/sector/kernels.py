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


@njit(cache=True, fastmath={"contract", "nsz"})
def apply_gate(psi, gate, theta, left, right, sign):  # type: ignore[no-untyped-def]
    """Apply one gate in place."""
    c, d = math.cos(theta / 2), math.sin(theta / 2)
    n_beta = psi.shape[1]
    if gate[0] == ROWS:
        for a in range(gate[1], gate[2]):
            u, v, e = psi[left[a]], psi[right[a]], d * sign[a]
            for k in range(n_beta):
                p, q = u[k], v[k]
                u[k] = c * p - e * q
                v[k] = c * q + e * p
    elif gate[0] == COLUMNS:
        for row in range(psi.shape[0]):
            u = psi[row]
            for b in range(gate[3], gate[4]):
                i, j, e = left[b], right[b], d * sign[b]
                p, q = u[i], u[j]
                u[i] = c * p - e * q
                u[j] = c * q + e * p
    else:
        for a in range(gate[1], gate[2]):
            u, v, f = psi[left[a]], psi[right[a]], d * sign[a]
            for b in range(gate[3], gate[4]):
                i, j, e = left[b], right[b], f * sign[b]
                p, q = u[i], v[j]
                u[i] = c * p - e * q
                v[j] = c * q + e * p


@njit(cache=True, fastmath={"contract", "nsz"})
def unapply_gate(z, gate, theta, left, right, sign):  # type: ignore[no-untyped-def]
    """Undo one gate on psi = z[..., 0] and lambda = z[..., 1] and return ⟨lambda|T - T†|psi⟩.

    The generator commutes with its gate, so one pass over the pairs does both.
    """
    c, d = math.cos(theta / 2), -math.sin(theta / 2)
    total = 0.0
    if gate[0] == ROWS:
        for a in range(gate[1], gate[2]):
            u, v, e = z[left[a]], z[right[a]], d * sign[a]
            part = 0.0
            for k in range(z.shape[1]):
                p, l, q, m = u[k, 0], u[k, 1], v[k, 0], v[k, 1]
                part += m * p - l * q
                u[k, 0] = c * p - e * q
                u[k, 1] = c * l - e * m
                v[k, 0] = c * q + e * p
                v[k, 1] = c * m + e * l
            total += sign[a] * part
    elif gate[0] == COLUMNS:
        for row in range(z.shape[0]):
            u = z[row]
            for b in range(gate[3], gate[4]):
                i, j, s = left[b], right[b], sign[b]
                e = d * s
                p, l, q, m = u[i, 0], u[i, 1], u[j, 0], u[j, 1]
                total += s * (m * p - l * q)
                u[i, 0] = c * p - e * q
                u[i, 1] = c * l - e * m
                u[j, 0] = c * q + e * p
                u[j, 1] = c * m + e * l
    else:
        for a in range(gate[1], gate[2]):
            u, v, f = z[left[a]], z[right[a]], d * sign[a]
            part = 0.0
            for b in range(gate[3], gate[4]):
                i, j, s = left[b], right[b], sign[b]
                e = f * s
                p, l, q, m = u[i, 0], u[i, 1], v[j, 0], v[j, 1]
                part += s * (m * p - l * q)
                u[i, 0] = c * p - e * q
                u[i, 1] = c * l - e * m
                v[j, 0] = c * q + e * p
                v[j, 1] = c * m + e * l
            total += sign[a] * part
    return total


@njit(cache=True)
def prepare_state(psi, reference, gates, angles, left, right, sign):  # type: ignore[no-untyped-def]
    """Write the state of a circuit at gate angles into psi."""
    psi[:] = 0.0
    psi[reference // psi.shape[1], reference % psi.shape[1]] = 1.0
    for k in range(len(gates)):
        apply_gate(psi, gates[k], angles[k], left, right, sign)


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
def adjoint_sweep(z, gates, angles, left, right, sign, gradient):  # type: ignore[no-untyped-def]
    """Undo all gates from psi and H psi, writing ∂E/∂θ of every gate."""
    for k in range(len(gates) - 1, -1, -1):
        gradient[k] = unapply_gate(z, gates[k], angles[k], left, right, sign)


@njit(cache=True)
def energy_and_gradient(  # type: ignore[no-untyped-def]
    psi, hpsi, z, reference, gates, angles, left, right, sign, indptr, indices, data, gradient
):
    """The whole exact gradient in one call; returns ⟨H⟩ without the core energy."""
    prepare_state(psi, reference, gates, angles, left, right, sign)
    energy = multiply(indptr, indices, data, psi.reshape(-1), hpsi.reshape(-1))
    interleave(psi.reshape(-1), hpsi.reshape(-1), z.reshape(-1, 2))
    adjoint_sweep(z, gates, angles, left, right, sign, gradient)
    return energy


@njit(cache=True)
def derivative_states(  # type: ignore[no-untyped-def]
    psi, reference, gates, angles, wanted, left, right, sign, out
):
    """out[m] <- ∂psi/∂θ of the m-th wanted gate, psi <- the state."""
    psi[:] = 0.0
    psi[reference // psi.shape[1], reference % psi.shape[1]] = 1.0
    filled = 0
    for k in range(len(gates)):
        for m in range(filled):
            apply_gate(out[m], gates[k], angles[k], left, right, sign)
        apply_gate(psi, gates[k], angles[k], left, right, sign)
        if wanted[k]:
            # (T - T†)/2 psi: a quarter turn (c = 0, d = 1) on the pairs, nothing elsewhere.
            rotated, gate = out[filled], gates[k]
            rotated[:] = 0.0
            if gate[0] == ROWS:
                for a in range(gate[1], gate[2]):
                    for n in range(psi.shape[1]):
                        rotated[left[a], n] -= 0.5 * sign[a] * psi[right[a], n]
                        rotated[right[a], n] += 0.5 * sign[a] * psi[left[a], n]
            elif gate[0] == COLUMNS:
                for n in range(psi.shape[0]):
                    for b in range(gate[3], gate[4]):
                        rotated[n, left[b]] -= 0.5 * sign[b] * psi[n, right[b]]
                        rotated[n, right[b]] += 0.5 * sign[b] * psi[n, left[b]]
            else:
                for a in range(gate[1], gate[2]):
                    for b in range(gate[3], gate[4]):
                        s = 0.5 * sign[a] * sign[b]
                        rotated[left[a], left[b]] -= s * psi[right[a], right[b]]
                        rotated[right[a], right[b]] += s * psi[left[a], left[b]]
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

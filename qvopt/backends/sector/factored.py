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

from numba import njit

ROWS, COLUMNS, BOTH, PHASE = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def apply_gate(z, planes, shape, gate, left, right, sign, c, d, first, last):  # type: ignore[no-untyped-def]
    """Apply some units of a gate in place, to every plane."""
    n_columns = shape[1]
    size = shape[0] * n_columns
    for plane in range(planes):
        base = plane * size
        for unit in range(first, last):
            if gate[0] == COLUMNS:
                u = base + unit * n_columns
                for b in range(gate[3], gate[4]):
                    i, j, e = u + left[b], u + right[b], d * sign[b]
                    p, q = z[i], z[j]
                    z[i] = c * p - e * q
                    z[j] = c * q + e * p
                continue
            a = gate[1] + unit
            u, v, f = base + left[a] * n_columns, base + right[a] * n_columns, d * sign[a]
            if gate[0] == ROWS:
                for k in range(n_columns):
                    p, q = z[u + k], z[v + k]
                    z[u + k] = c * p - f * q
                    z[v + k] = c * q + f * p
            else:
                for b in range(gate[3], gate[4]):
                    i, j, e = u + left[b], v + right[b], f * sign[b]
                    p, q = z[i], z[j]
                    z[i] = c * p - e * q
                    z[j] = c * q + e * p


@njit(cache=True, nogil=True)
def unapply_gate(  # type: ignore[no-untyped-def]
    z, planes, shape, gate, left, right, sign, c, d, slopes, first, last
):  # fmt: skip
    """Undo some units of a gate on ψ (first half of the planes) and λ (the others) together.

    slopes[unit] <- the unit's part of Re⟨λ|T - T†|ψ⟩. The generator commutes with its gate, so
    one pass over the pairs does both.
    """
    n_columns = shape[1]
    size = shape[0] * n_columns
    apart = planes // 2 * size
    for unit in range(first, last):
        total = 0.0
        for plane in range(planes // 2):
            base = plane * size
            if gate[0] == COLUMNS:
                u, v, s, b0, b1 = (
                    base + unit * n_columns,
                    base + unit * n_columns,
                    1.0,
                    gate[3],
                    gate[4],
                )
            else:
                a = gate[1] + unit
                u, v, s = base + left[a] * n_columns, base + right[a] * n_columns, sign[a]
                b0, b1 = gate[3], gate[4]
            if gate[0] == ROWS:
                e = -d * s
                for k in range(n_columns):
                    i, j = u + k, v + k
                    p, q, l, m = z[i], z[j], z[apart + i], z[apart + j]
                    total += s * (m * p - l * q)
                    z[i] = c * p - e * q
                    z[j] = c * q + e * p
                    z[apart + i] = c * l - e * m
                    z[apart + j] = c * m + e * l
                continue
            for b in range(b0, b1):
                i, j, t = u + left[b], v + right[b], s * sign[b]
                e = -d * t
                p, q, l, m = z[i], z[j], z[apart + i], z[apart + j]
                total += t * (m * p - l * q)
                z[i] = c * p - e * q
                z[j] = c * q + e * p
                z[apart + i] = c * l - e * m
                z[apart + j] = c * m + e * l
        slopes[unit] = total

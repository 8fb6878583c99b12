"""Gates over explicit pairs of determinants: the fastest where they fit in memory.

Gate k rotates the pairs (left[t], right[t]), t from first[k] to first[k + 1], ordered so that
T|left⟩ = +|right⟩:

    psi_left <- c psi_left - d psi_right,    psi_right <- c psi_right + d psi_left.

Only pairs that the circuit can reach from its reference determinant are listed. Amplitudes
elsewhere stay zero at every parameter, and the adjoint vector is never asked for there: undoing a
gate needs it on the pairs that the gate reached, and there only.
"""

from __future__ import annotations

from numba import njit

from ..copies import copy_into
from .sparse import interleave, multiply, pull_back, set_turns


@njit(cache=True)
def apply_gate(psi, first, last, left, right, c, d):  # type: ignore[no-untyped-def]
    """Apply one gate in place."""
    for t in range(first, last):
        i, j = left[t], right[t]
        p, q = psi[i], psi[j]
        psi[i] = c * p - d * q
        psi[j] = c * q + d * p


@njit(cache=True)
def unapply_gate(z, first, last, left, right, c, d):  # type: ignore[no-untyped-def]
    """Undo one gate on psi = z[:, 0] and lambda = z[:, 1] and return ⟨lambda|T - T†|psi⟩.

    The generator commutes with its gate, so one pass over the pairs does both.
    """
    total = 0.0
    for t in range(first, last):
        i, j = left[t], right[t]
        p, l, q, m = z[i, 0], z[i, 1], z[j, 0], z[j, 1]
        total += m * p - l * q
        z[i, 0] = c * p + d * q
        z[i, 1] = c * l + d * m
        z[j, 0] = c * q - d * p
        z[j, 1] = c * m - d * l
    return total


@njit(cache=True)
def energy_and_gradient(  # type: ignore[no-untyped-def]
    x, psi, hpsi, z, reference, turns, parametric, index, coefficient, offset,
    starts, columns, values, slopes, first, left, right,
):  # fmt: skip
    """The whole exact gradient in one call: (⟨H⟩ without the core energy, ∂E/∂x).

    The m-th parametric gate is gate parametric[m], at coefficient[m] · x[index[m]] + offset[m].
    With λ = Hψ, the gates are undone from ψ and λ together, and each leaves its ∂E/∂θ behind.
    """
    prepare_at(
        x, psi, hpsi, z, reference, turns, parametric, index, coefficient, offset,
        first, left, right,
    )  # fmt: skip
    energy = multiply(starts, columns, values, psi, hpsi)
    return energy, gradient_of(
        x, psi, hpsi, z, reference, turns, parametric, index, coefficient, offset,
        slopes, first, left, right,
    )  # fmt: skip


@njit(cache=True)
def prepare_at(  # type: ignore[no-untyped-def]
    x, psi, hpsi, z, reference, turns, parametric, index, coefficient, offset,
    first, left, right,
):  # fmt: skip
    """The first part of the gradient: turns and psi at x."""
    set_turns(x, parametric, index, coefficient, offset, turns)
    prepare_state(psi, reference, turns, first, left, right)


@njit(cache=True)
def gradient_of(  # type: ignore[no-untyped-def]
    x, psi, hpsi, z, reference, turns, parametric, index, coefficient, offset,
    slopes, first, left, right,
):  # fmt: skip
    """The last part: ∂E/∂x from psi and hpsi."""
    interleave(psi, hpsi, z)
    for k in range(len(turns) - 1, -1, -1):
        slopes[k] = unapply_gate(z, first[k], first[k + 1], left, right, turns[k, 0], turns[k, 1])
    return pull_back(len(x), slopes, parametric, index, coefficient)


@njit(cache=True)
def prepare_state(psi, reference, turns, first, left, right):  # type: ignore[no-untyped-def]
    """Write the state of a circuit into psi; turns are (cos θ/2, sin θ/2) by gate."""
    psi[:] = 0.0
    psi[reference] = 1.0
    for k in range(len(turns)):
        apply_gate(psi, first[k], first[k + 1], left, right, turns[k, 0], turns[k, 1])


@njit(cache=True)
def derivative_states(psi, reference, turns, wanted, out, first, left, right):  # type: ignore[no-untyped-def]
    """out[m] <- ∂ψ/∂θ of the m-th wanted gate, psi <- the state."""
    psi[:] = 0.0
    psi[reference] = 1.0
    filled = 0
    for k in range(len(turns)):
        for m in range(filled):
            apply_gate(out[m], first[k], first[k + 1], left, right, turns[k, 0], turns[k, 1])
        apply_gate(psi, first[k], first[k + 1], left, right, turns[k, 0], turns[k, 1])
        if wanted[k]:
            # Quarter turns forth and back differ by twice (T - T†)ψ; half of it is wanted.
            copy_into(out[filled], psi)
            back = psi.copy()
            apply_gate(out[filled], first[k], first[k + 1], left, right, 0.0, 1.0)
            apply_gate(back, first[k], first[k + 1], left, right, 0.0, -1.0)
            for n in range(len(psi)):
                out[filled, n] = 0.25 * (out[filled, n] - back[n])
            filled += 1

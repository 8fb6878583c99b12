r"""Total spin of a state over determinants.

    S² = S_z (S_z + 1) + S₋ S₊,   S₊ = Σ_p a†_pα a_pβ,   so that   ⟨S²⟩ = S_z (S_z + 1) + ‖S₊ ψ‖²

where S_z = (n_alpha - n_beta) / 2 in a sector of fixed electron numbers. S₋ S₊ has no negative
eigenvalue, and is zero where S = S_z.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .determinants import occupation_strings


def raised_spin(psi: npt.NDArray[Any], norb: int, n_alpha: int, n_beta: int) -> npt.NDArray[Any]:
    """Return S₊ ψ over the strings of n_alpha + 1 and n_beta - 1 electrons, up to a common sign.

    Args:
        psi: amplitudes [alpha string, beta string], strings ascending as integers.
        norb: number of orbitals.
        n_alpha, n_beta: electrons of each spin.
    """
    if n_alpha == norb or n_beta == 0:
        return np.zeros((0, 0), dtype=psi.dtype)
    alpha, beta = occupation_strings(norb, n_alpha), occupation_strings(norb, n_beta)
    more, fewer = occupation_strings(norb, n_alpha + 1), occupation_strings(norb, n_beta - 1)
    out = np.zeros((len(more), len(fewer)), dtype=psi.dtype)
    for p in range(norb):
        bit = 1 << p
        rows, columns = np.flatnonzero(~alpha & bit), np.flatnonzero(beta & bit)
        # Ladder operators pass the electrons of their spin in lower orbitals.
        left = 1.0 - 2.0 * (np.bitwise_count(alpha[rows] & (bit - 1)) & 1)
        right = 1.0 - 2.0 * (np.bitwise_count(beta[columns] & (bit - 1)) & 1)
        block = psi[np.ix_(rows, columns)] * left[:, None] * right
        places = (
            np.searchsorted(more, alpha[rows] | bit),
            np.searchsorted(fewer, beta[columns] ^ bit),
        )
        out[np.ix_(*places)] += block
    return out


def spin_squared(psi: npt.NDArray[Any], norb: int, n_alpha: int, n_beta: int) -> float:
    """Return ⟨ψ|S²|ψ⟩; of a normalised state S (S + 1). Arguments as of `raised_spin`."""
    projection = (n_alpha - n_beta) / 2
    raised = raised_spin(psi, norb, n_alpha, n_beta)
    weight = float(np.vdot(psi, psi).real)
    return projection * (projection + 1) * weight + float(np.vdot(raised, raised).real)

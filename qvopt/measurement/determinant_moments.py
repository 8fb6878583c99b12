"""Variance of a quadratic in occupations of rotated orbitals, in a Slater determinant.

For commuting one-electron operators n_x = b†_x b_x Wick's theorem gives joint cumulants as sums
over cyclic orders of γ_xy = ⟨b†_x b_y⟩ and h = 1 - γ:

    κ(n_1 … n_m) = Σ_σ (-1)^{g - 1} Π_i (γ_{i σ(i)} if i < σ(i) else h_{i σ(i)}),

σ the (m - 1)! cyclic permutations, g the number of factors γ (G. C. Wick, Phys. Rev. 80, 268
(1950)). With d = n - ⟨n⟩ and b = a + 2 B ⟨n⟩,

    Var(Σ a_x n_x + Σ B_xy n_x n_y) = b κ₂ b + 2 Σ b_z B_xy κ₃(z, x, y)
                                      + Σ B_xy B_zw [κ₄(x, y, z, w) + 2 κ₂(x, z) κ₂(y, w)].

Its cost grows with a power of the orbitals, not with the determinants.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .plan import Diagonal


def determinant_variance(diagonal: Diagonal, gamma: FloatArray) -> float:
    """Return the variance of Z strings of one and two qubits.

    Args:
        diagonal: the strings, Z_x = 1 - 2 n_x.
        gamma: ⟨b†_x b_y⟩ of the measured spin orbitals, real and symmetric, γ² = γ.
    """
    size = len(gamma)
    linear, pairs = np.zeros(size), np.zeros((size, size))
    for mask, c in zip(diagonal.masks.tolist(), diagonal.coefficients.tolist(), strict=True):
        x = (mask & -mask).bit_length() - 1
        y = mask.bit_length() - 1
        if mask.bit_count() not in (1, 2):
            raise ValueError("the diagonal of an orbital rotation has one- and two-body terms")
        if x == y:
            linear[x] -= 2.0 * c
        else:  # Z_x Z_y = 1 - 2 n_x - 2 n_y + 4 n_x n_y
            linear[[x, y]] -= 2.0 * c
            pairs[x, y] += 2.0 * c
            pairs[y, x] += 2.0 * c
    b = linear + 2.0 * pairs @ gamma.diagonal()
    second = gamma * (np.eye(size) - gamma)
    total = b @ second @ b + 2.0 * _cumulant("zxy", gamma, [("z", b), ("xy", pairs)])
    total += _cumulant("xyzw", gamma, [("xy", pairs), ("zw", pairs)])
    return float(total + 2.0 * np.sum(pairs * (second @ pairs @ second)))


def _cumulant(order: str, gamma: FloatArray, weights: list[tuple[str, FloatArray]]) -> float:
    """The joint cumulant of occupations in some order, summed with weights over all indices."""
    hole = np.eye(len(gamma)) - gamma
    total = 0.0
    for rest in permutations(range(1, len(order))):
        cycle = (0, *rest)
        subscripts, factors, sign = [w[0] for w in weights], [w[1] for w in weights], -1.0
        for i, j in zip(cycle, (*rest, 0), strict=True):
            subscripts.append(order[i] + order[j])
            factors.append(gamma if i < j else hole)
            sign = -sign if i < j else sign
        total += sign * float(np.einsum(",".join(subscripts), *factors, optimize="greedy"))
    return total

"""Which spin-orbital excitations leave a determinant at fixed particle number and spin."""

from __future__ import annotations

from itertools import combinations
from typing import TypeAlias

Excitation: TypeAlias = tuple[int, ...]
"""Qubits of an excitation gate: (i, a) for a†_a a_i, (i, j, a, b) for a†_a a†_b a_j a_i."""


def single_excitations(norb: int, n_alpha: int, n_beta: int) -> list[Excitation]:
    """Return (i, a) from the Hartree-Fock determinant, alpha first, in lexicographic order.

    Spin orbitals are qubits in blocks: alpha orbital p is p, beta orbital p is norb + p; the
    lowest n_alpha and n_beta orbitals are occupied.

    >>> single_excitations(2, 1, 1)
    [(0, 1), (2, 3)]
    """
    return [
        (shift + i, shift + a)
        for shift, occupied in ((0, n_alpha), (norb, n_beta))
        for i in range(occupied)
        for a in range(occupied, norb)
    ]


def double_excitations(norb: int, n_alpha: int, n_beta: int) -> list[Excitation]:
    """Return (i, j, a, b) with i < j and a < b: both alpha, then both beta, then one of each.

    >>> double_excitations(2, 1, 1)
    [(0, 2, 1, 3)]
    """
    same_spin: list[Excitation] = [
        (shift + i, shift + j, shift + a, shift + b)
        for shift, occupied in ((0, n_alpha), (norb, n_beta))
        for i, j in combinations(range(occupied), 2)
        for a, b in combinations(range(occupied, norb), 2)
    ]
    opposite_spin: list[Excitation] = [
        (i, norb + j, a, norb + b)
        for i in range(n_alpha)
        for j in range(n_beta)
        for a in range(n_alpha, norb)
        for b in range(n_beta, norb)
    ]
    return same_spin + opposite_spin


def is_allowed(excitation: Excitation, irreps: tuple[int, ...]) -> bool:
    """Whether an excitation keeps the point-group symmetry: its orbitals' irreps multiply to 1.

    `irreps` labels spatial orbitals; the product of two is their bitwise XOR (Abelian groups).
    """
    product = 0
    for qubit in excitation:
        product ^= irreps[qubit % len(irreps)]
    return product == 0

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


def generalised_singles(norb: int) -> list[Excitation]:
    """Return (p, q) with p < q between any orbitals of one spin, alpha first.

    T - T† of (q, p) is that of (p, q) with the other sign, so one of them is enough.

    >>> generalised_singles(2)
    [(0, 1), (2, 3)]
    """
    return [(s + p, s + q) for s in (0, norb) for p, q in combinations(range(norb), 2)]


def generalised_doubles(norb: int) -> list[Excitation]:
    """Return (p, q, r, s) from any two spin orbitals to any two others, spin conserved.

    Both alpha, then both beta, then one of each; each T or T† once. Of four orbitals of one spin
    there are three: (pq -> rs), (pr -> qs), (ps -> qr).

    >>> generalised_doubles(2)
    [(0, 2, 1, 3), (0, 3, 1, 2)]
    """
    same_spin: list[Excitation] = [
        (shift + p, shift + q, shift + r, shift + s)
        for shift in (0, norb)
        for a, b, c, d in combinations(range(norb), 4)
        for p, q, r, s in ((a, b, c, d), (a, c, b, d), (a, d, b, c))
    ]
    opposite_spin: list[Excitation] = [
        (p, norb + q, r, norb + s)
        for p, r in combinations(range(norb), 2)
        for q in range(norb)
        for s in range(norb)
        if q != s
    ]
    return same_spin + opposite_spin


def pair_doubles(norb: int) -> list[Excitation]:
    """Return (p alpha, p beta, q alpha, q beta) with p < q: electron pairs between orbitals.

    >>> pair_doubles(2)
    [(0, 2, 1, 3)]
    """
    return [(p, norb + p, q, norb + q) for p, q in combinations(range(norb), 2)]


def spin_flipped(excitation: Excitation, norb: int) -> Excitation:
    """Return the excitation with alpha and beta exchanged, alpha qubits first.

    >>> spin_flipped((0, 3, 1, 2), 2)
    (1, 2, 0, 3)
    """
    half = len(excitation) // 2
    flipped = [(q + norb) % (2 * norb) for q in excitation]
    return (*sorted(flipped[:half]), *sorted(flipped[half:]))

"""Layers of tiles on neighbouring orbitals: the pairs, and the two generators of a tile."""

from __future__ import annotations

from collections.abc import Sequence

from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .clusters import Cluster


def brickwork(order: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs of one layer along a line of orbitals: (0, 1), (2, 3) …, then (1, 2) ….

    >>> brickwork(range(4))
    [(0, 1), (2, 3), (1, 2)]
    """
    starts = [*range(0, len(order) - 1, 2), *range(1, len(order) - 1, 2)]
    return [(order[k], order[k + 1]) for k in starts]


def orbital_rotation(p: int, q: int, norb: int) -> Cluster:
    """κ = E_qp - E_pq, which rotates orbital p towards q for both spins and commutes with S²."""
    return (((p, q), 1.0), ((norb + p, norb + q), 1.0))


def pair_exchange(p: int, q: int, norb: int) -> Cluster:
    """a†_qα a†_qβ a_pβ a_pα less its adjoint, which moves an electron pair and keeps S²."""
    return (((p, norb + p, q, norb + q), 1.0),)


def perfect_pairing_order(hamiltonian: MolecularHamiltonian) -> list[int]:
    """Return orbitals in pairs of one occupied and one empty, the highest with the lowest.

    What is left over of either kind follows. Occupied orbitals are those with an alpha electron.
    """
    n_occupied = hamiltonian.n_alpha
    occupied = list(range(n_occupied))[::-1]
    empty = list(range(n_occupied, hamiltonian.norb))
    order: list[int] = []
    for i, a in zip(occupied, empty, strict=False):
        order += [i, a]
    paired = len(order) // 2
    return order + occupied[paired:] + empty[paired:]

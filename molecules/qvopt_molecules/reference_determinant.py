r"""The determinant of lowest energy over given orbitals.

    E = Σ_p h_pp n_p + ½ Σ_pq (pp|qq) n_p n_q - ½ Σ_σ Σ_pq (pq|qp) n_pσ n_qσ,   n_p = n_pα + n_pβ

All determinants are compared where there are few; otherwise the search exchanges one and two
orbitals until nothing is lower, from several starts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

Occupation = tuple[tuple[int, ...], tuple[int, ...]]
"""Doubly and singly occupied orbitals, ascending."""

_FEW: Final = 20_000
_LOWER: Final = 1e-8  # Hartree; of equal ones the first orbitals are taken


class DeterminantEnergies:
    """Energies of determinants over real orbitals, without the core's."""

    def __init__(self, one_body: FloatArray, two_body: FloatArray) -> None:
        self.bare: FloatArray = np.array(one_body.diagonal())
        self.coulomb: FloatArray = np.einsum("ppqq->pq", two_body)
        self.exchange: FloatArray = np.einsum("pqqp->pq", two_body)

    def __call__(self, occupation: Occupation) -> float:
        """Return the energy of one determinant."""
        double, single = occupation
        high, low = np.zeros((2, len(self.bare)))
        high[list(double + single)] = 1.0
        low[list(double)] = 1.0
        total = high + low
        return float(
            self.bare @ total
            + 0.5 * total @ self.coulomb @ total
            - 0.5 * (high @ self.exchange @ high + low @ self.exchange @ low)
        )


def lowest_determinant(
    one_body: FloatArray,
    two_body: FloatArray,
    n_double: int,
    n_single: int,
    *,
    allowed: Callable[[Occupation], bool] = lambda _: True,
    among: tuple[int, ...] | None = None,
) -> Occupation | None:
    """Return the doubly and the singly occupied orbitals of the lowest determinant.

    Args:
        one_body, two_body: integrals as in `MolecularHamiltonian`.
        n_double, n_single: numbers of doubly and singly occupied orbitals.
        allowed: which determinants may be taken.
        among: the orbitals that may be occupied; None for all.

    Returns None where no determinant is allowed.
    """
    energy = DeterminantEnergies(one_body, two_body)
    orbitals = tuple(range(len(one_body))) if among is None else tuple(sorted(among))
    n = len(orbitals)
    if math.comb(n, n_double) * math.comb(n - n_double, n_single) <= _FEW:
        return _lowest_of(_all(orbitals, n_double, n_single), energy, allowed)
    ends = []
    for start in _starts(energy, orbitals, n_double, n_single):
        current = start
        while True:
            near = _lowest_of(_neighbours(current, orbitals), energy, allowed)
            if near is None:
                break
            if allowed(current) and energy(near) > energy(current) - _LOWER:
                break
            current = near
        if allowed(current):
            ends.append(current)
    return _lowest_of(iter(ends), energy, allowed)


def _lowest_of(
    candidates: Iterator[Occupation],
    energy: Callable[[Occupation], float],
    allowed: Callable[[Occupation], bool],
) -> Occupation | None:
    best, lowest = None, math.inf
    for candidate in candidates:
        if allowed(candidate):
            value = energy(candidate)
            if value < lowest - _LOWER:
                best, lowest = candidate, value
    return best


def _all(orbitals: tuple[int, ...], n_double: int, n_single: int) -> Iterator[Occupation]:
    for double in itertools.combinations(orbitals, n_double):
        rest = [p for p in orbitals if p not in double]
        for single in itertools.combinations(rest, n_single):
            yield double, single


def _neighbours(occupation: Occupation, orbitals: tuple[int, ...]) -> Iterator[Occupation]:
    """Determinants with two orbitals of different occupation exchanged."""
    kinds = [list(occupation[0]), list(occupation[1])]
    kinds.append([p for p in orbitals if p not in kinds[0] + kinds[1]])
    for a, b in ((0, 1), (0, 2), (1, 2)):
        for p, q in itertools.product(kinds[a], kinds[b]):
            changed = [set(kind) for kind in kinds]
            changed[a].symmetric_difference_update((p, q))
            changed[b].symmetric_difference_update((p, q))
            yield tuple(sorted(changed[0])), tuple(sorted(changed[1]))


def _starts(
    energy: DeterminantEnergies, orbitals: tuple[int, ...], n_double: int, n_single: int
) -> Iterator[Occupation]:
    """The first orbitals, the lowest of h, and the lowest in the field of those, repeatedly."""

    def filled(order: list[int]) -> Occupation:
        highest = n_double + n_single
        return tuple(sorted(order[:n_double])), tuple(sorted(order[n_double:highest]))

    yield filled(list(orbitals))
    levels = energy.bare
    occupation = filled(sorted(orbitals, key=lambda p: levels[p]))
    yield occupation
    for _ in range(10):
        counts = np.zeros(len(levels))
        counts[list(occupation[0])] = 2.0
        counts[list(occupation[1])] = 1.0
        field = levels + energy.coulomb @ counts - 0.5 * energy.exchange @ counts
        occupation = filled(sorted(orbitals, key=lambda p: float(field[p])))
        yield occupation

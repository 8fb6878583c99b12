"""Orbitals put in such an order that the reference determinant occupies the first ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .reference_determinant import Occupation, lowest_determinant


def with_reference(
    hamiltonian: MolecularHamiltonian,
    symmetry: int = 0,
    occupied: Sequence[int] | None = None,
    source: object = "the Hamiltonian",
) -> MolecularHamiltonian:
    """Return the Hamiltonian with the orbitals of its lowest determinant first.

    Args:
        hamiltonian: orbitals in any order.
        symmetry: irreducible representation of the determinant, counted from 1; 0 and 1 leave it
            open.
        occupied: orbitals of the reference that hold an electron, counted from 1; None for the
            lowest determinant.
        source: where the integrals come from, for errors.

    Raises:
        InputError: `occupied` does not fit the electrons or the orbitals.
    """
    h = hamiltonian
    n_double, n_single = min(h.n_alpha, h.n_beta), abs(h.n_alpha - h.n_beta)
    among = None if occupied is None else _checked(occupied, n_double + n_single, h.norb, source)
    notes = list(h.notes)
    chosen: Occupation | None = None
    irreps = h.irreps
    if irreps is not None and symmetry > 1:
        labels = irreps
        chosen = lowest_determinant(
            h.one_body, h.two_body, n_double, n_single, among=among,
            allowed=lambda occupation: _product(occupation, labels) == symmetry - 1,
        )  # fmt: skip
        if chosen is None:
            notes.append(
                f"no single determinant has the symmetry ISYM={symmetry} of the file: the "
                f"reference is the lowest determinant"
            )
    if chosen is None:
        chosen = lowest_determinant(h.one_body, h.two_body, n_double, n_single, among=among)
    assert chosen is not None  # every determinant is allowed
    double, single = chosen
    rest = [p for p in range(h.norb) if p not in double + single]
    order = [*double, *single, *rest]
    if order != list(range(h.norb)):
        filled = " ".join(str(p + 1) for p in sorted(double))
        halves = f", singly {' '.join(str(p + 1) for p in single)}" if single else ""
        why = "as was asked" if occupied is not None else "the lowest determinant"
        notes.append(
            f"the reference occupies orbitals {filled or 'none'} of the file doubly{halves} "
            f"(counted from 1; {why}); they come first here"
        )
    places = np.ix_(order, order)
    return replace(
        h,
        one_body=np.ascontiguousarray(h.one_body[places]),
        two_body=np.ascontiguousarray(h.two_body[np.ix_(order, order, order, order)]),
        irreps=None if irreps is None else tuple(irreps[p] for p in order),
        orbital_energies=None if h.orbital_energies is None else h.orbital_energies[order],
        notes=tuple(notes),
    )


def _checked(occupied: Sequence[int], count: int, norb: int, source: object) -> tuple[int, ...]:
    numbers = tuple(occupied)
    distinct = len(set(numbers)) == len(numbers)
    if len(numbers) != count or not distinct or not all(1 <= p <= norb for p in numbers):
        raise InputError(
            f"{source}: occupied must name {count} distinct orbitals from 1 to {norb}, got "
            f"{list(numbers)[:20]}"
        )
    return tuple(p - 1 for p in numbers)


def _product(occupation: Occupation, irreps: tuple[int, ...]) -> int:
    out = 0
    for p in occupation[1]:
        out ^= irreps[p]
    return out

"""Which orbitals are frozen, active and empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .molecule import ActiveSpace

_SAME: Final = 1e-6  # Hartree between orbitals that are called degenerate


def split_degeneracy_note(
    energies: FloatArray, numbers: Sequence[int], begin: int, end: int
) -> tuple[str, ...]:
    """Return a note where an active space takes some of several degenerate orbitals.

    Args:
        energies: of all orbitals in Hartree: frozen, active, empty.
        numbers: of the orbitals, as an active space counts them.
        begin, end: the first active orbital, and the first empty one.
    """
    inside, outside = set(), set()
    for q in (*range(begin), *range(end, len(energies))):
        partners = begin + np.flatnonzero(abs(energies[begin:end] - energies[q]) < _SAME)
        if len(partners):
            outside.add(numbers[q])
            inside |= {numbers[p] for p in partners}
    if not outside:
        return ()
    taken, left = (", ".join(map(str, sorted(group))) for group in (inside, outside))
    return (
        f"the active space splits degenerate orbitals: it has {taken} and leaves out {left}, of "
        f"the same energy; take all of them or none",
    )


def resolve_active_space(
    space: ActiveSpace | None, n_orbitals: int, n_alpha: int, n_beta: int
) -> tuple[tuple[int, ...], tuple[int, ...], int, int]:
    """Return (core orbitals, active orbitals, active alpha, active beta electrons).

    Core orbitals are doubly occupied. Raises InputError, with what there is, where the space does
    not fit the molecule's orbitals and electrons.
    """
    there = f"the molecule has {n_alpha + n_beta} electrons in {n_orbitals} orbitals"
    if space is None:
        space = ActiveSpace(frozen_core=0)
    if space.frozen_core is not None:
        if space.electrons is not None or space.orbitals is not None:
            raise InputError(
                "give either frozen_core (with n_orbitals, if not all), or electrons with "
                "n_orbitals or orbitals, not both"
            )
        core = space.frozen_core
        count = n_orbitals - core if space.n_orbitals is None else space.n_orbitals
        electrons = n_alpha + n_beta - 2 * core
    else:
        if space.electrons is None:
            raise InputError("an active space needs its number of electrons")
        electrons = space.electrons
        if (n_alpha + n_beta - electrons) % 2:
            raise InputError(
                f"{electrons} active electrons leave an odd number for the doubly occupied core; "
                f"{there}"
            )
        core = (n_alpha + n_beta - electrons) // 2
        if space.orbitals is not None:
            if space.n_orbitals not in (None, len(space.orbitals)):
                raise InputError("n_orbitals and the length of orbitals disagree")
            count = len(space.orbitals)
        elif space.n_orbitals is not None:
            count = space.n_orbitals
        else:
            raise InputError("an active space needs n_orbitals or orbitals")
    active_alpha, active_beta = n_alpha - core, n_beta - core
    if core < 0 or count < 1 or core + count > n_orbitals:
        raise InputError(
            f"the active space ({electrons} electrons in {count} orbitals) does not fit: {there}"
        )
    if min(active_alpha, active_beta) < 0 or active_alpha > count or electrons < 1:
        raise InputError(
            f"the active space ({electrons} electrons in {count} orbitals) does not fit "
            f"{n_alpha} alpha and {n_beta} beta electrons: {there}"
        )
    if space.orbitals is None:
        return tuple(range(core)), tuple(range(core, core + count)), active_alpha, active_beta
    active = tuple(sorted(space.orbitals))  # the lowest ones are occupied, however they are listed
    if len(set(active)) != len(active) or min(active) < 0 or max(active) >= n_orbitals:
        raise InputError(
            f"active orbitals must be distinct and within 0 to {n_orbitals - 1}, got {active}"
        )
    rest = [p for p in range(n_orbitals) if p not in active]
    return tuple(rest[:core]), active, active_alpha, active_beta

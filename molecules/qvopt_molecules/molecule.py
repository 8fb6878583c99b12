"""What the problem is before any integral: atoms, charge, spin, basis and active space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Atom:
    """One nucleus: its element symbol and its position in Ångström."""

    symbol: str
    position: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ActiveSpace:
    """Which spatial orbitals are correlated.

    Give either `orbitals` (indices of molecular orbitals, by energy from 0) together with
    `electrons`, or the counts `n_orbitals` and `electrons` (an active space around the Fermi
    level), or `frozen_core` alone (the number of doubly occupied orbitals to freeze; every other
    orbital is active). Orbitals below the active ones are doubly occupied, those above are empty.
    """

    electrons: int | None = None
    n_orbitals: int | None = None
    orbitals: tuple[int, ...] | None = None
    frozen_core: int | None = None


@dataclass(frozen=True)
class Molecule:
    """A molecule at one geometry.

    Attributes:
        name: how the molecule is called in tables and run folders.
        atoms: nuclei, positions in Ångström.
        charge: total charge in units of e.
        spin: number of unpaired electrons, 2S = n_alpha - n_beta.
        basis: name of a Gaussian basis set, such as "sto-3g".
        active_space: the correlated orbitals; None correlates all.
        references: known energies in Hartree by method ("hf", "ccsd", "fci"), valid for exactly
            this geometry, basis and active space.
    """

    name: str
    atoms: tuple[Atom, ...]
    charge: int = 0
    spin: int = 0
    basis: str = "sto-3g"
    active_space: ActiveSpace | None = None
    references: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

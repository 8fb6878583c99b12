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

    Give either `orbitals` (indices of molecular orbitals, by energy from 0, in any order) together
    with `electrons`, or the counts `n_orbitals` and `electrons` (an active space around the Fermi
    level), or `frozen_core` alone (the number of doubly occupied orbitals to freeze; every other
    orbital is active). Orbitals below the active ones are doubly occupied, those above are empty.

    Or let `selection` choose: "mp2" or "uhf" takes the natural orbitals whose occupation is
    between `threshold` and 2 - `threshold` (0.02 if not given), or the `n_orbitals` nearest to
    one electron; "avas" takes what overlaps by more than `threshold` (0.2) with the atomic
    orbitals in `labels`, such as ("N 2p",).
    """

    electrons: int | None = None
    n_orbitals: int | None = None
    orbitals: tuple[int, ...] | None = None
    frozen_core: int | None = None
    selection: str | None = None
    threshold: float | None = None
    labels: tuple[str, ...] | None = None


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
        orbitals: "canonical" (RHF, or ROHF for open shells), "mp2-natural", "uhf-natural", or
            localised within the active occupied and empty ones: "boys", "pipek-mezey",
            "edmiston-ruedenberg". The integrals are always over one set for both spins.
        symmetry: whether orbitals are adapted to the molecule's abelian point group, and atoms
            moved onto symmetric positions where rounding put them up to 2e-5 Ångström beside.
    """

    name: str
    atoms: tuple[Atom, ...]
    charge: int = 0
    spin: int = 0
    basis: str = "sto-3g"
    active_space: ActiveSpace | None = None
    references: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    orbitals: str = "canonical"
    symmetry: bool = True

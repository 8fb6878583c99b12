"""Which functions and which effective core potential each element has in a basis, by PySCF.

A basis that was made for a potential is used with it, and never without: def2 from Rb on, LANL2,
Stuttgart, SBKJC, CREN and the correlation-consistent -PP sets. The latter, which begin at Cu, go
with the all-electron sets of the same family for lighter elements.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from .elements import nuclear_charge
from .errors import InputError

_WITH_POTENTIALS: Final = (
    "def2-", "lanl", "sbkjc", "stuttgart", "crenb", "cc-pvdz-pp", "cc-pvtz-pp", "cc-pvqz-pp",
    "cc-pv5z-pp", "aug-cc-pvdz-pp", "aug-cc-pvtz-pp", "aug-cc-pvqz-pp",
)  # fmt: skip
_FIRST_OF_PP: Final = 29  # Cu
_SUGGESTED: Final = ("sto-3g", "def2-svp", "cc-pvdz", "cc-pvdz-pp", "lanl2dz", "ano-rcc")


@dataclass(frozen=True)
class ElementBases:
    """What PySCF needs for the elements of a molecule.

    Attributes:
        functions: name of the basis by element.
        potentials: name of the effective core potential by element, where there is one.
        core_electrons: number of electrons that the potential replaces, by element.
    """

    functions: dict[str, str]
    potentials: dict[str, str]
    core_electrons: dict[str, int]

    def notes(self) -> tuple[str, ...]:
        """Return a sentence on the potentials; none without any."""
        if not self.core_electrons:
            return ()
        listed = ", ".join(f"{s} ({n} electrons)" for s, n in sorted(self.core_electrons.items()))
        return (f"effective core potentials stand for the inner shells of {listed}",)


def element_bases(symbols: Iterable[str], basis: str) -> ElementBases:
    """Return the basis and the effective core potential of each element.

    Args:
        symbols: element symbols, repeated ones allowed.
        basis: a name as `basis_name` returns it.

    Raises:
        InputError: the basis has no functions, or no potential that it needs, for an element.
    """
    functions: dict[str, str] = {}
    potentials: dict[str, str] = {}
    cores: dict[str, int] = {}
    elements = sorted(set(symbols), key=nuclear_charge)
    missing = []
    for symbol in elements:
        name = _name_for(symbol, basis)
        potential = _potential(name, symbol)
        if not _holds_its_electrons(name, symbol, potential is not None):
            missing.append(symbol)
            continue
        functions[symbol] = name
        if potential is not None:
            potentials[symbol], cores[symbol] = potential
    if missing:
        fitting = [n for n in _SUGGESTED if n != basis and _has_all(n, elements)]
        hint = f"; bases that have: {', '.join(fitting)}" if fitting else ""
        raise InputError(
            f"the basis {basis} has no functions for the electrons of {', '.join(missing)}{hint}"
        )
    return ElementBases(functions, potentials, cores)


def _name_for(symbol: str, basis: str) -> str:
    if basis.endswith("-pp") and nuclear_charge(symbol) < _FIRST_OF_PP:
        return basis.removesuffix("-pp")
    return basis


def _has_all(basis: str, symbols: Iterable[str]) -> bool:
    names = [(s, _name_for(s, basis)) for s in symbols]
    return all(_holds_its_electrons(n, s, _potential(n, s) is not None) for s, n in names)


def _potential(basis: str, symbol: str) -> tuple[str, int] | None:
    if not basis.startswith(_WITH_POTENTIALS):
        return None
    from pyscf.gto.basis import load_ecp

    name = basis.removeprefix("aug-")  # diffuse functions leave the potential as it is
    terms = _quietly(load_ecp, name, symbol)
    return (name, int(terms[0])) if terms else None


@cache
def _holds_its_electrons(basis: str, symbol: str, potential: bool) -> bool:
    """Whether there are functions for the element's shells, or a potential in place of inner ones.

    Some sets have valence functions only for heavy elements (minao from Rb on).
    """
    from pyscf.data.elements import CONFIGURATION
    from pyscf.gto.basis import load

    shells = _quietly(load, basis, symbol)
    if not shells or potential:
        return bool(shells)
    radial = [0, 0, 0, 0]
    for shell in shells:
        if shell[0] < len(radial):
            radial[shell[0]] += len(shell[-1]) - 1  # contractions: columns after the exponent
    electrons = CONFIGURATION[nuclear_charge(symbol)]
    return all(n * (4 * l + 2) >= e for l, (n, e) in enumerate(zip(radial, electrons, strict=True)))


def _quietly(load: Any, name: str, symbol: str) -> Any:
    """What PySCF's reader returns; None where the element is not in the set."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to install another package
            return load(name, symbol)
    except (RuntimeError, KeyError, ValueError, AttributeError, OSError):
        return None

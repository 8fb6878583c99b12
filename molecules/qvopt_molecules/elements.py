"""The elements, in the order of their nuclear charge."""

from __future__ import annotations

from typing import Final

from .errors import InputError, unknown_name

SYMBOLS: Final = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S",
    "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga",
    "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd",
    "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm",
    "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os",
    "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
)  # fmt: skip
_HEAVIER: Final = (
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No",
    "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
)  # fmt: skip
_CHARGES: Final = {symbol: z for z, symbol in enumerate(SYMBOLS, start=1)}


def element(text: str) -> str:
    """Return the symbol in its usual spelling; raise InputError for an unknown one."""
    symbol = text.strip().capitalize()
    if symbol not in _CHARGES:
        raise unknown_element(text)
    return symbol


def nuclear_charge(symbol: str) -> int:
    """Nuclear charge Z of a symbol."""
    return _CHARGES[symbol]


def unknown_element(text: str) -> Exception:
    """Return the error for text that is no symbol of an element up to radon."""
    if text.strip().capitalize() in _HEAVIER:
        return InputError(
            f"element {text.strip().capitalize()} is heavier than radon (Z = 86), and elements up "
            f"to there are supported"
        )
    return unknown_name("element", text, SYMBOLS)

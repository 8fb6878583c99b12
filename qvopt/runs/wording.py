"""What references and units of energies are called: of molecules and of lattice models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from qvopt.runs.result import Result


@dataclass(frozen=True)
class Wording:
    """Names of the mean-field and of the exact reference, and the unit of energy ("" is none)."""

    reference: str
    exact: str
    unit: str

    @property
    def in_hartree(self) -> bool:
        """Whether energies are in Hartree, and errors usual in thousandths of it."""
        return self.unit == "Ha"

    @property
    def bracketed(self) -> str:
        """The unit as it follows a name: " (Ha)"; nothing where there is none."""
        return f" ({self.unit})" if self.unit else ""


_MOLECULE: Final = Wording("Hartree-Fock", "full CI", "Ha")


def wording(result: Result) -> Wording:
    """Return the words for a run, by what it was run on."""
    return wording_of(result.names)


def wording_of(names: Mapping[str, Any]) -> Wording:
    """Return the words for what names a run: its `kind` and its `unit`, if it has them."""
    unit = str(names.get("unit", ""))
    if names.get("kind") == "spins":
        return Wording("product state", "exact ground energy", unit)
    if names.get("kind") == "lattice":
        return Wording("reference determinant", "exact ground energy", unit)
    return _MOLECULE


def thousandth(units: Iterable[str]) -> str:
    """Return what a thousandth of an energy is called where problems have these units.

    >>> thousandth(["Ha"]), thousandth(["J", "J"]), thousandth(["Ha", "J"])
    ('mHa', '10⁻³ J', '10⁻³')
    """
    different = sorted(set(units))
    if different == ["Ha"]:
        return "mHa"
    return f"10⁻³ {different[0]}".strip() if len(different) == 1 else "10⁻³"

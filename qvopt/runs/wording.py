"""What references and units of energies are called: of molecules and of lattice models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
    return wording_of(result.names, exact_name(result.problem))


def exact_name(problem: Mapping[str, Any]) -> str | None:
    """Return what the exact energy of a problem is called: "full CI" or "CASCI(2, 2)"."""
    exact = problem.get("exact")
    return None if exact is None else str(exact["method"])


def wording_of(names: Mapping[str, Any], exact: str | None = None) -> Wording:
    """Return the words for what names a run: its `kind` and its `unit`, if it has them.

    `exact` is what the exact energy of a molecule is called; None takes `exact_method` of the
    names, else full CI.
    """
    exact = exact or names.get("exact_method")
    unit = str(names.get("unit", ""))
    if names.get("kind") == "spins":
        return Wording("product state", "exact ground energy", unit)
    if names.get("kind") == "lattice":
        return Wording("reference determinant", "exact ground energy", unit)
    return _MOLECULE if exact is None else replace(_MOLECULE, exact=exact)


def difference_text(value: float, unit: str, digits: int = 2) -> str:
    """Return a small energy to two decimals of mHa, or to as many digits more in another unit.

    >>> difference_text(0.0123, "Ha"), difference_text(0.0123, "t"), difference_text(0.0123, "")
    ('12.30 mHa', '0.01230 t', '0.01230')
    """
    if unit == "Ha":
        return f"{1e3 * value:z.{digits}f} mHa"
    return f"{value:z.{digits + 3}f} {unit}".strip()


def thousandth(units: Iterable[str]) -> str:
    """Return what a thousandth of an energy is called where problems have these units.

    >>> thousandth(["Ha"]), thousandth(["J", "J"]), thousandth(["Ha", "J"])
    ('mHa', '10⁻³ J', '10⁻³')
    """
    different = sorted(set(units))
    if different == ["Ha"]:
        return "mHa"
    return f"10⁻³ {different[0]}".strip() if len(different) == 1 else "10⁻³"

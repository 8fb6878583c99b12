"""What the references and the unit of a run's energies are called: molecules and spins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from qvopt.result import Result


@dataclass(frozen=True)
class Wording:
    """Names of the mean-field and of the exact reference, and the unit of energy ("" is none)."""

    reference: str
    exact: str
    unit: str


_MOLECULE: Final = Wording("Hartree-Fock", "full CI", "Ha")
_SPINS: Final = Wording("product state", "exact ground energy", "")


def wording(result: Result) -> Wording:
    """Return the words for a run, by what it was run on."""
    return _SPINS if result.names.get("kind") == "spins" else _MOLECULE

"""What a state is like: its properties as numbers with their errors."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from qvopt.measurement.estimate import Estimate
from qvopt.runs.html import html_table
from qvopt.runs.text_table import shown_cell, text_table
from qvopt_molecules.arrays import FloatArray

Place = Literal["last", "average"]
_COLUMNS: Final = ("property", "value", "stderr")


@dataclass(frozen=True, eq=False, repr=False)
class Properties:
    """What a state is like. Energies in Hartree, dipoles in debye.

    Attributes:
        energy: of the density matrices.
        electrons, spin_squared: ⟨N⟩ and ⟨S²⟩.
        dipole: (x, y, z) from the origin of coordinates; None where the Hamiltonian does not
            carry its orbitals (FCIDUMP files, lattice models).
        dipole_norm: its length, with the error of first order.
        occupations: natural occupations, from the largest down.
        one, two: γ_pq and Γ_pqrs of the active orbitals, summed over spin.
        one_errors, two_errors: their standard errors, zero for exact ones.
        overlap: |⟨ψ|FCI⟩|² with the lowest full CI state of the same electron numbers, added up
            over the states of a degenerate level, from the simulator's amplitudes; None where
            there are none, or full CI is out of reach.
        shots, circuits: what it took.
        at: "last" or "average" iterate, of a run's properties.
        mitigation: what was done about errors.
    """

    energy: Estimate
    electrons: Estimate
    spin_squared: Estimate
    dipole: tuple[Estimate, Estimate, Estimate] | None
    dipole_norm: Estimate | None
    occupations: tuple[Estimate, ...]
    one: FloatArray
    two: FloatArray
    one_errors: FloatArray
    two_errors: FloatArray
    overlap: float | None
    shots: int = 0
    circuits: int = 0
    at: Place | None = None
    mitigation: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The properties as plain JSON values; the matrices as nested lists."""

        def pair(estimate: Estimate) -> dict[str, float]:
            return {"value": estimate.value, "stderr": estimate.stderr}

        return {
            **({} if self.at is None else {"at": self.at}),
            "energy": pair(self.energy),
            "electrons": pair(self.electrons),
            "spin_squared": pair(self.spin_squared),
            "dipole": None if self.dipole is None else [pair(e) for e in self.dipole],
            "dipole_norm": None if self.dipole_norm is None else pair(self.dipole_norm),
            "natural_occupations": [pair(e) for e in self.occupations],
            "overlap_fci": self.overlap,
            "shots": self.shots,
            "circuits": self.circuits,
            "one_rdm": self.one.tolist(),
            "one_rdm_stderr": self.one_errors.tolist(),
            "two_rdm": self.two.tolist(),
            "two_rdm_stderr": self.two_errors.tolist(),
            **({"mitigation": list(self.mitigation)} if self.mitigation else {}),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Properties:
        """Read what `document` wrote."""

        def estimate(pair: Mapping[str, float]) -> Estimate:
            return Estimate(pair["value"], pair["stderr"] ** 2, document["shots"])

        dipole = document["dipole"]
        x, y, z = (estimate(e) for e in dipole) if dipole is not None else (None, None, None)
        norm = document["dipole_norm"]
        return cls(
            energy=estimate(document["energy"]),
            electrons=estimate(document["electrons"]),
            spin_squared=estimate(document["spin_squared"]),
            dipole=None if x is None or y is None or z is None else (x, y, z),
            dipole_norm=None if norm is None else estimate(norm),
            occupations=tuple(estimate(e) for e in document["natural_occupations"]),
            one=np.array(document["one_rdm"]),
            two=np.array(document["two_rdm"]),
            one_errors=np.array(document["one_rdm_stderr"]),
            two_errors=np.array(document["two_rdm_stderr"]),
            overlap=document["overlap_fci"],
            shots=document["shots"],
            circuits=document["circuits"],
            at=document.get("at"),
            mitigation=tuple(document.get("mitigation", ())),
        )

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a number: `property` (its unit in the name), `value` and `stderr`."""
        named: list[tuple[str, Estimate | None]] = [
            ("energy_hartree", self.energy),
            ("electrons", self.electrons),
            ("spin_squared", self.spin_squared),
        ]
        if self.dipole is not None:
            named += [
                (f"dipole_{axis}_debye", value)
                for axis, value in zip("xyz", self.dipole, strict=True)
            ]
            named.append(("dipole_norm_debye", self.dipole_norm))
        named += [(f"natural_occupation_{k}", e) for k, e in enumerate(self.occupations)]
        rows = [
            {"property": name, "value": e.value, "stderr": e.stderr}
            for name, e in named
            if e is not None
        ]
        if self.overlap is not None:
            rows.append({"property": "overlap_fci", "value": self.overlap, "stderr": 0.0})
        return rows

    def frame(self) -> Any:
        """The rows as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(self.rows())

    def __repr__(self) -> str:
        return text_table(self.rows(), _COLUMNS)

    def _repr_html_(self) -> str:
        rows = ([shown_cell(row[c]) for c in _COLUMNS] for row in self.rows())
        return html_table(rows, _COLUMNS)

"""What a scan finds: its points as tidy data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qvopt.experiment.specification import MoleculeSpec
from qvopt.records.portable import placed
from qvopt.runs.html import drawn_html, html_table
from qvopt.runs.picture import axes_or_new
from qvopt.runs.result import Result
from qvopt.runs.text_table import shown_cell, text_table
from qvopt.runs.wording import Wording, wording_of
from qvopt.tasks.grid import unit_of
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.catalogue import parameter_unit
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.references import ccsd_energy_if_any
from qvopt_molecules.spins import Hamiltonian

_HIDDEN = ("ccsd_hartree", "evaluations", "seconds", "warm", "continuity", "run")
_ENERGIES = ("energy", "stderr", "exact", "hf", "ccsd", "fci")


@dataclass(frozen=True)
class ScanPoint:
    """One point of a curve; energies in Hartree, or a model's own unit, None where not known.

    `warm` tells whether the run started from its neighbour's parameters; `continuity` is the
    overlap of the occupied orbitals with the neighbour's. The rest is as in `Result`.
    """

    value: float
    status: str
    energy: float | None
    stderr: float | None
    exact: float | None
    hf: float
    ccsd: float | None
    fci: float | None
    error: float | None
    steps: int
    evaluations: int
    shots: int
    seconds: float
    warm: bool
    continuity: float | None
    run: str | None


@dataclass(frozen=True, repr=False)
class ScanResult:
    """A curve: the points that are done, in the order of the scan.

    `rows()` is tidy data, one row a point; `table()` the same with units in the names, `frame()`
    that as a pandas DataFrame. `names` tells a lattice model and its unit; `ansatz` and `basis` are
    for the record. `notes` are what a reader should know of reference determinants and active
    spaces, each with the values of the parameter where it holds. `unit` is the parameter's.
    """

    molecule: str
    parameter: str
    points: tuple[ScanPoint, ...]
    folder: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    ansatz: str = ""
    basis: str = ""
    notes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unit: str = ""

    @property
    def axis(self) -> str:
        """The parameter with its unit, as "bond (Å)"."""
        return f"{self.parameter} ({self.unit})" if self.unit else self.parameter

    def note_lines(self) -> list[str]:
        """The notes as sentences, with the points where each holds."""
        lines = []
        for note, values in self.notes.items():
            where = "all points"
            if len(values) < len(self.points):
                shown = ", ".join(f"{v:g}" for v in values[:6]) + (", …" if len(values) > 6 else "")
                where = f"{self.parameter} = {shown}"
            lines.append(f"note ({where}): {note}")
        return lines

    @property
    def words(self) -> Wording:
        """What its references and its unit are called."""
        return wording_of(self.names)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a point, the parameter under its own name."""
        rows = []
        for point in self.points:
            row = asdict(point)
            rows.append({self.parameter: row.pop("value"), **row})
        return rows

    def table(self) -> list[dict[str, Any]]:
        """The rows with units in their names; `error_mha` is in thousandths of a Hartree.

        Energies of lattice models are in a unit of their own, which their columns do not name.
        """
        if not self.words.in_hartree:
            return self.rows()
        rows = []
        for row in self.rows():
            named = {}
            for name, value in row.items():
                if name == "error":
                    named["error_mha"] = None if value is None else 1e3 * value
                else:
                    named[f"{name}_hartree" if name in _ENERGIES else name] = value
            rows.append(named)
        return rows

    def __repr__(self) -> str:
        rows = self.table()
        return text_table(rows, [c for c in (rows[0] if rows else ()) if c not in _HIDDEN])

    def _repr_html_(self) -> str:
        rows = self.table()
        header = [c for c in (rows[0] if rows else ()) if c not in _HIDDEN]
        table = html_table(([shown_cell(row[c]) for c in header] for row in rows), header)
        return table + drawn_html(self.plot) if rows else table

    @classmethod
    def of_document(cls, data: Mapping[str, Any], folder: Path) -> ScanResult:
        """Read what `document` wrote into a folder."""
        parameter = data["parameter"]
        points = []
        for row in data["points"]:
            kept = {("value" if k == parameter else k): v for k, v in row.items()}
            points.append(ScanPoint(**{**kept, "run": placed(row["run"], folder)}))
        names = {k: data[k] for k in ("kind", "unit", "exact_method") if k in data}
        return cls(
            data["molecule"], parameter, tuple(points), str(folder), names, data["ansatz"],
            data["basis"], {k: tuple(v) for k, v in data.get("notes", {}).items()},
            data.get("parameter_unit", ""),
        )  # fmt: skip

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve, beside full CI where it is known, into matplotlib Axes; return them."""
        ax = axes_or_new(ax)
        x = self.column(self.parameter)
        words = self.words
        curves = (("fci", words.exact, "--"), ("hf", words.reference, ":"), ("energy", "VQE", "o"))
        for name, label, style in curves:
            ax.plot(x, self.column(name), style, label=label, markersize=4)
        ax.set_xlabel(self.axis)
        ax.set_ylabel(f"energy{self.words.bracketed}")
        ax.legend(frameon=False)
        return ax

    def frame(self) -> Any:
        """The table as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(self.table())

    def column(self, name: str) -> FloatArray:
        """One column as floats, NaN where it is unknown."""
        values = [row[name] for row in self.rows()]
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def document(self) -> dict[str, Any]:
        """The curve as plain JSON values."""
        return {
            "molecule": self.molecule,
            "parameter": self.parameter,
            "parameter_unit": self.unit,
            "ansatz": self.ansatz,
            "basis": self.basis,
            **self.names,
            **({"notes": {k: list(v) for k, v in self.notes.items()}} if self.notes else {}),
            "points": self.rows(),
            "shots": sum(p.shots for p in self.points),
            "folder": self.folder,
        }


def scanned_unit(molecule: MoleculeSpec, parameter: str, words: Wording) -> str:
    """Unit of a scanned parameter: Å, °, that of a model's energies, or ""."""
    if words.in_hartree:
        return parameter_unit(molecule.definition or molecule.name, parameter) or unit_of(parameter)
    return words.unit if parameter.lower() in ("u", "mu", "field") else ""


def scan_point(
    value: float,
    result: Result,
    hamiltonian: Hamiltonian,
    continuity: float | None,
    warm: bool,
) -> ScanPoint:
    """Return the point of a run's result."""
    ccsd = None
    if isinstance(hamiltonian, MolecularHamiltonian):
        ccsd = ccsd_energy_if_any(hamiltonian)
    return ScanPoint(
        value=value,
        status=result.status,
        energy=result.energy,
        stderr=result.stderr,
        exact=result.exact,
        hf=result.hf,
        ccsd=ccsd,
        fci=result.fci,
        error=result.error,
        steps=result.n_steps,
        evaluations=result.evaluations,
        shots=result.shots,
        seconds=result.seconds,
        warm=warm,
        continuity=continuity,
        run=result.run,
    )


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV."""
    import csv
    import io

    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()

"""A potential-energy curve as data: its points, in the order of the scan."""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.tasks.grid import unit_of

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScanPoint:
    """One point of a curve; energies in Hartree, None where they are not known.

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


@dataclass(frozen=True)
class ScanResult:
    """A curve: the points that are done, in the order of the scan.

    `rows()` is tidy data, one row a point; `frame()` the same as a pandas DataFrame. `ansatz` and
    `basis` are for the record; a lattice model and an FCIDUMP file have no basis.
    """

    molecule: str
    parameter: str
    points: tuple[ScanPoint, ...]
    folder: str | None = None
    ansatz: str = ""
    basis: str = ""

    @property
    def axis(self) -> str:
        """The parameter with its unit, as "bond (Å)"."""
        unit = unit_of(self.parameter)
        return f"{self.parameter} ({unit})" if unit else self.parameter

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a point, the parameter under its own name."""
        rows = []
        for point in self.points:
            row = asdict(point)
            rows.append({self.parameter: row.pop("value"), **row})
        return rows

    def frame(self) -> Any:
        """The rows as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(self.rows())

    def column(self, name: str) -> FloatArray:
        """One column as floats, NaN where it is unknown."""
        values = [row[name] for row in self.rows()]
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def document(self) -> dict[str, Any]:
        """The curve as plain JSON values."""
        return {
            "molecule": self.molecule,
            "parameter": self.parameter,
            "unit": unit_of(self.parameter),
            "ansatz": self.ansatz,
            "basis": self.basis,
            "points": self.rows(),
            "shots": sum(p.shots for p in self.points),
            "folder": self.folder,
        }

    def csv(self) -> str:
        """The rows as CSV, with a heading."""
        import csv
        import io

        text, rows = io.StringIO(), self.rows()
        if rows:
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return text.getvalue()

"""What a relaxation finds: the geometries on its way."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from qvopt.records.portable import placed
from qvopt.runs.html import drawn_html, html_table
from qvopt.runs.picture import axes_or_new
from qvopt.runs.text_table import shown_cell, text_table
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.geometry import format_geometry, parse_geometry
from qvopt_molecules.molecule import Atom

_COLUMNS: Final = ("step", "energy_hartree", "largest_gradient_hartree_per_bohr")


@dataclass(frozen=True)
class Geometry:
    """One geometry that was visited: Ångström, Hartree, Hartree per bohr."""

    atoms: tuple[Atom, ...]
    energy: float
    gradient: FloatArray
    run: str | None

    @property
    def largest(self) -> float:
        """Largest component of the gradient."""
        return float(np.abs(self.gradient).max())


@dataclass(frozen=True, repr=False)
class Relaxation:
    """The geometries in the order in which they were visited, the relaxed one last."""

    converged: bool
    geometries: tuple[Geometry, ...]
    message: str = ""
    folder: str | None = None

    @property
    def energy(self) -> float:
        """Energy of the last geometry in Hartree."""
        return self.final.energy

    @property
    def final(self) -> Geometry:
        """The last geometry."""
        return self.geometries[-1]

    def xyz(self) -> str:
        """The path as an XYZ file of many frames."""
        lines = []
        for k, g in enumerate(self.geometries):
            lines += [str(len(g.atoms)), f"step {k}  energy {g.energy:.8f} Ha"]
            for atom in g.atoms:
                x, y, z = atom.position
                lines.append(f"{atom.symbol:2s} {x:14.8f} {y:14.8f} {z:14.8f}")
        return "\n".join(lines) + "\n"

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a geometry, units in the names."""
        return [
            {
                "step": number,
                "energy_hartree": geometry.energy,
                "largest_gradient_hartree_per_bohr": geometry.largest,
                "geometry_angstrom": format_geometry(geometry.atoms),
            }
            for number, geometry in enumerate(self.geometries)
        ]

    def frame(self) -> Any:
        """The rows as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(self.rows())

    def plot(self, ax: Any = None) -> Any:
        """Draw the energy of every geometry into matplotlib Axes; return them."""
        ax = axes_or_new(ax)
        ax.plot([g.energy for g in self.geometries], "o-", markersize=4)
        ax.set_xlabel("geometry")
        ax.set_ylabel("energy (Ha)")
        ax.ticklabel_format(axis="y", useOffset=False)
        return ax

    def __repr__(self) -> str:
        head = "relaxed" if self.converged else self.message or "not converged"
        atoms = format_geometry(self.final.atoms).split("; ")
        return "\n".join([f"{head} after {len(self.geometries)} geometries",
                          text_table(self.rows()[-1:], _COLUMNS), *atoms])  # fmt: skip

    def _repr_html_(self) -> str:
        rows = ([shown_cell(row[c]) for c in _COLUMNS] for row in self.rows())
        return html_table(rows, _COLUMNS) + drawn_html(self.plot)

    @classmethod
    def of_document(cls, data: Mapping[str, Any], folder: Path) -> Relaxation:
        """Read what `document` wrote into a folder."""
        geometries = tuple(
            Geometry(
                parse_geometry(step["geometry"]),
                step["energy"],
                np.array(step["gradient"]),
                placed(step["run"], folder),
            )
            for step in data["steps"]
        )
        return cls(data["converged"], geometries, data["message"], str(folder))

    def document(self) -> dict[str, Any]:
        """The relaxation as plain JSON values."""
        return {
            "converged": self.converged,
            "message": self.message,
            "energy": self.final.energy,
            "geometry": format_geometry(self.final.atoms),
            "largest_gradient": self.final.largest,
            "steps": [
                {
                    "geometry": format_geometry(g.atoms),
                    "energy": g.energy,
                    "gradient": g.gradient.tolist(),
                    "run": g.run,
                }
                for g in self.geometries
            ],
        }

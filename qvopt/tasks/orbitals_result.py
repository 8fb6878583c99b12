"""What an orbital optimisation finds."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qvopt.backends.cost import Cost
from qvopt.records.ledger import Costs
from qvopt.runs.folder import RunFolder
from qvopt.runs.html import drawn_html, html_table
from qvopt.runs.picture import axes_or_new
from qvopt.runs.result import Result
from qvopt.runs.stored import read_result
from qvopt.runs.text_table import shown_cell, text_table
from qvopt_molecules.hamiltonian import MolecularHamiltonian


@dataclass(frozen=True, repr=False)
class OptimizedOrbitals:
    """The end of an orbital optimisation.

    `energies` are those of the VQE runs in Hartree, one at each set of orbitals that a step tried;
    `runs` counts also those that the curvature took. `hamiltonian` is over the best orbitals and
    `gradient` the largest orbital gradient there, in Hartree. `converged` says that it is small and
    that no curvature is negative; `saddles` how many were left on the way. `costs` are those of all
    runs, by purpose.
    """

    converged: bool
    energies: tuple[float, ...]
    gradient: float
    hamiltonian: MolecularHamiltonian
    result: Result
    runs: int
    saddles: int
    costs: Costs

    @property
    def energy(self) -> float:
        """Energy at the last orbitals in Hartree."""
        return float(self.result.energy if self.result.exact is None else self.result.exact)  # type: ignore[arg-type]

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary for each set of orbitals that a step tried, units in the names."""
        return [{"step": k, "energy_hartree": e} for k, e in enumerate(self.energies)]

    def frame(self) -> Any:
        """The rows as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(self.rows())

    def plot(self, ax: Any = None) -> Any:
        """Draw the energy of every set of orbitals into matplotlib Axes; return them."""
        ax = axes_or_new(ax)
        ax.plot(self.energies, "o-", markersize=4)
        ax.set_xlabel("set of orbitals")
        ax.set_ylabel("energy (Ha)")
        ax.ticklabel_format(axis="y", useOffset=False)
        return ax

    def __repr__(self) -> str:
        return text_table(self._summary, tuple(self._summary[0]))

    def _repr_html_(self) -> str:
        (row,) = self._summary
        return html_table([[shown_cell(v) for v in row.values()]], tuple(row)) + drawn_html(
            self.plot
        )

    @property
    def _summary(self) -> list[dict[str, Any]]:
        return [
            {
                "energy_hartree": self.energy,
                "first_energy_hartree": self.energies[0],
                "largest_gradient_hartree": self.gradient,
                "runs": self.runs,
                "saddles": self.saddles,
                "converged": self.converged,
            }
        ]

    @classmethod
    def of_document(cls, data: Mapping[str, Any], folder: Path) -> OptimizedOrbitals:
        """Read what `document` wrote into a folder, its last run included."""
        run = folder / data["run"]
        return cls(
            data["converged"],
            tuple(data["energies"]),
            data["largest_orbital_gradient"],
            RunFolder.open(run).hamiltonian().orbitals(),
            read_result(run),
            data["runs"],
            data["saddles"],
            {purpose: Cost(**cost) for purpose, cost in data["costs"].items()},
        )

    def document(self) -> dict[str, Any]:
        """The optimisation as plain JSON values."""
        return {
            "converged": self.converged,
            "energy": self.energy,
            "first_energy": self.energies[0],
            "energies": list(self.energies),
            "runs": self.runs,
            "saddles": self.saddles,
            "largest_orbital_gradient": self.gradient,
            "parameters": self.result.x.tolist(),
            "run": self.result.run,
            "costs": {purpose: asdict(cost) for purpose, cost in self.costs.items()},
        }

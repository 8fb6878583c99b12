"""Excited states that were found, and what they cost."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from qvopt.backends.cost import Cost
from qvopt.records.ledger import Costs
from qvopt.runs.html import drawn_html, html_table
from qvopt.runs.picture import axes_or_new
from qvopt.runs.result import HARTREE_IN_EV
from qvopt.runs.text_table import shown_cell, text_table

_PURE = 0.02  # of 2S, off a whole number, that still counts as a pure spin


@dataclass(frozen=True)
class ExcitedState:
    """One state; energies in Hartree.

    `energy` with its `stderr` is from fresh shots where there are any, `exact` the noiseless one.
    `overlap` is the largest |⟨·|·⟩|² with a lower state, where amplitudes are known. `fci` is the
    full CI energy of the same rank in the sector. `status` says how its minimisation ended, as in
    `Result`: one that ended by "max-steps" is not at its minimum.
    """

    energy: float
    stderr: float
    exact: float | None
    fci: float | None
    spin_squared: float | None
    overlap: float | None
    steps: int
    parameters: tuple[float, ...]
    status: str = "converged"

    @property
    def multiplicity(self) -> str | None:
        """2S + 1 in words, "mixed" for a state of no one spin, None where ⟨S²⟩ is not known."""
        if self.spin_squared is None:
            return None
        twice = math.sqrt(max(1.0 + 4.0 * self.spin_squared, 0.0)) - 1.0
        if abs(twice - round(twice)) > _PURE:
            return "mixed"
        names = ("singlet", "doublet", "triplet", "quartet", "quintet", "sextet", "septet")
        return names[round(twice)] if round(twice) < len(names) else f"2S = {round(twice)}"


_COLUMNS: Final = (
    "state", "energy_hartree", "excitation_ev", "error_mha", "multiplicity", "steps", "status"
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class ExcitedStates:
    """What was found, lowest first, and what it cost by purpose.

    `exact_method` is what `State.fci` is: "full CI", or "CASCI(n, m)" within an active space.
    `unit` is that of the energies, "Ha" for molecules.
    """

    method: str
    states: tuple[ExcitedState, ...]
    costs: Costs
    exact_method: str = "full CI"
    unit: str = "Ha"

    @property
    def shots(self) -> int:
        """Shots spent, everything charged."""
        return sum(cost.shots for cost in self.costs.values())

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a state, units in the names.

        `error_mha` is the exact energy, where it is known, else the measured one, less full CI.
        Of a lattice model the names have no unit, and energies and differences are in `unit`.
        """
        lowest = self.states[0].energy
        rows = []
        for number, state in enumerate(self.states):
            error = self._error(state)
            rows.append(
                {
                    "state": number,
                    "energy_hartree": state.energy,
                    "stderr_hartree": state.stderr,
                    "exact_hartree": state.exact,
                    "fci_hartree": state.fci,
                    "error_mha": None if error is None else 1e3 * error,
                    "excitation_ev": HARTREE_IN_EV * (state.energy - lowest),
                    "spin_squared": state.spin_squared,
                    "multiplicity": state.multiplicity,
                    "overlap": state.overlap,
                    "steps": state.steps,
                    "status": state.status,
                }
            )
        return rows if self.unit == "Ha" else [self._in_unit(row) for row in rows]

    def _in_unit(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row in the problem's unit."""
        scales = {"error_mha": 1e3, "excitation_ev": HARTREE_IN_EV}
        renamed = {}
        for name, value in row.items():
            scaled = value / scales[name] if name in scales and value is not None else value
            for suffix in ("_hartree", "_mha", "_ev"):
                name = name.removesuffix(suffix)
            renamed[name] = scaled
        return renamed

    @property
    def _columns(self) -> tuple[str, ...]:
        """Names of the columns that a notebook shows."""
        if self.unit == "Ha":
            return _COLUMNS
        return tuple(name.rpartition("_")[0] or name for name in _COLUMNS)

    def frame(self) -> Any:
        """The rows as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(self.rows())

    def plot(self, ax: Any = None) -> Any:
        """Draw the levels, beside full CI where it is known, into matplotlib Axes; return them."""
        ax = axes_or_new(ax)
        exact = [state.fci for state in self.states if state.fci is not None]
        if exact:
            ax.hlines(exact, 0.05, 0.45, colors="#222222", label=self.exact_method)
        energies = [state.energy for state in self.states]
        ax.hlines(energies, 0.55, 0.95, colors="#1f5fa8", label=self.method)
        ax.set_xlim(0, 1)
        ax.set_xticks([])
        ax.set_ylabel(f"energy ({self.unit})" if self.unit else "energy")
        ax.legend(frameon=False)
        return ax

    def __repr__(self) -> str:
        return text_table(self.rows(), self._columns)

    def _repr_html_(self) -> str:
        rows = ([shown_cell(row[c]) for c in self._columns] for row in self.rows())
        return html_table(rows, self._columns) + drawn_html(self.plot)

    @classmethod
    def of_document(cls, data: Mapping[str, Any]) -> ExcitedStates:
        """Read what `document` wrote."""
        names = {field.name for field in fields(ExcitedState)}
        states = []
        for row in data["states"]:
            kept = {k: v for k, v in row.items() if k in names}
            states.append(ExcitedState(**{**kept, "parameters": tuple(row["parameters"])}))
        costs = {purpose: Cost(**cost) for purpose, cost in data["costs"].items()}
        unit = data.get("unit", "Ha")
        return cls(data["method"], tuple(states), costs, data["exact_method"], unit)

    @staticmethod
    def _error(state: ExcitedState) -> float | None:
        if state.fci is None:
            return None
        return (state.energy if state.exact is None else state.exact) - state.fci

    def document(self) -> dict[str, Any]:
        """The states as plain JSON values."""
        rows = []
        for state in self.states:
            row = asdict(state) | {"parameters": list(state.parameters)}
            row["error"] = self._error(state)
            row["multiplicity"] = state.multiplicity
            row["excitation"] = state.energy - self.states[0].energy
            rows.append(row)
        return {
            "method": self.method,
            "exact_method": self.exact_method,
            **({} if self.unit == "Ha" else {"unit": self.unit}),
            "states": rows,
            "shots": self.shots,
            "costs": {purpose: asdict(cost) for purpose, cost in self.costs.items()},
        }

"""Prints for people (tables) and for scripts (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from qvopt.measurement.estimate import Estimate
from qvopt.runs.result import KCAL_PER_MOL, Result
from qvopt.runs.wording import wording

from .tables import print_table

__all__ = ["print_json", "print_result", "print_rows", "print_table", "result_rows"]

_GAP = 1e-6  # Hartree between states that are called different


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(document, indent=2, allow_nan=False))


def print_result(
    result: Result,
    more: Sequence[tuple[str, str, str]] = (),
    first: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Print the closing table of a run, with more rows at its end and others before it."""
    if first:
        print_rows(first, justify="left")
        print()
    print_rows([*result_rows(result), *more])


def print_rows(
    rows: Iterable[tuple[str, str, str]], justify: Literal["left", "right"] = "right"
) -> None:
    """Print rows (name, value, unit or note) in three columns, values to one side."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify=justify)
    table.add_column(style="dim")
    for name, value, unit in rows:
        table.add_row(name, value, unit)
    Console(markup=False, emoji=False).print(table)


def exact_state(exact: Mapping[str, Any]) -> str:
    """Say of which state an exact energy is, where it is not simply the lowest of all."""
    if not exact or not ((exact.get("gap") or 0.0) > _GAP or exact["multiplicity"] > 1):
        return ""
    return f"({exact['state']})"


def _state_rows(result: Result) -> list[tuple[str, str, str]]:
    """What the check of the last state says; nothing of runs that have not ended, or of spins."""
    if "electrons" not in result.problem or result.status in ("interrupted", "diverged"):
        return []
    if result.numbers is None:
        return [("state", "not checked", "no simulator here tells its electrons and spin")]
    n = result.numbers
    return [("⟨N⟩, ⟨S_z⟩, ⟨S²⟩", f"{n.electrons:.4f}, {n.s_z:z.4f}, {n.s2:z.4f}", "")]


def result_rows(result: Result) -> list[tuple[str, str, str]]:
    """Rows (name, value, unit) of the closing table."""
    rows = [("status", result.status, result.message)]
    words = wording(result)
    unit = words.unit
    if result.energy is not None:
        sampled = bool(result.stderr)
        estimate = Estimate(result.energy, (result.stderr or 0.0) ** 2)
        rows.append(("energy", str(estimate), f"{unit} (fresh shots)".strip() if sampled else unit))
        if sampled and result.exact is not None:
            rows.append(("noiseless energy there", f"{result.exact:.8f}", unit))
    if result.average is not None and result.steps > 1:
        mean = result.average
        estimate = Estimate(mean.energy.value, mean.energy.variance)
        rows.append(("energy at mean iterate", str(estimate), f"{unit} (fresh shots)".strip()))
        if mean.exact is not None:
            rows.append(("noiseless energy there", f"{mean.exact:.8f}", unit))
    rows.append((words.reference, f"{result.hf:.8f}", unit))
    exact = result.problem.get("exact") or {}
    if result.fci is not None:
        rows.append((words.exact, f"{result.fci:.8f}", f"{unit} {exact_state(exact)}".strip()))
    if (exact.get("gap") or 0.0) > _GAP:
        gap = f"{1e3 * exact['gap']:.4f}" if words.in_hartree else f"{exact['gap']:.8f}"
        unit_of_gap = "mHa" if words.in_hartree else unit
        rows.append(
            ("lowest of all states", f"{exact['lowest']:.8f}",
             f"{unit}, {gap} {unit_of_gap} below it".strip(" ,"))
        )  # fmt: skip
    if result.error is not None:
        noisy = result.exact is None and bool(result.stderr)
        note = "of the measured energy" if noisy else ""
        if words.in_hartree:
            rows.append(("error", f"{1e3 * result.error:z.4f}", f"mHa {note}".strip()))
            rows.append(("", f"{KCAL_PER_MOL * result.error:z.4f}", "kcal/mol"))
        else:
            rows.append(("error", f"{result.error:z.8f}", f"{unit} {note}".strip()))
    if words.in_hartree and result.correlation is not None:
        above = result.correlation < -5e-5
        share = "none" if above else f"{100 * result.correlation:z.2f}"
        of = "above Hartree-Fock" if above else f"% of {words.exact} - Hartree-Fock"
        rows.append(("correlation recovered", share, of))
    rows += _state_rows(result)
    if result.operators:
        rows.append(("operators", f"{len(result.operators):,}", ""))
    rows.append(("steps", f"{result.steps:,}", ""))
    rows.append(("evaluations", f"{result.evaluations:,}", ""))
    rows.append(("shots", f"{result.shots:,}", ""))
    rows.append(("time", f"{result.seconds:.2f}", "s"))
    return rows

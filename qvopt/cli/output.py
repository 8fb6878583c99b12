"""Prints for people (tables) and for scripts (JSON)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from qvopt.runs.result import Result
from qvopt.runs.rows import result_rows
from qvopt.runs.text_table import text_table

from .tables import print_table

if TYPE_CHECKING:
    from qvopt.engine.assembly import Assembly

__all__ = ["print_json", "print_result", "print_rows", "print_table", "result_rows"]


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


def print_choice(assembly: Assembly) -> None:
    """Print what mitigation = "auto" chose, and why, on standard error, if it chose."""
    if not assembly.candidates:
        return
    from qvopt.runs.auto_choice import candidate_rows, choice_line

    unit = assembly.experiment.molecule.energy_unit
    print(choice_line(assembly.candidates), file=sys.stderr)
    rows = candidate_rows(assembly.candidates, unit)
    print(text_table(rows, list(rows[0])), file=sys.stderr, flush=True)


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

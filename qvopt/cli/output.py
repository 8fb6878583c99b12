"""Prints for people (tables) and for scripts (JSON)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from qvopt.runs.result import Result
from qvopt.runs.rows import result_rows
from qvopt.runs.text_table import text_table

from .tables import print_table, wrapped

_GAPS: Final = 4
"""Spaces between three columns."""

_NARROW_NOTE: Final = 30
"""What notes are left at least."""

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
    """Print rows (name, value, unit or note) in three columns, values to one side.

    Notes are wrapped between words, an option with its value in one piece (`wrapped`).
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify=justify)
    table.add_column(style="dim")
    console = Console(markup=False, emoji=False)
    cells = list(rows)
    named, valued = (max((len(row[k]) for row in cells), default=0) for k in range(2))
    room = max(console.width - named - valued - _GAPS, _NARROW_NOTE)
    for name, value, note in cells:
        table.add_row(name, value, wrapped(note, room))
    notes = (line for row in cells for line in wrapped(row[2], room).splitlines())
    console.width = max(console.width, named + valued + _GAPS + max(map(len, notes), default=0))
    console.print(table)

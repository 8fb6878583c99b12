"""Prints for people (tables) and for scripts (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from qvopt.runs.result import Result
from qvopt.runs.rows import result_rows

_UNCUT = 20  # characters of the widest column that is not wrapped
_NARROW = 12  # what a wrapped one is left at least


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(document, indent=2, allow_nan=False))


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows with a heading for each key.

    Long text is wrapped to the terminal; numbers and names are never cut, however narrow it is.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    cells = [[_cell(v) for v in row.values()] for row in rows]
    least = 0
    for k, key in enumerate(rows[0] if rows else ()):
        width = max(len(key), *(len(row[k]) for row in cells))
        short = width <= _UNCUT
        table.add_column(key.replace("_", " "), no_wrap=short, overflow="fold")
        least += (width if short else _NARROW) + 2
    for row in cells:
        table.add_row(*row)
    console = Console(markup=False, emoji=False)
    console.width = max(console.width, least)
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.8g}"
    if isinstance(value, dict):
        return ", ".join(f"{k}={_cell(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return str(value)


def print_result(result: Result, more: Sequence[tuple[str, str, str]] = ()) -> None:
    """Print the closing table of a run, with more rows at its end."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name, value, unit in (*result_rows(result), *more):
        table.add_row(name, value, unit)
    Console(markup=False, emoji=False).print(table)

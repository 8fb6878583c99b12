"""Tables of a few columns as plain text, for the `repr` of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MOST_ROWS = 20


def text_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return columns of rows, numbers to eight digits; of many rows the first 20.

    >>> print(text_table([{"bond": 0.5, "steps": 7, "run": None}], ["bond", "steps"]))
    bond  steps
     0.5      7
    """
    shown = [[shown_cell(row.get(name)) for name in columns] for row in rows[:_MOST_ROWS]]
    widths = [
        max(len(name), *(len(line[k]) for line in shown)) if shown else len(name)
        for k, name in enumerate(columns)
    ]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in (list(columns), *shown)
    ]
    more = len(rows) - _MOST_ROWS
    return "\n".join([*lines, *([f"… {more} more"] if more > 0 else [])])


def shown_cell(value: Any) -> str:
    """Return a value as a cell: "-" for None, floats to eight digits."""
    if value is None:
        return "-"
    return f"{value:.8g}" if isinstance(value, float) else str(value)

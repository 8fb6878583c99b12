"""Tables that never break a name or a number, however narrow the terminal is."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

_UNCUT = 20  # characters of the widest column that is not wrapped
_NARROW = 12  # what a wrapped one is left at least


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows with a heading for each key.

    Long text is wrapped between words. On a terminal too narrow for the longest words of all
    columns side by side, each row is a block of lines instead.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False, highlight=True)
    if not rows:
        return
    heads = [key.replace("_", " ") for key in rows[0]]
    cells = [[cell_text(value) for value in row.values()] for row in rows]
    columns = [[head, *(row[k] for row in cells)] for k, head in enumerate(heads)]
    full = [max(len(line) for text in column for line in text.splitlines() or [""])
            for column in columns]  # fmt: skip
    least = [_least(column, width) for column, width in zip(columns, full, strict=True)]
    room = console.width - 2 * (len(columns) - 1)
    if sum(least) > room and console.is_terminal:
        _print_blocks(console, heads, cells)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    widths = _widths(full, least, room)
    for head, width in zip(heads, widths, strict=True):
        table.add_column(head, width=width, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.width = max(console.width, sum(widths) + 2 * len(widths))
    console.print(table)


def print_text(text: str) -> None:
    """Print prose; lines wider than the terminal are wrapped between words."""
    from rich.console import Console

    width = Console().width
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        wide = len(line) > width
        print(textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False,
                            break_on_hyphens=False) if wide else line)  # fmt: skip


def cell_text(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:z.8g}"
    if isinstance(value, dict):
        return ", ".join(f"{k}={cell_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return str(value)


def _least(column: Sequence[str], full: int) -> int:
    """The narrowest width that breaks no word of a column."""
    if full <= _UNCUT:
        return full
    longest = max((len(word) for text in column for word in text.split()), default=0)
    return min(full, max(longest, _NARROW))


def _widths(full: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths from `least` up to `full`: what is left of the room goes where most is wrapped."""
    widths = list(least)
    for _ in range(max(room - sum(least), 0)):
        wrapped = [f / w if f > w else 0.0 for f, w in zip(full, widths, strict=True)]
        if not any(wrapped):
            break
        widths[wrapped.index(max(wrapped))] += 1
    return widths


def _print_blocks(console: Any, heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.padding import Padding

    for row in cells:
        console.print(f"{heads[0]}: {row[0]}", style="bold")
        for head, text in zip(heads[1:], row[1:], strict=True):
            console.print(Padding(f"{head}: {text}", (0, 0, 0, 2)))

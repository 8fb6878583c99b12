"""Tables that never break a name or a number, however narrow the terminal is."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final, TextIO

_UNCUT = 20  # characters of the widest column that is not wrapped
_NARROW = 12  # what a wrapped one is left at least

_TOGETHER: Final = re.compile(
    r"`[^`\n]*`|(?:(?<=\s)|(?<=^))--?[A-Za-z][\w-]* (?:'[^']*'|[^\s-]\S*)"
)
"""A command, or an option with its value."""

_JOINT: Final = "\ue000"
"""Stands for a space that is not to be broken: of the private use area, so that no text has it."""


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows with a heading for each key.

    Headings and long text are wrapped between words. On a terminal too narrow for the longest
    words of all columns side by side, each row is a block of lines instead.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False, highlight=True)
    if not rows:
        return
    heads = [key.replace("_", " ") for key in rows[0]]
    cells = [[cell_text(value) for value in row.values()] for row in rows]
    columns = [[row[k] for row in cells] for k in range(len(heads))]
    widths_of_cells = [_longest_line(column) for column in columns]
    full = [max(len(h), width) for h, width in zip(heads, widths_of_cells, strict=True)]
    least = [
        max([_least(column, width), *map(len, head.split())])
        for head, column, width in zip(heads, columns, widths_of_cells, strict=True)
    ]
    between = len(columns) - 1
    gap = 1 if sum(least) + 2 * between > console.width >= sum(least) + between else 2
    room = console.width - gap * between
    if sum(least) > room and console.is_terminal:
        _print_blocks(console, heads, cells)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, gap, 0, 0))
    widths = _widths(full, least, room)
    for head, width in zip(heads, widths, strict=True):
        table.add_column(head, width=width, overflow="fold")
    for row in cells:
        table.add_row(*(_wrapped_cell(text, w) for text, w in zip(row, widths, strict=True)))
    console.width = max(console.width, sum(widths) + gap * len(widths))
    console.print(table)


def print_text(text: str, file: TextIO | None = None) -> None:
    """Print prose; lines wider than the terminal are wrapped between words (`wrapped`)."""
    from rich.console import Console

    width = Console().width
    for line in text.splitlines():
        print(wrapped(line, width), file=file)


def wrapped(line: str, width: int) -> str:
    """Return a line wrapped between words, what is to be copied in one piece.

    A command in backquotes and an option with its value are not broken, but for a piece that is
    wider than a line: it stands alone, and the terminal breaks it where its last column is.

    >>> print(wrapped("try again with --set measurement.postselect=true", 34))
    try again with
    --set measurement.postselect=true
    """
    if len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    text = textwrap.fill(_joined(line), width, subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip
    return text.replace(_JOINT, " ")


def _joined(text: str) -> str:
    return _TOGETHER.sub(lambda match: match.group().replace(" ", _JOINT), text)


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


def _longest_line(column: Sequence[str]) -> int:
    return max(len(line) for text in column for line in text.splitlines() or [""])


def _least(column: Sequence[str], full: int) -> int:
    """The narrowest width that breaks no word of a column."""
    if full <= _UNCUT:
        return full
    longest = max((len(word) for text in column for word in _joined(text).split()), default=0)
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


def _wrapped_cell(text: str, width: int) -> str:
    return "\n".join(wrapped(line, width) for line in text.splitlines())


def _print_blocks(console: Any, heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.padding import Padding

    for row in cells:
        console.print(f"{heads[0]}: {row[0]}", style="bold")
        for head, text in zip(heads[1:], row[1:], strict=True):
            block = _wrapped_cell(f"{head}: {text}", console.width - 2)
            console.print(Padding(block, (0, 0, 0, 2)))

"""The report as Markdown, and its tables as LaTeX and CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .tables import Table, Value

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "∞": r"$\infty$", "–": "--", "−": "$-$", "±": r"$\pm$", "<": "$<$", ">": "$>$", "…": r"\dots{}",
    "⁻": "$^-$", "³": "$^3$", "†": r"\dag{}", "|": r"\textbar{}",
    "[": "{[}", "]": "{]}",  # after the end of a row, LaTeX takes brackets for a length
}  # fmt: skip

_FORMULA = tuple("=+-@")


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, text left and numbers right."""
    lines = [
        _row([escape_markdown(column) for column in table.columns]),
        _row([":--" if k < table.texts else "--:" for k in range(len(table.columns))]),
    ]
    for k, row in enumerate(table.rows):
        first, *rest = (escape_markdown(cell) for cell in row)
        lines.append(_row([f"**{first}**" if k in table.strong else first, *rest]))
    return "\n".join(lines) + f"\n\n*{escape_markdown(table.caption)}*\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape_markdown(text: str) -> str:
    """Return text without meaning to Markdown or HTML, on one line."""
    text = text.replace("&", "&amp;")
    for mark in "\\`*_[]<>|$~#!":
        text = text.replace(mark, "&lt;" if mark == "<" else f"\\{mark}")
    return " ".join(text.split())


def latex_escape(text: str) -> str:
    """Return text with LaTeX's special characters and ours escaped."""
    return "".join(_LATEX.get(c, c) for c in text)


def latex_table(table: Table) -> str:
    """Return a table for the booktabs package."""
    columns = "l" * table.texts + "r" * (len(table.columns) - table.texts)
    body = []
    for k, row in enumerate(table.rows):
        cells = [latex_escape(c) for c in row]
        if k in table.strong:
            cells[0] = rf"\textbf{{{cells[0]}}}"
        body.append("  " + " & ".join(cells) + r" \\")
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_escape(table.caption)}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            "  " + " & ".join(latex_escape(c) for c in table.columns) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def write_csv(path: Path, rows: Sequence[Mapping[str, Value]]) -> None:
    """Write rows as CSV; unknown numbers are empty, infinite ones `inf`."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(keys)
        writer.writerows([[_plain(row.get(key)) for key in keys] for row in rows])


def spreadsheet_text(value: Any) -> Any:
    """Return a cell that spreadsheets do not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return spreadsheet_text(value)

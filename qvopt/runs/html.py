"""Tables and pictures for notebooks, as HTML; every text in them is escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from qvopt.runs.picture import convergence_figure
from qvopt.runs.result import Result
from qvopt.runs.rows import result_rows

_MOST_ROWS = 30


def html_table(rows: Iterable[Sequence[object]], header: Sequence[str] = ()) -> str:
    """Return a table; of many rows the first 30, and how many more there are."""
    lines = [[escape(str(cell)) for cell in row] for row in rows]
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines[:_MOST_ROWS]
    )
    more = len(lines) - _MOST_ROWS
    note = f"<p>{more} more rows</p>" if more > 0 else ""
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>{note}"


def frame_html(frame: Any) -> str:
    """Return a pandas DataFrame as a table, numbers to six digits."""
    rows = ([f"{v:.6g}" if isinstance(v, float) else v for v in row] for row in frame.to_numpy())
    return html_table(rows, [str(name) for name in frame.columns])


def picture_html(figure: Any) -> str:
    """Return a matplotlib Figure as an image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="picture" style="max-width: 480px" src="data:image/png;base64,{data}">'


def result_html(result: Result) -> str:
    """Return the closing table of a run, with the picture of its convergence."""
    table = html_table(result_rows(result))
    return table + picture_html(convergence_figure(result)) if len(result.steps) else table


def drawn_html(plot: Callable[[Any], Any]) -> str:
    """Return what a function draws into Axes as an image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    plot(figure.subplots())
    return picture_html(figure)

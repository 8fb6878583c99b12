"""Options of `qvopt report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import Json, app


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="COMPARISON", help="A comparison's folder.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write it.", show_default="the comparison's folder"),
    ] = None,
    json_output: Json = False,
) -> None:
    """Write a comparison's report: a page, tables and pictures, of the runs that have ended."""
    from .report import report_command

    raise typer.Exit(report_command(folder, out, json_output))

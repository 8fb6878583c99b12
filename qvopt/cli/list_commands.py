"""Options of `qvopt list`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .app import Json, app


@app.command("list")
def list_names(
    what: Annotated[Literal["molecules", "ansatze", "optimizers", "backends"], typer.Argument()],
    json_output: Json = False,
) -> None:
    """List what there is by name."""
    from .listing import list_command

    raise typer.Exit(list_command(what, json_output))

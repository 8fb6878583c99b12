"""Options of `qvopt list`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .app import Json, app


@app.command("list")
def list_names(
    what: Annotated[
        Literal[
            "molecules", "ansatze", "optimizers", "backends", "groupings", "mitigations", "runs"
        ],
        typer.Argument(help="What to list.", show_choices=True),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Show these in full, with every option. For runs: words, or COLUMN=VALUE, that "
            "all must match.",
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """List registered names, or the runs in runs/; with a name, show it in full."""
    from .listing import list_command

    raise typer.Exit(list_command(what, names or [], json_output))

"""Options of `qvopt run`, `resume` and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .app import Json, Quiet, app
from .experiment_options import What, Yes, data_of, with_experiment_options


@app.command()
@with_experiment_options
def run(
    what: What,
    options: dict[str, Any],
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make; an existing one is never overwritten.")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry", help="Say what energies, gradients and metrics cost; run none.")
    ] = False,
    yes: Yes = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a VQE experiment and keep it in a run folder."""
    from .runs import price_command, run_command

    data = data_of(what, options)
    if dry:
        raise typer.Exit(price_command(data, json_output))
    raise typer.Exit(run_command(data, out, json_output, quiet, yes))


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    max_steps: Annotated[int | None, typer.Option(help="Go on to this many steps.")] = None,
    resubmit: Annotated[
        bool, typer.Option("--resubmit", help="Submit jobs again that failed or were cancelled.")
    ] = False,
    yes: Yes = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was killed or interrupted; nothing is computed twice."""
    from .runs import resume_command

    raise typer.Exit(resume_command(folder, max_steps, json_output, quiet, resubmit, yes))


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    picture: Annotated[
        Path | None, typer.Option(help="Draw the convergence into this .png, .svg or .pdf file.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Show the result of a run, finished or not."""
    from .runs import show_command

    raise typer.Exit(show_command(folder, picture, json_output))

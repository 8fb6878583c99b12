"""Options of `qvopt run`, `resume` and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qvopt.experiment.counts import parse_count
from qvopt_molecules.errors import InputError

from .app import Json, Quiet, app
from .experiment_options import What, Yes, data_of, with_experiment_options


@app.command()
@with_experiment_options
def run(
    what: What,
    options: dict[str, Any],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Run folder to make; an existing one is never overwritten.",
            show_default="runs/NAME-NUMBER",
        ),
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
    max_steps: Annotated[
        int | None,
        typer.Option(
            parser=parse_count,
            metavar="N",
            help="Continue up to this number of steps.",
            show_default="the experiment's",
        ),
    ] = None,
    resubmit: Annotated[
        bool, typer.Option("--resubmit", help="Submit jobs again that failed or were cancelled.")
    ] = False,
    yes: Yes = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Resume a run that was killed or interrupted; nothing is computed twice."""
    from .runs import resume_command

    raise typer.Exit(resume_command(folder, max_steps, json_output, quiet, resubmit, yes))


@app.command()
def show(
    folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder; without, all in runs/.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            help="Draw the convergence into this .png, .svg or .pdf file.", show_default="none"
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """Show the result of a run, finished or not; without a folder, list the runs in runs/."""
    if folder is None:
        from .run_list import list_runs

        if picture is not None:
            raise InputError("--picture needs a run folder: qvopt show RUN --picture FILE")
        raise typer.Exit(list_runs([], json_output))
    from .runs import show_command

    raise typer.Exit(show_command(folder, picture, json_output))

"""Options of `qvopt submit`, `status`, `fetch`, `cancel` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qvopt_molecules.errors import InputError

from .app import Json, Quiet, app
from .experiment_options import Yes, data_of, with_experiment_options

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


@app.command()
@with_experiment_options
def submit(
    what: Annotated[
        str,
        typer.Argument(
            metavar="MOLECULE|EXPERIMENT.toml|RUN",
            help="As for `qvopt run`; or a run folder, to submit its next step.",
        ),
    ],
    options: dict[str, Any],
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make.", show_default="runs/NAME-NUMBER")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry", help="Forecast jobs, shots, seconds and money; send nothing.")
    ] = False,
    yes: Yes = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Submit the next step's jobs and return; `status`, `fetch` and `resume` follow them."""
    from .cloud import submit_command
    from .forecast import forecast_command

    if Path(what).is_dir():
        given = sorted(name for name, value in options.items() if value)
        if given:
            raise InputError(
                f"{what} is a run, whose experiment stays as it is; leave --"
                f"{given[0].replace('_', '-')} out"
            )
        raise typer.Exit(submit_command(None, Path(what), json_output, quiet, yes))
    data = data_of(what, options)
    if dry:
        raise typer.Exit(forecast_command(data, json_output))
    raise typer.Exit(submit_command(data, out, json_output, quiet, yes))


@app.command()
def status(
    folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder; without one, all in runs/.")
    ] = None,
    offline: Annotated[bool, typer.Option(help="Read journals only; ask no provider.")] = False,
    json_output: Json = False,
) -> None:
    """Show a run's jobs, and what is spent and reserved of its budget."""
    from .cloud import status_command

    raise typer.Exit(status_command(folder, offline, json_output))


@app.command()
def fetch(folder: Run, json_output: Json = False, quiet: Quiet = False) -> None:
    """Store the results of jobs that are done; submit nothing. Exit code 75: not done yet."""
    from .cloud import fetch_command

    raise typer.Exit(fetch_command(folder, json_output, quiet))


@app.command()
def cancel(folder: Run, json_output: Json = False) -> None:
    """Cancel a run's jobs at the provider."""
    from .cloud import cancel_command

    raise typer.Exit(cancel_command(folder, json_output))


@app.command()
def doctor(
    backend: Annotated[
        str | None,
        typer.Option(help="A device to reach: PROVIDER:DEVICE.", show_default="none"),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Send the device one tiny job; shows its price first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --live sends it.")] = False,
    json_output: Json = False,
) -> None:
    """Check packages, credentials and a device."""
    from .cloud import doctor_command

    raise typer.Exit(doctor_command(backend, live, yes, json_output))

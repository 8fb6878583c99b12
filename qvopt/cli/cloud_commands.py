"""Options of `qvopt submit`, `status`, `fetch`, `cancel` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import Json, Quiet, app

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


@app.command()
def submit(
    what: Annotated[
        str,
        typer.Argument(
            metavar="MOLECULE|EXPERIMENT.toml|RUN",
            help="As for `qvopt run`; or a run folder, to submit its next step.",
        ),
    ],
    backend: Annotated[
        str | None, typer.Option(help="PROVIDER:DEVICE, as ibm:fake_manila.")
    ] = None,
    shots: Annotated[int | None, typer.Option(help="Shots of one energy in total.")] = None,
    budget: Annotated[
        str | None, typer.Option(help="Caps: '20 QPU-min, 5 EUR', '100 jobs', '1e6 shots'.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As for `qvopt run`.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder to make.")] = None,
    dry: Annotated[
        bool, typer.Option("--dry", help="Forecast jobs, shots, seconds and money; send nothing.")
    ] = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Submit the next step's jobs and return; `status`, `fetch` and `resume` follow them."""
    from .cloud import forecast_command, submit_command
    from .options import experiment_data

    if Path(what).is_dir():
        raise typer.Exit(submit_command(None, Path(what), json_output, quiet))
    options = {"backend": backend, "measurement.shots": shots}
    data = experiment_data(what, options, settings or [], None, budget)
    if dry:
        raise typer.Exit(forecast_command(data, json_output))
    raise typer.Exit(submit_command(data, out, json_output, quiet))


@app.command()
def status(
    folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder; all in runs/ without.")
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
    backend: Annotated[str | None, typer.Option(help="A device to reach: PROVIDER:DEVICE.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Send the device one tiny job; shows its price first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --live sends it.")] = False,
    json_output: Json = False,
) -> None:
    """Check packages, credentials and a device."""
    from .cloud import doctor_command

    raise typer.Exit(doctor_command(backend, live, yes, json_output))

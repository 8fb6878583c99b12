"""Options of `qvopt measurements` and `validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qvopt.experiment.counts import parse_count

from .app import Json, app
from .described import describes_experiment
from .experiment_options import Settings, Yes, shots_option


@app.command()
@describes_experiment("ansatz", "optimizer", "backend", "shots", "seed", "max_steps")
def measurements(
    what: Annotated[str, typer.Argument(metavar="MOLECULE", help="As for `qvopt run`.")],
    *,
    data: dict[str, Any],
    json_output: Json = False,
) -> None:
    """Compare the ways to measure an energy: circuits, depth, variance, shots needed."""
    from .measurements import measurements_command

    raise typer.Exit(measurements_command(data, json_output))


@app.command()
def validate(
    backend: Annotated[str, typer.Argument(help="qvopt list backends")],
    molecule: Annotated[str, typer.Option(help="A small molecule.")] = "h2",
    shots: Annotated[
        int, typer.Option(parser=shots_option, metavar="N", help="Shots of one energy in total.")
    ] = 400,
    repeats: Annotated[
        int, typer.Option(parser=parse_count, metavar="N", help="Energies to measure, 20 or more.")
    ] = 400,
    seed: Annotated[
        int, typer.Option(parser=parse_count, metavar="N", help="Seed of every random stream.")
    ] = 0,
    settings: Settings = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Caps: '20 QPU-min, 5 EUR', '100 jobs', '1e6 shots'.", show_default="none"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the journal; an interrupted validation in it is resumed.",
            show_default="none, except for hardware",
        ),
    ] = None,
    yes: Yes = False,
    json_output: Json = False,
) -> None:
    """Test a backend's estimates: bias, reported variance, coverage, fresh noise, shots."""
    from .options import experiment_data
    from .validation import validate_command

    options = {"backend": backend, "measurement.shots": shots, "seed": seed}
    data = experiment_data(molecule, options, settings or [], None, budget)
    raise typer.Exit(validate_command(data, repeats, out, json_output, yes))

"""Options of `qvopt measurements` and `validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qvopt.experiment.counts import parse_count

from .app import Json, app
from .experiment_options import (
    ActiveSpace,
    Basis,
    Charge,
    FrozenCore,
    Orbitals,
    Settings,
    Spin,
    Yes,
    shots_option,
)


@app.command()
def measurements(
    molecule: Annotated[str, typer.Argument(help="As for `qvopt run`.")],
    settings: Settings = None,
    basis: Basis = None,
    frozen_core: FrozenCore = None,
    active_space: ActiveSpace = None,
    charge: Charge = None,
    spin: Spin = None,
    orbitals: Orbitals = None,
    json_output: Json = False,
) -> None:
    """Compare the ways to measure an energy: circuits, depth, variance, shots needed."""
    from .measurements import measurements_command
    from .options import experiment_data

    options = {
        "molecule.basis": basis, "molecule.active_space.frozen_core": frozen_core,
        "molecule.charge": charge, "molecule.spin": spin, "molecule.orbitals": orbitals,
    }  # fmt: skip
    data = experiment_data(molecule, options, settings or [], active_space)
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

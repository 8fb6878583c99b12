"""Options of the tasks: `qvopt scan` and its neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qvopt.experiment.counts import parse_count
from qvopt_molecules.errors import InputError

from .app import Json, Quiet, app
from .described import TaskWhat, describes_experiment
from .experiment_options import Yes, shots_option

At = Annotated[
    str | None,
    typer.Option(help="last or average iterate.", show_default="average, if there is one"),
]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@describes_experiment(task="scan")
def scan(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="MOLECULE|EXPERIMENT.toml|SCAN", help="As for `run`, or a scan."),
    ],
    over: Annotated[
        str | None,
        typer.Option(
            "--scan",
            metavar="NAME=START:STOP:NUMBER",
            help="The parameter and its values; --bond 0.4:3.0:30 means --scan bond=0.4:3.0:30.",
            show_default="the scan's",
        ),
    ] = None,
    cold: Annotated[
        bool,
        typer.Option("--cold", help="Start every point from scratch, not from its neighbour."),
    ] = False,
    *,
    data: dict[str, Any] | None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the scan; an existing one is resumed.", show_default="scans/NAME"
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the curve into this file.", show_default="none")
    ] = None,
    json_output: Json = False,
    quiet: Quiet = False,
    yes: Yes = False,
) -> None:
    """Run a potential-energy curve, each point an ordinary run; only what is missing runs."""
    from .scans import open_scan, scan_command, scanned_parameter

    if data is None:
        if over is not None or cold or ctx.args:
            raise InputError(f"{what} says what is scanned; leave the parameter and --cold out")
        work = open_scan(Path(what), out=out)
    else:
        name, values = scanned_parameter(over, ctx.args)
        work = open_scan(None, data, name, values, not cold, out)
    raise typer.Exit(scan_command(work, picture, json_output, quiet, yes))


@app.command()
def properties(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    shots: Annotated[
        int | None,
        typer.Option(
            parser=shots_option,
            metavar="N",
            help="Shots in total.",
            show_default="those of one energy of the run",
        ),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="From the simulator's amplitudes, without shots.")
    ] = False,
    at: At = None,
    json_output: Json = False,
    yes: Yes = False,
) -> None:
    """Density matrices, dipole, natural occupations, spin and full CI overlap of a run's state."""
    from .properties import properties_command

    raise typer.Exit(properties_command(folder, shots, exact, at, json_output, yes))  # type: ignore[arg-type]


@app.command()
def diagonalize(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    shots: Annotated[
        int | None,
        typer.Option(
            parser=shots_option,
            metavar="N",
            help="Shots in the computational basis.",
            show_default="those of one energy of the run",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair/--no-repair", help="Use outcomes of wrong electron numbers too."),
    ] = True,
    max_determinants: Annotated[
        int, typer.Option(parser=parse_count, metavar="N", help="Largest dimension of the span.")
    ] = 1_000_000,
    at: At = None,
    json_output: Json = False,
    yes: Yes = False,
) -> None:
    """Diagonalise the Hamiltonian in the determinants that a run's state shows: an upper bound."""
    from .diagonalization import diagonalize_command

    raise typer.Exit(
        diagonalize_command(folder, shots, repair, max_determinants, at, json_output, yes)  # type: ignore[arg-type]
    )


@app.command()
@describes_experiment(task="excited")
def excited(
    what: TaskWhat,
    states: Annotated[
        int | None,
        typer.Option(
            parser=parse_count,
            metavar="N",
            help="How many, the ground state included.",
            show_default="3",
        ),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="vqd, ssvqe, qse or qeom.", show_default="vqd")
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option(help="Weight of overlaps in vqd, in Hartree.", show_default="3.0"),
    ] = None,
    *,
    data: dict[str, Any] | None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the journals; an existing one is resumed.",
            show_default="excited/NAME",
        ),
    ] = None,
    json_output: Json = False,
    yes: Yes = False,
) -> None:
    """Find excited states by deflation, subspace search, subspace expansion or qEOM."""
    from .excited import excited_command

    asked = {"states": states, "method": method, "beta": beta}
    raise typer.Exit(excited_command(what, data, asked, out, json_output, yes))


@app.command()
@describes_experiment("backend", "shots", "seed", task="relaxation")
def relax(
    what: TaskWhat,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Largest gradient to stop at, in Hartree per bohr.", show_default="0.0003"
        ),
    ] = None,
    max_geometries: Annotated[
        int | None,
        typer.Option(
            parser=parse_count, metavar="N", help="Most energies and gradients.", show_default="50"
        ),
    ] = None,
    *,
    data: dict[str, Any] | None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the runs; an existing one is resumed.", show_default="relaxations/NAME"
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """Relax a molecule's geometry on the energy surface of its VQE."""
    from .geometry import relax_command

    asked = {"tolerance": tolerance, "max_geometries": max_geometries}
    raise typer.Exit(relax_command(what, data, asked, out, json_output))


@app.command("oo-vqe")
@describes_experiment("backend", "shots", "seed", task="orbitals")
def oo_vqe(
    what: TaskWhat,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Largest orbital gradient to stop at, in Hartree.", show_default="0.00001"
        ),
    ] = None,
    max_rounds: Annotated[
        int | None,
        typer.Option(parser=parse_count, metavar="N", help="Most VQE runs.", show_default="300"),
    ] = None,
    *,
    data: dict[str, Any] | None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the runs; an existing one is resumed.", show_default="orbitals/NAME"
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """Optimise the orbitals of an active space together with the circuit."""
    from .geometry import orbitals_command

    asked = {"tolerance": tolerance, "max_rounds": max_rounds}
    raise typer.Exit(orbitals_command(what, data, asked, out, json_output))

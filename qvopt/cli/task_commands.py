"""Options of the tasks: `qvopt scan` and its neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import Json, Quiet, app

Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As for `qvopt run`.")
]
What = Annotated[str, typer.Argument(metavar="MOLECULE|EXPERIMENT.toml", help="As for `run`.")]
Ansatz = Annotated[str | None, typer.Option(help="qvopt list ansatze [uccsd]")]
Optimizer = Annotated[str | None, typer.Option(help="qvopt list optimizers")]
Backend = Annotated[str | None, typer.Option(help="qvopt list backends [sector]")]
Shots = Annotated[int | None, typer.Option(help="Shots of one energy in total; exact without.")]
Seed = Annotated[int | None, typer.Option(help="Seed of every random stream [0].")]
MaxSteps = Annotated[int | None, typer.Option(help="Most optimizer steps.")]
Basis = Annotated[str | None, typer.Option(help="Gaussian basis set.")]
Charge = Annotated[int | None, typer.Option(help="Total charge.")]
Spin = Annotated[int | None, typer.Option(help="Number of unpaired electrons.")]
Space = Annotated[str | None, typer.Option(metavar="ELECTRONS,ORBITALS", help="Active space.")]
Frozen = Annotated[int | None, typer.Option(help="Orbitals to freeze.")]
Orbitals = Annotated[str | None, typer.Option(help="canonical, mp2-natural, boys, …")]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
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
        ),
    ] = None,
    cold: Annotated[
        bool, typer.Option("--cold", help="Start every point anew, not where its neighbour ended.")
    ] = False,
    ansatz: Ansatz = None,
    optimizer: Optimizer = None,
    backend: Backend = None,
    shots: Shots = None,
    seed: Seed = None,
    max_steps: MaxSteps = None,
    settings: Settings = None,
    basis: Basis = None,
    charge: Charge = None,
    spin: Spin = None,
    active_space: Space = None,
    frozen_core: Frozen = None,
    orbitals: Orbitals = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the scan; an existing one is gone on with.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Where to draw the curve too.")] = None,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a potential-energy curve, each point an ordinary run; only what is missing runs."""
    from .options import experiment_data
    from .scans import open_scan, scan_command, scanned_parameter

    if (Path(what) / "scan.toml").is_file():
        work = open_scan(Path(what))
    else:
        name, values = scanned_parameter(over, ctx.args)
        options = {
            "ansatz": ansatz,
            "optimizer": optimizer,
            "backend": backend,
            "measurement.shots": shots,
            "seed": seed,
            "max_steps": max_steps,
            "molecule.basis": basis,
            "molecule.charge": charge,
            "molecule.spin": spin,
            "molecule.active_space.frozen_core": frozen_core,
            "molecule.orbitals": orbitals,
        }
        data = experiment_data(what, options, settings or [], active_space)
        work = open_scan(None, data, name, values, not cold, out)
    raise typer.Exit(scan_command(work, picture, json_output, quiet))


@app.command()
def properties(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    shots: Annotated[
        int | None, typer.Option(help="Shots in total [those of one energy of the run].")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="From the simulator's amplitudes, without shots.")
    ] = False,
    at: Annotated[
        str | None, typer.Option(help="last or average iterate [average, if there is one].")
    ] = None,
    json_output: Json = False,
) -> None:
    """Density matrices, dipole, natural occupations, spin and full CI overlap of a run's state."""
    from .properties import properties_command

    raise typer.Exit(properties_command(folder, shots, exact, at, json_output))  # type: ignore[arg-type]


@app.command()
def excited(
    what: What,
    states: Annotated[int, typer.Option(help="How many, the ground state included.")] = 3,
    method: Annotated[str, typer.Option(help="vqd, ssvqe, qse or qeom.")] = "vqd",
    beta: Annotated[float, typer.Option(help="Weight of overlaps in vqd, in Hartree.")] = 3.0,
    ansatz: Ansatz = None,
    optimizer: Optimizer = None,
    backend: Backend = None,
    shots: Shots = None,
    seed: Seed = None,
    max_steps: MaxSteps = None,
    settings: Settings = None,
    basis: Basis = None,
    charge: Charge = None,
    spin: Spin = None,
    active_space: Space = None,
    frozen_core: Frozen = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the journals; an existing one is gone on with.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Find excited states by deflation, subspace search, subspace expansion or qEOM."""
    from .excited import excited_command
    from .options import experiment_data

    options = {
        "ansatz": ansatz,
        "optimizer": optimizer,
        "backend": backend,
        "measurement.shots": shots,
        "seed": seed,
        "max_steps": max_steps,
        "molecule.basis": basis,
        "molecule.charge": charge,
        "molecule.spin": spin,
        "molecule.active_space.frozen_core": frozen_core,
    }
    data = experiment_data(what, options, settings or [], active_space)
    raise typer.Exit(excited_command(data, states, method, beta, out, json_output))


@app.command()
def relax(
    what: What,
    tolerance: Annotated[
        float, typer.Option(help="Largest gradient to stop at, in Hartree per bohr.")
    ] = 3e-4,
    max_geometries: Annotated[int, typer.Option(help="Most energies and gradients.")] = 50,
    ansatz: Ansatz = None,
    optimizer: Optimizer = None,
    max_steps: MaxSteps = None,
    settings: Settings = None,
    basis: Basis = None,
    charge: Charge = None,
    spin: Spin = None,
    active_space: Space = None,
    frozen_core: Frozen = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the runs; an existing one is gone on with.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Relax a molecule's geometry on the energy surface of its VQE."""
    from .geometry import relax_command
    from .options import experiment_data

    options = {
        "ansatz": ansatz,
        "optimizer": optimizer,
        "max_steps": max_steps,
        "molecule.basis": basis,
        "molecule.charge": charge,
        "molecule.spin": spin,
        "molecule.active_space.frozen_core": frozen_core,
    }
    data = experiment_data(what, options, settings or [], active_space)
    raise typer.Exit(relax_command(data, tolerance, max_geometries, out, json_output))


@app.command("oo-vqe")
def oo_vqe(
    what: What,
    tolerance: Annotated[
        float, typer.Option(help="Largest orbital gradient to stop at, in Hartree.")
    ] = 1e-5,
    max_rounds: Annotated[int, typer.Option(help="Most VQE runs.")] = 300,
    ansatz: Ansatz = None,
    optimizer: Optimizer = None,
    max_steps: MaxSteps = None,
    settings: Settings = None,
    basis: Basis = None,
    charge: Charge = None,
    spin: Spin = None,
    active_space: Space = None,
    frozen_core: Frozen = None,
    json_output: Json = False,
) -> None:
    """Optimise the orbitals of an active space together with the circuit."""
    from .geometry import orbitals_command
    from .options import experiment_data

    options = {
        "ansatz": ansatz,
        "optimizer": optimizer,
        "max_steps": max_steps,
        "molecule.basis": basis,
        "molecule.charge": charge,
        "molecule.spin": spin,
        "molecule.active_space.frozen_core": frozen_core,
    }
    data = experiment_data(what, options, settings or [], active_space)
    raise typer.Exit(orbitals_command(data, tolerance, max_rounds, json_output))

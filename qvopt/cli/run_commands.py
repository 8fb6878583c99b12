"""Options of `qvopt run`, `resume` and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import Json, Quiet, app


@app.command()
def run(
    what: Annotated[
        str,
        typer.Argument(
            metavar="MOLECULE|EXPERIMENT.toml",
            help="A catalogue name (qvopt list molecules), a file (.toml, .xyz, .fcidump), "
            "an inline geometry ('H 0 0 0; H 0 0 0.74', Ångström), or an experiment file.",
        ),
    ],
    ansatz: Annotated[str | None, typer.Option(help="qvopt list ansatze [uccsd]")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="qvopt list optimizers [l-bfgs; adam with --shots]")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="qvopt list backends [sector]")] = None,
    shots: Annotated[
        int | None,
        typer.Option(help="Shots of one energy in total; exact without."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream [0].")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Most optimizer steps [300].")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the molecule (bond=1.2), or any key of the experiment "
            "(optimizer.learning_rate=0.1, ansatz.spin_adapted=true). Repeatable.",
        ),
    ] = None,
    basis: Annotated[str | None, typer.Option(help="Gaussian basis set.")] = None,
    charge: Annotated[int | None, typer.Option(help="Total charge.")] = None,
    spin: Annotated[int | None, typer.Option(help="Number of unpaired electrons.")] = None,
    active_space: Annotated[
        str | None, typer.Option(metavar="ELECTRONS,ORBITALS", help="Active space by counts.")
    ] = None,
    frozen_core: Annotated[int | None, typer.Option(help="Orbitals to freeze.")] = None,
    mapping: Annotated[
        str | None,
        typer.Option(help="jordan-wigner(-tapered), parity(-reduced) or bravyi-kitaev."),
    ] = None,
    grouping: Annotated[
        str | None,
        typer.Option(
            help="fluid-basis-rotation, basis-rotation, derandomized, fully-commuting or "
            "qubit-wise; the last two also with -shared or -coloring."
        ),
    ] = None,
    allocation: Annotated[
        str | None, typer.Option(help="uniform, weighted, variance or measured.")
    ] = None,
    budget_shots: Annotated[int | None, typer.Option(help="Cap on all shots of the run.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Caps over the whole run: '20 QPU-min, 5 EUR', '100 jobs', '1e6 shots'."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make; an existing one is never overwritten.")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry", help="Say what energies, gradients and metrics cost; run none.")
    ] = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a VQE experiment and keep it in a run folder."""
    from .options import experiment_data
    from .runs import price_command, run_command

    data = experiment_data(
        what,
        {
            "ansatz": ansatz,
            "optimizer": optimizer,
            "backend": backend,
            "measurement.shots": shots,
            "measurement.grouping": grouping,
            "measurement.allocation": allocation,
            "seed": seed,
            "max_steps": max_steps,
            "molecule.basis": basis,
            "molecule.charge": charge,
            "molecule.spin": spin,
            "molecule.active_space.frozen_core": frozen_core,
            "mapping": mapping,
            "budget.shots": budget_shots,
        },
        settings or [],
        active_space,
        budget,
    )
    if dry:
        raise typer.Exit(price_command(data, json_output))
    raise typer.Exit(run_command(data, out, json_output, quiet))


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    max_steps: Annotated[int | None, typer.Option(help="Go on to this many steps.")] = None,
    resubmit: Annotated[
        bool, typer.Option("--resubmit", help="Submit jobs again that failed or were cancelled.")
    ] = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was killed or interrupted; nothing is computed twice."""
    from .runs import resume_command

    raise typer.Exit(resume_command(folder, max_steps, json_output, quiet, resubmit))


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

"""Commands and their options; each hands over to a module of its own, imported when used."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from qvopt_molecules.errors import QvoptError

app = typer.Typer(
    name="qvopt",
    help="Run variational quantum eigensolver experiments, with every shot counted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; progress goes to standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"qvopt {version('qvopt')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


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
        typer.Option(help="jordan-wigner, parity, parity-reduced or bravyi-kitaev."),
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
    )
    if dry:
        raise typer.Exit(price_command(data, json_output))
    raise typer.Exit(run_command(data, out, json_output, quiet))


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    max_steps: Annotated[int | None, typer.Option(help="Go on to this many steps.")] = None,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was killed or interrupted; nothing is computed twice."""
    from .runs import resume_command

    raise typer.Exit(resume_command(folder, max_steps, json_output, quiet))


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


@app.command()
def measurements(
    molecule: Annotated[str, typer.Argument(help="As for `qvopt run`.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As for `qvopt run`.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="Gaussian basis set.")] = None,
    frozen_core: Annotated[int | None, typer.Option(help="Orbitals to freeze.")] = None,
    active_space: Annotated[
        str | None, typer.Option(metavar="ELECTRONS,ORBITALS", help="Active space by counts.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Compare the ways to measure an energy: circuits, depth, variance, shots needed."""
    from .measurements import measurements_command
    from .options import experiment_data

    options = {"molecule.basis": basis, "molecule.active_space.frozen_core": frozen_core}
    data = experiment_data(molecule, options, settings or [], active_space)
    raise typer.Exit(measurements_command(data, json_output))


@app.command()
def validate(
    backend: Annotated[str, typer.Argument(help="qvopt list backends")],
    molecule: Annotated[str, typer.Option(help="A small one.")] = "h2",
    shots: Annotated[int, typer.Option(help="Shots of one energy in total.")] = 400,
    repeats: Annotated[int, typer.Option(min=20, help="Energies to measure.")] = 400,
    seed: Annotated[int, typer.Option(help="Seed of every random stream.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As for `qvopt run`.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Test a backend's estimates: bias, reported variance, coverage, fresh noise, shots."""
    from .options import experiment_data
    from .validation import validate_command

    options = {"backend": backend, "measurement.shots": shots, "seed": seed}
    data = experiment_data(molecule, options, settings or [], None)
    raise typer.Exit(validate_command(data, repeats, json_output))


@app.command("list")
def list_names(
    what: Annotated[Literal["molecules", "ansatze", "optimizers", "backends"], typer.Argument()],
    json_output: Json = False,
) -> None:
    """List what there is by name."""
    from .listing import list_command

    raise typer.Exit(list_command(what, json_output))


def main() -> None:
    """Run the command line; every error of ours is one line and an exit code."""
    try:
        app()
    except QvoptError as error:
        print(f"qvopt: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("qvopt: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except MemoryError:
        print("qvopt: out of memory; choose a smaller active space", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"qvopt: {error.strerror or error}{where}; what the journal holds is safe, and "
            f"`qvopt resume` goes on with it",
            file=sys.stderr,
        )
        sys.exit(4)

"""Options of `qvopt compare` and `worker`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qvopt.experiment.counts import parse_count

from .app import Json, Quiet, app
from .experiment_options import ActiveSpace, Basis, Charge, FrozenCore, Orbitals, Spin, Yes


@app.command()
def compare(
    what: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|FOLDER|MOLECULE",
            help="A comparison's file, the folder of one to resume, or a molecule as for `run`.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; an existing one is extended.", show_default="comparisons/NAME"),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            parser=parse_count,
            metavar="N",
            help="Runs of each optimizer and problem.",
            show_default="the file's",
        ),
    ] = None,
    shots: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N",
            help="Of one energy; several are compared. Repeatable.",
            show_default="the file's; 1000",
        ),
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option(
            parser=parse_count, metavar="N", help="Most steps of a run.", show_default="the file's"
        ),
    ] = None,
    first_seed: Annotated[
        int | None,
        typer.Option(
            parser=parse_count, metavar="N", help="Of the first run.", show_default="the file's; 0"
        ),
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OPTIMIZER",
            help="What is compared, in place of those in the file. Repeatable.",
            show_default="the file's",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="What a run may spend: '1e6', '1e6 shots', '200 jobs'.", show_default="the file's"
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Of the MOLECULE, as for `qvopt run`. Repeatable.",
            show_default="none",
        ),
    ] = None,
    basis: Basis = None,
    charge: Charge = None,
    spin: Spin = None,
    active_space: ActiveSpace = None,
    frozen_core: FrozenCore = None,
    orbitals: Orbitals = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OPTIMIZER", help="Of those in the file; repeatable.", show_default="all"
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            parser=parse_count,
            metavar="N",
            help="Worker processes on this machine.",
            show_default="all cores for long comparisons",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="An existing Dask scheduler, tcp://….", show_default="none"
        ),
    ] = None,
    cluster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="TOML file with the settings of a batch system.",
            show_default="none",
        ),
    ] = None,
    max_gb: Annotated[float, typer.Option(help="Largest size of the folder, in GB.")] = 20.0,
    dry: Annotated[
        bool,
        typer.Option("--dry", help="Check everything and say what it would take; run nothing."),
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Make the folder for `qvopt worker`; run nothing.")
    ] = False,
    collect: Annotated[
        bool, typer.Option("--collect", help="Report the runs that have ended; run nothing.")
    ] = False,
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Report several folders together; run nothing."),
    ] = False,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Write the page, pictures and tables.")
    ] = True,
    json_output: Json = False,
    quiet: Quiet = False,
    yes: Yes = False,
) -> None:
    """Compare optimizers at equal shots; what has run before is not run again."""
    from .comparison import collect_command, compare_command, dry_command, prepare_command
    from .comparison_setup import comparison_setup, refuse_with_merge, single

    if merge:
        from .comparison_merge import merge_command

        given = {
            "--seeds": seeds, "--budget": budget, "--only": only, "--workers": workers,
            "--scheduler": scheduler, "--cluster": cluster, "--dry": dry, "--prepare": prepare,
            "--collect": collect, "--shots": shots, "--max-steps": max_steps,
            "--first-seed": first_seed, "--optimizer": optimizer, "--set": settings,
            "--basis": basis, "--charge": charge, "--spin": spin, "--orbitals": orbitals,
            "--active-space": active_space, "--frozen-core": frozen_core,
        }  # fmt: skip
        refuse_with_merge(given)
        raise typer.Exit(merge_command(what, out, report, json_output))
    options = {
        "seeds": seeds, "first_seed": first_seed, "shots": shots, "max_steps": max_steps,
        "optimizers": optimizer, "budget": budget,
    }  # fmt: skip
    molecule = {
        "settings": settings, "basis": basis, "charge": charge, "spin": spin,
        "active_space": active_space, "frozen_core": frozen_core, "orbitals": orbitals,
    }  # fmt: skip
    setup = comparison_setup(single(what), out, options, only or [], molecule)
    if dry:
        raise typer.Exit(dry_command(setup, max_gb, json_output))
    agreed = yes or budget is not None
    if prepare:
        raise typer.Exit(prepare_command(setup, max_gb, quiet, agreed))
    if collect:
        raise typer.Exit(collect_command(setup.folder, report, json_output))
    raise typer.Exit(
        compare_command(
            setup,
            workers=workers,
            scheduler=scheduler,
            cluster=cluster,
            max_gb=max_gb,
            report=report,
            as_json=json_output,
            quiet=quiet,
            yes=agreed,
        )
    )


@app.command()
def worker(
    folder: Annotated[Path, typer.Argument(metavar="COMPARISON", help="A comparison's folder.")],
    quiet: Quiet = False,
) -> None:
    """Work on a comparison beside others: for arrays of batch jobs without a scheduler of ours."""
    from .comparison import worker_command

    raise typer.Exit(worker_command(folder, quiet))

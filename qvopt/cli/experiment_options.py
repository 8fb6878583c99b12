"""The options that describe an experiment: the same for `qvopt run` and `qvopt submit`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

What = Annotated[
    str,
    typer.Argument(
        metavar="MOLECULE|EXPERIMENT.toml",
        help="A catalogue name (qvopt list molecules), a file (.toml, .xyz, .fcidump), "
        "an inline geometry ('H 0 0 0; H 0 0 0.74', Ångström), or an experiment file.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Submit to hardware without asking first.")]

_KEYS = {
    "ansatz": "ansatz",
    "optimizer": "optimizer",
    "backend": "backend",
    "shots": "measurement.shots",
    "learning_rate": "optimizer.learning_rate",
    "grouping": "measurement.grouping",
    "allocation": "measurement.allocation",
    "seed": "seed",
    "max_steps": "max_steps",
    "basis": "molecule.basis",
    "charge": "molecule.charge",
    "spin": "molecule.spin",
    "frozen_core": "molecule.active_space.frozen_core",
    "mapping": "mapping",
    "budget_shots": "budget.shots",
}


def described(
    *,
    ansatz: Annotated[str | None, typer.Option(help="qvopt list ansatze [uccsd]")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="qvopt list optimizers [l-bfgs; adam with --shots]")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="qvopt list backends [sector]")] = None,
    shots: Annotated[
        str | None,
        typer.Option(help="Shots of one energy in total (1000, 1e4); exact without."),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of the optimizer, where it has one.")
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
) -> None:
    """The signature whose options `with_experiment_options` gives to a command."""


def with_experiment_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `described`; its parameter `options` gets their values."""
    signature = inspect.signature(command, eval_str=True)
    shared = list(inspect.signature(described, eval_str=True).parameters.values())
    parameters = [
        p.replace(kind=p.KEYWORD_ONLY) for p in signature.parameters.values() if p.name != "options"
    ]
    first, rest = parameters[:1], parameters[1:]

    def with_options(**values: Any) -> None:
        options = {p.name: values.pop(p.name) for p in shared}
        command(options=options, **values)

    with_options.__name__ = command.__name__
    with_options.__doc__ = command.__doc__
    with_options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*first, *shared, *rest]
    )
    with_options.__annotations__ = {p.name: p.annotation for p in (*first, *shared, *rest)}
    return with_options


def data_of(what: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment's plain data: the file or molecule, then its options."""
    from .options import experiment_data

    named = {key: options[name] for name, key in _KEYS.items()}
    return experiment_data(
        what, named, options["settings"] or [], options["active_space"], options["budget"]
    )

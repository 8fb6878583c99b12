"""The options that describe an experiment: the same for `qvopt run` and `qvopt submit`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from qvopt.experiment.counts import parse_count


def shots_option(text: str) -> int:
    """Parse an option that counts shots."""
    return parse_count(text, "shots")


What = Annotated[
    str,
    typer.Argument(
        metavar="MOLECULE|EXPERIMENT.toml",
        help="A catalogue name (qvopt list molecules), a file (.toml, .xyz, .fcidump), "
        "an inline geometry ('H 0 0 0; H 0 0 0.74', Ångström), or an experiment file.",
    ),
]
Shots = Annotated[
    int | None,
    typer.Option(
        parser=shots_option,
        metavar="N",
        help="Shots of one energy in total.",
        show_default="exact energies",
    ),
]
FinalPrecision = Annotated[
    float | None,
    typer.Option(
        metavar="HARTREE",
        help="Standard error of the final estimate.",
        show_default="0.001; with a budget or another stop at most a tenth of the shots",
    ),
]
FinalShots = Annotated[
    int | None,
    typer.Option(
        parser=shots_option,
        metavar="N",
        help="Shots of the final estimate, in place of a precision.",
        show_default="as many as the precision needs",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        parser=parse_count, metavar="N", help="Seed of every random stream.", show_default="0"
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(parser=parse_count, metavar="N", help="Most optimizer steps.", show_default="300"),
]
AnsatzName = Annotated[str | None, typer.Option(help="qvopt list ansatze", show_default="uccsd")]
OptimizerName = Annotated[
    str | None,
    typer.Option(
        help="qvopt list optimizers",
        show_default="l-bfgs (recycled-bfgs for adapt); kalman-newton with --shots; adam on "
        "hardware without a budget",
    ),
]
BackendName = Annotated[str | None, typer.Option(help="qvopt list backends", show_default="sector")]
Charge = Annotated[
    int | None,
    typer.Option(
        parser=parse_count, metavar="N", help="Total charge.", show_default="the molecule's"
    ),
]
Spin = Annotated[
    int | None,
    typer.Option(
        parser=parse_count,
        metavar="N",
        help="Number of unpaired electrons.",
        show_default="the molecule's",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="As for `qvopt run`. Repeatable.", show_default="none"
    ),
]
Basis = Annotated[
    str | None, typer.Option(help="Gaussian basis set.", show_default="the molecule's")
]
ActiveSpace = Annotated[
    str | None,
    typer.Option(
        metavar="ELECTRONS,ORBITALS", help="Active space by counts.", show_default="all orbitals"
    ),
]
FrozenCore = Annotated[
    int | None,
    typer.Option(parser=parse_count, metavar="N", help="Orbitals to freeze.", show_default="0"),
]
Orbitals = Annotated[
    str | None,
    typer.Option(help="canonical, mp2-natural, boys, …", show_default="the molecule's"),
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
    "final_precision": "measurement.final_precision",
    "final_shots": "measurement.final_shots",
    "seed": "seed",
    "max_steps": "max_steps",
    "basis": "molecule.basis",
    "charge": "molecule.charge",
    "spin": "molecule.spin",
    "frozen_core": "molecule.active_space.frozen_core",
    "orbitals": "molecule.orbitals",
    "mapping": "mapping",
    "budget_shots": "budget.shots",
}


def described(
    *,
    ansatz: AnsatzName = None,
    optimizer: OptimizerName = None,
    backend: BackendName = None,
    shots: Shots = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Of the optimizer, where it has one.", show_default="the optimizer's"),
    ] = None,
    seed: Seed = None,
    max_steps: MaxSteps = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the molecule (bond=1.2), or any key of the experiment "
            "(optimizer.learning_rate=0.1, ansatz.spin_adapted=true). Repeatable.",
            show_default="none",
        ),
    ] = None,
    basis: Basis = None,
    charge: Charge = None,
    spin: Spin = None,
    active_space: ActiveSpace = None,
    frozen_core: FrozenCore = None,
    orbitals: Orbitals = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            help="jordan-wigner(-tapered), parity(-reduced) or bravyi-kitaev.",
            show_default="jordan-wigner",
        ),
    ] = None,
    grouping: Annotated[
        str | None,
        typer.Option(
            help="fluid-basis-rotation, basis-rotation, derandomized, fully-commuting or "
            "qubit-wise; the last two also with -shared or -coloring.",
            show_default="the best for mapping and backend",
        ),
    ] = None,
    allocation: Annotated[
        str | None,
        typer.Option(help="uniform, weighted, variance or measured.", show_default="variance"),
    ] = None,
    final_precision: FinalPrecision = None,
    final_shots: FinalShots = None,
    budget_shots: Annotated[
        int | None,
        typer.Option(
            parser=shots_option,
            metavar="N",
            help="Cap on all shots of the run.",
            show_default="none",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Caps over the whole run: '20 QPU-min, 5 EUR', '100 jobs', '1e6 shots', 1e6.",
            show_default="none",
        ),
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

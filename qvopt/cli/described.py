"""Options that describe an experiment, for every command that takes some of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

import typer

from qvopt_molecules.errors import InputError

from .experiment_options import (
    ActiveSpace,
    AnsatzName,
    BackendName,
    Basis,
    Charge,
    FrozenCore,
    MaxSteps,
    OptimizerName,
    Orbitals,
    Seed,
    Settings,
    Shots,
    Spin,
)

TaskWhat = Annotated[
    str,
    typer.Argument(
        metavar="MOLECULE|EXPERIMENT.toml|FOLDER", help="As for `run`, or a folder to resume."
    ),
]

# For each option: its parameter, the key of the experiment that it sets, and its declaration.
_OPTIONS: dict[str, tuple[str, Any]] = {
    "ansatz": ("ansatz", AnsatzName),
    "optimizer": ("optimizer", OptimizerName),
    "backend": ("backend", BackendName),
    "shots": ("measurement.shots", Shots),
    "seed": ("seed", Seed),
    "max_steps": ("max_steps", MaxSteps),
    "settings": ("", Settings),
    "basis": ("molecule.basis", Basis),
    "charge": ("molecule.charge", Charge),
    "spin": ("molecule.spin", Spin),
    "active_space": ("", ActiveSpace),
    "frozen_core": ("molecule.active_space.frozen_core", FrozenCore),
    "orbitals": ("molecule.orbitals", Orbitals),
}


def experiment_key(name: str) -> str:
    """Return the key of the experiment that an option sets, by the name of its parameter."""
    return _OPTIONS[name][0]


def option_name(name: str) -> str:
    """Return how the command line spells an option, by the name of its parameter."""
    return "--set" if name == "settings" else f"--{name.replace('_', '-')}"


def describes_experiment(
    *without: str, task: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options above, less some, in the place of its parameter `data`.

    The command has a parameter `what`; it is called with both, `data` as plain data of an
    experiment (`experiment_data`). Where `what` is a folder of the `task`, that says what was
    asked: the command is called with no data, and the options are refused.
    """
    names = [name for name in _OPTIONS if name not in without]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        parameters = []
        for parameter in inspect.signature(command).parameters.values():
            if parameter.name == "data":
                parameters += [_keyword(name, _OPTIONS[name][1], None) for name in names]
            else:
                hint = hints[parameter.name]
                parameters.append(_keyword(parameter.name, hint, parameter.default))

        def filled(**given: Any) -> None:
            from .options import experiment_data

            chosen = {name: given.pop(name) for name in names}
            if task is not None and _is_of_task(given["what"], task):
                _refuse_beside(given["what"], chosen)
                command(data=None, **given)
                return
            settings, space = chosen.pop("settings") or [], chosen.pop("active_space")
            options = {experiment_key(name): value for name, value in chosen.items()}
            command(data=experiment_data(given["what"], options, settings, space), **given)

        filled.__name__, filled.__doc__ = command.__name__, command.__doc__
        filled.__annotations__ = {p.name: p.annotation for p in parameters}
        filled.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return filled

    return decorate


def _is_of_task(what: str, task: str) -> bool:
    from qvopt.tasks.task_folder import KINDS, is_task

    return any(kind.name == task and is_task(what, kind) for kind in KINDS)


def _refuse_beside(what: str, chosen: Mapping[str, Any]) -> None:
    given = next((name for name, value in chosen.items() if value), None)
    if given is not None:
        raise InputError(
            f"{what} says what was asked; leave {option_name(given)} out, or name the molecule"
        )


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )

"""Settings of `compare` that every problem takes which does not say otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec, TypedDict, TypeVar

from qvopt.experiment.settings import nested, takes_settings
from qvopt_molecules.adapters import costs, operators
from qvopt_molecules.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")


class SharedSettings(TypedDict, total=False):
    """What describes a problem beside its molecule, by the names of `run`."""

    ansatz: Any
    backend: Any
    basis: str | None
    charge: int | None
    spin: int | None
    orbitals: str | None
    active_space: str | Sequence[int] | Mapping[str, Any] | None
    frozen_core: int | None
    set: Mapping[str, float] | None
    mapping: str | None
    grouping: str | None
    allocation: str | None
    measurement: Mapping[str, Any] | None
    constraints: Mapping[str, Any] | None


def takes_shared_settings(function: Callable[P, T]) -> Callable[P, T]:
    """Give a function of `**shared: Unpack[SharedSettings]` its full signature."""
    return takes_settings(function, settings=SharedSettings)


def with_shared(data: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain data of a comparison, each problem with the settings that it leaves open.

    Raises InputError where there are no problems that could take them.
    """
    changes = nested(shared)
    if not changes:
        return dict(data)
    problems = data.get("problems")
    if not isinstance(problems, list | tuple):
        raise InputError(f"{next(iter(shared))} is of the problems; give problems = [...] as well")
    return {**data, "problems": [_filled(problem, changes) for problem in problems]}


def _filled(problem: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    is_operator = operators.is_table(problem) or costs.is_entries(problem)
    if not isinstance(problem, Mapping) or is_operator or "molecule" not in problem:
        problem = {"molecule": problem}
    filled = {**{k: v for k, v in changes.items() if k != "molecule"}, **problem}
    if "measurement" in changes:
        own = problem.get("measurement") or {}
        filled["measurement"] = {**changes["measurement"], **own}
    if "molecule" in changes:
        given = problem["molecule"]
        several = isinstance(given, list | tuple)
        tables = list(map(partial(_molecule, changes["molecule"]), given if several else [given]))
        filled["molecule"] = tables if several else tables[0]
    return filled


def _molecule(changes: Mapping[str, Any], molecule: Any) -> Any:
    if isinstance(molecule, str):
        return {**changes, "name": molecule}
    if isinstance(molecule, Mapping) and "name" in molecule:
        return {**changes, **molecule}
    raise InputError(
        f"{next(iter(changes))} is of molecules by name or file, and cannot be changed beside "
        f"an object, {type(molecule).__name__}"
    )

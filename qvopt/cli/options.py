"""Turns the options of a command line into an experiment's plain data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qvopt.experiment.counts import positive_count
from qvopt.experiment.settings import without_former_aim
from qvopt.experiment.specification import Experiment
from qvopt.experiment.toml_text import read_experiment_file
from qvopt_molecules.adapters.files import is_operator_file
from qvopt_molecules.errors import InputError

_BOOLEANS: Final = {"true": "true", "false": "false"}


def experiment_data(
    what: str,
    options: Mapping[str, Any],
    settings: Sequence[str],
    active_space: str | None,
    budget: str | None = None,
) -> dict[str, Any]:
    """Return plain data: the file or molecule first, then options, then `--set`, later ones win."""
    given = [option for option, value in options.items() if value is not None]
    given += [setting.partition("=")[0] for setting in settings]
    data = without_former_aim(_base(what), given)
    for option, value in options.items():
        if value is not None:
            if option == "measurement.shots":
                value = positive_count(value, "shots")
            _put(data, option.split("."), value)
    if budget is not None:
        from qvopt.experiment.budget_text import parse_budget

        for key, value in parse_budget(budget).items():
            _put(data, ["budget", key], value)
    if active_space is not None:
        electrons, _, orbitals = active_space.partition(",")
        if not (electrons.strip().isdecimal() and orbitals.strip().isdecimal()):
            raise InputError(f"--active-space takes ELECTRONS,ORBITALS, got '{active_space[:40]}'")
        _put(data, ["molecule", "active_space", "electrons"], int(electrons))
        _put(data, ["molecule", "active_space", "n_orbitals"], int(orbitals))
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise InputError(f"--set takes KEY=VALUE, got '{setting[:60]}'")
        value = _parse(text)
        path = key.split(".")
        # A molecule's parameters are numbers; "mitigation=auto" is the experiment's own key.
        if len(path) == 1 and not (isinstance(value, str) and key in Experiment.model_fields):
            path = ["molecule", "set", key]
        _put(data, path, value)
    return data


def _base(what: str) -> dict[str, Any]:
    if not what.lower().endswith(".toml"):
        return {"molecule": what}
    data = read_experiment_file(Path(what))
    # A molecule file has a geometry at its top, an experiment file a molecule.
    is_problem = "geometry" in data or is_operator_file(what)
    return data if "molecule" in data or not is_problem else {"molecule": what}


def _put(data: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a nested key; a name like "adam" on the way becomes {"name": "adam"}."""
    *tables, last = path
    for table in tables:
        inner = data.get(table, {})
        if not isinstance(inner, str | Mapping):
            raise InputError(f"{'.'.join(path)[:60]}: {table} is a value, and holds no keys")
        inner = {"name": inner} if isinstance(inner, str) else dict(inner)
        data[table] = inner
        data = inner
    old = data.get(last)
    if isinstance(old, dict) and isinstance(value, str) and "name" in old:
        # Another optimizer or ansatz: the options in the file belong to the former one.
        value = old if old["name"] == value else {"name": value}
    data[last] = value


def _parse(text: str) -> Any:
    """Read a value as TOML would, or as Python writes booleans and numbers, or as a string."""
    for spelling in (text, _BOOLEANS.get(text.strip().lower(), text)):
        try:
            data = tomllib.loads(f"value = {spelling}")
        except (tomllib.TOMLDecodeError, ValueError, RecursionError):
            continue
        if len(data) == 1:  # a line break would begin another key
            return data["value"]
    for number in (int, float):  # 05, .5, 5.
        try:
            return number(text)
        except ValueError:
            continue
    return text

"""Problems of a comparison as they are given: names, tables, objects, files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from qvopt.backends.catalogue import as_backend, recorded_spec
from qvopt.experiment.objects import entrant_data, problem_data, with_usual_parts
from qvopt.experiment.toml_text import freeze_beside, molecule_beside, read_experiment_file
from qvopt_circuits.catalogue import ansatz_data
from qvopt_molecules.adapters import costs, operators
from qvopt_molecules.errors import InputError
from qvopt_molecules.handed import OBJECT


def comparison_problem(problem: Any) -> Any:
    """Return a problem as plain data of `[[problems]]`: a table, or a molecule or object alone."""
    if not isinstance(problem, Mapping) or "molecule" not in problem:
        is_operator = operators.is_table(problem) or costs.is_entries(problem)
        if isinstance(problem, Mapping) and "name" not in problem and not is_operator:
            return problem  # a table that lacks its molecule: validation says so
        problem = {"molecule": problem}
    problem = {**problem, **_objects_of(problem)}
    given = problem["molecule"]
    molecules = [problem_data(m) for m in (given if isinstance(given, list | tuple) else [given])]
    if not molecules:
        return problem
    usual = with_usual_parts({**problem, "molecule": molecules[0]})
    parts = {key: usual[key] for key in ("ansatz", "backend") if usual.get(key) is not None}
    return {**problem, "molecule": molecules, **parts}


def _objects_of(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Ansätze and backends of a problem that came in as objects, as plain data.

    Raises InputError for a backend that another process cannot make again.
    """
    data: dict[str, Any] = {}
    for key, convert in (("ansatz", ansatz_data), ("backend", _backend_data)):
        value = problem.get(key)
        if value is not None:
            several = isinstance(value, list | tuple)
            parts = [v if _is_plain(v) else convert(v) for v in (value if several else [value])]
            data[key] = parts if several else parts[0]
    return data


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | Mapping | BaseModel)


def _backend_data(value: Any) -> dict[str, Any]:
    backend = as_backend(value)
    spec = recorded_spec(backend)
    if spec is None or str(spec["name"]).startswith(OBJECT):
        raise InputError(
            f"{backend.name} is an object of this process, and the runs of a comparison make "
            f"their backend by name; give a name with options, such as {{'name': 'aer', …}}"
        )
    return spec


_ENTRANT: Final = ("name", "label", "shots", "tuned", "search")
"""Keys of an entrant that are no hyper-parameters."""


def entrant(optimizer: Any) -> Any:
    """Return an optimizer of a comparison as plain data; objects by name, with a label."""
    table = dict(optimizer) if isinstance(optimizer, Mapping) else {"name": optimizer}
    given = table.get("name")
    if given is None or isinstance(given, str):
        return optimizer
    named = entrant_data(given, {k: v for k, v in table.items() if k not in _ENTRANT})
    kept = {k: v for k, v in table.items() if k in _ENTRANT}
    return {**kept, **named, "label": table.get("label") or short_name(named["name"])}


def short_name(name: str) -> str:
    """The name without its module.

    >>> short_name("my.module:Descent"), short_name("object:mine"), short_name("adam")
    ('Descent', 'mine', 'adam')
    """
    return name.rpartition(":")[2]


def read_comparison(path: Path) -> dict[str, Any]:
    """Read the plain data of a comparison's file, or of the one in a comparison's folder.

    Molecule files named in it are looked for beside it, and problems that came in as objects
    among its integrals.
    """
    if path.is_dir():
        path = path / "comparison.toml"
    data = read_experiment_file(path)
    if isinstance(data.get("problems"), list):
        data["problems"] = [_problem_beside(p, path.parent) for p in data["problems"]]
    tuning = data.get("tuning")
    if isinstance(tuning, dict) and isinstance(tuning.get("problems"), list):
        problems = [_problem_beside(p, path.parent) for p in tuning["problems"]]
        data["tuning"] = tuning | {"problems": problems}
    return data


def _problem_beside(problem: Any, folder: Path) -> Any:
    if isinstance(problem, str):
        problem = {"molecule": problem}
    if not isinstance(problem, dict) or "molecule" not in problem:
        return problem
    given = problem["molecule"]
    molecules = []
    for molecule in given if isinstance(given, list | tuple) else [given]:
        if isinstance(molecule, dict) and isinstance(molecule.get("content"), str):
            freeze_beside(molecule, folder / "integrals" / f"{molecule['content'][:20]}.npz")
        molecules.append(molecule_beside({"molecule": molecule}, folder.absolute())["molecule"])
    return problem | {"molecule": molecules}

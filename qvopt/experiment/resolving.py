"""What a caller gives to a task: an experiment or a molecule, settings, and perhaps objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.backends.catalogue import as_backend, recorded_spec
from qvopt.backends.protocol import Backend

from .objects import problem_data
from .settings import nested, without_former_aim
from .specification import BackendSpec, Experiment, make_experiment


def resolve(problem: Any, settings: Mapping[str, Any]) -> tuple[Experiment, Backend | None]:
    """Return the experiment, and the backend where it was given as an object.

    Args:
        problem: an experiment, which the settings change; or a molecule by name, file, geometry or
            table; or an object, see `qvopt_molecules.adapters.problem`.
        settings: as in `Settings`, and keys of `Experiment`; tables are merged key by key.

    Raises InputError for settings that do not exist or do not go together.
    """
    changes = nested(settings)
    backend = None
    if not isinstance(changes.get("backend"), str | Mapping | BackendSpec | None):
        backend = as_backend(changes["backend"])
        changes["backend"] = recorded_spec(backend) or backend.name
    if not isinstance(problem, Experiment):
        overrides = changes.pop("molecule", {})
        # A file is read together with what is given beside it, such as a charge.
        table = isinstance(problem, Mapping) and "name" in problem
        named = table or isinstance(problem, str | Path)
        molecule = problem if named else problem_data(problem)
        if overrides:
            molecule = merged(_table(molecule), overrides)
        return make_experiment({"molecule": molecule, **changes}), backend
    if not changes:
        return problem, backend
    data = problem.model_dump(mode="json", exclude_none=True)
    if "shots" in changes:
        changes["measurement"] = {"shots": changes.pop("shots")} | dict(
            changes.get("measurement") or {}
        )
    given = [f"measurement.{key}" for key in changes.get("measurement") or {}]
    data = without_former_aim(data, given)
    for key, value in changes.items():
        data = merged(data, {key: value})
    return make_experiment(data), backend


def merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with changes, tables within it key by key.

    A table with a name is another thing, whose options are its own.
    """
    out = dict(table)
    for key, value in changes.items():
        old = out.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and "name" not in value:
            value = merged(old, value)
        out[key] = value
    return out


def _table(molecule: Any) -> dict[str, Any]:
    return dict(molecule) if isinstance(molecule, Mapping) else {"name": str(molecule)}


def with_backend(experiment: Experiment, backend: Backend | None) -> Experiment:
    """Return the experiment as it is recorded for a backend that was given as an object."""
    if backend is None:
        return experiment
    spec = recorded_spec(backend, experiment.backend.name)
    if spec is None:
        return experiment
    return experiment.model_copy(update={"backend": BackendSpec(**spec)})

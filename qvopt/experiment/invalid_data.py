"""What is wrong with plain data, in one line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from qvopt_molecules.errors import InputError, shown, unknown_name

_KINDS: Final = {
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), "must be a list"),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"),
        "must be a table",
    ),
}
"""What is expected, by pydantic's kind of error, in the words of TOML."""


_UNITS: Final = (
    "{} is no setting: the unit of an XYZ file's positions is said in the file, as units=bohr in "
    "its comment, the second line; other geometries are in Ångström"
)


def explain_invalid(
    error: ValidationError, root: type[BaseModel], what: str, shorthands: Collection[str] = ()
) -> InputError:
    """Say in one line what is wrong first, naming the key and, for a misspelled one, the nearest.

    Args:
        error: what pydantic found.
        root: the model that was validated.
        what: what the data are, for keys at the top.
        shorthands: keys at the top that are no fields.
    """
    errors = error.errors(include_url=False, include_context=False)
    # A misspelled key explains the missing one that comes with it.
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    path = [str(p) for p in first["loc"] if not _is_internal(str(p))]
    where = ".".join(path) or what
    if path[:1] == ["molecule"] and path[-1] in ("units", "unit") and first["input"] is not None:
        return InputError(_UNITS.format(where))
    if first["type"] == "extra_forbidden":
        model = _model_at(root, path[:-1])
        known = set(model.model_fields) | (set(shorthands) if model is root else set())
        table = ".".join(path[:-1])
        return unknown_name(f"key in [{table}]" if table else f"{what} key", path[-1], known)
    got = first["input"]
    message = _KINDS.get(first["type"]) or str(first["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if path[-2:] == ["active_space", "orbitals"] and type(got) is int:
        message = f"orbitals are indices, such as [1, 2]; use n_orbitals = {got} for a number"
    value = f", got {shown(got)}" if isinstance(got, str | int | float | bool | None) else ""
    return InputError(
        f"{where}: {message}{'' if 'got' in message or 'n_orbitals =' in message else value}"
    )


def _is_internal(part: str) -> bool:
    """Whether a part of a location is pydantic's name of a branch, not a key."""
    return part.startswith(("function-", "constrained-", "tuple[", "list["))


def _model_at(root: type[BaseModel], path: list[str]) -> type[BaseModel]:
    """Follow keys from a model to the one that they lead to; indices are passed over."""
    model = root
    for key in path:
        field = model.model_fields.get(key)
        inner = None if field is None else _model_in(field.annotation)
        model = model if inner is None else inner
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model within a type such as `tuple[Model, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in models if model is not None), None)

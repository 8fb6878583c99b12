"""The experiment file: every key with type, default, unit and meaning, from its model."""

import inspect
import re
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from qvopt.cli.entries import bounds, value_text
from qvopt.experiment.meanings import MEANINGS, Meaning
from qvopt.experiment.specification import Experiment

from .markdown import cell, code, escaped, table


def pages() -> Iterator[tuple[str, str]]:
    """Yield the sections of all tables, which `docs/reference/experiment-file.md` includes."""
    yield "parts/experiment-file.md", "\n".join(_tables(Experiment, ""))


def _tables(model: type[BaseModel], path: str) -> Iterator[str]:
    """Yield the sections of a table and of the tables in it."""
    inner = {name: _model_of(field.annotation) for name, field in model.model_fields.items()}
    title = f"[{path}]" if path else "The top of the file"
    yield f"\n## {code(title) if path else title}\n"
    if path:
        yield escaped((inspect.getdoc(model) or "").split("\n\n")[0]) + "\n"
    rows = [
        [code(name), *_facts(field, inner[name], f"{path}.{name}".lstrip("."))]
        for name, field in model.model_fields.items()
    ]
    yield table(["key", "type", "default", "unit", "meaning"], rows)
    for name, child in inner.items():
        if child is not None and any(key != "name" for key in child.model_fields):
            yield from _tables(child, f"{path}.{name}".lstrip("."))


def _facts(field: FieldInfo, inner: type[BaseModel] | None, path: str) -> list[str]:
    kind = "table" if inner is not None else re.sub(r" or none(?=,|$)", "", bounds(field))
    if inner is not None and "name" in inner.model_fields:
        kind = "name or table"
    meaning = MEANINGS.get(path, Meaning(field.description or ""))
    return [cell(kind), _default(field), cell(meaning.unit), cell(meaning.text)]


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return code(getattr(value, "name", ""))
    return "not set" if value is None or value == {} else code(value_text(value))


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The table that an annotation names, also inside `Annotated` and `| None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in typing.get_args(annotation):
        if (model := _model_of(part)) is not None:
            return model
    return None

"""Options of a factory, checked against the types that its signature declares.

One check for every registry: optimizers, ansätze, backends, providers, plug-ins of each.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import numpy as np

from .counts import parse_count
from .errors import InputError, QvoptError, shorten, shown, unknown_name

MAX_NUMBER: Final = 1e15
"""Largest magnitude of a number in an option: beyond it, sums and squares lose their meaning."""

_MAX_TEXT: Final = 10_000
_VARIABLE: Final = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def checked_options(
    kind: str, owner: str, factory: Callable[..., Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return keyword options as the types of a factory's signature.

    Whole numbers stand for floats, and lists for tuples; counts may be written 1e6, "1_000" or
    "1e4 shots". Nothing else is converted: the text "False" is not a boolean, and neither is 1.
    Numbers are finite and at most `MAX_NUMBER`.

    >>> def factory(*, rate: float = 0.1, flag: bool = True): ...
    >>> checked_options("option", "backend toy", factory, {"rate": 2})
    {'rate': 2.0}

    Args:
        kind: what an option is called in errors, such as "hyper-parameter".
        owner: whose it is, such as "adam".
        factory: a class or function; one with `**keywords` takes any name.
        options: by name, from TOML or Python.

    Raises:
        InputError: for an unknown name (with the nearest one), a value of another type, and an
            option that is needed and not given.
    """
    signature = _signature(factory)
    parameters = {n: p for n, p in signature.parameters.items() if p.kind not in _VARIABLE}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    values = {}
    for name, value in options.items():
        if name in parameters:
            annotation = parameters[name].annotation
        elif open_ended:
            annotation = Any
        else:
            raise unknown_name(f"{kind} of {owner}", name, parameters)
        values[name] = _checked(f"{kind} {shorten(name, 40)} of {owner}", value, annotation)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in values:
            raise InputError(f"{owner} needs the {kind} {name}")
    return values


def made(owner: str, factory: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Return what a factory makes of checked options.

    Raises InputError in the name of `owner` for whatever else the factory raises: it may be a
    third party's.
    """
    try:
        return factory(**values)
    except QvoptError:
        raise
    except Exception as error:
        detail = str(error) or type(error).__name__
        raise InputError(f"{owner} does not take these options: {shorten(detail, 160)}") from error


def _signature(factory: Callable[..., Any]) -> inspect.Signature:
    """The signature with its annotations as types; those of a plug-in may not resolve."""
    try:
        return inspect.signature(factory, eval_str=True)
    except Exception:  # whatever the names in a third party's annotations raise
        return inspect.signature(factory)


def _checked(what: str, value: Any, annotation: Any) -> Any:
    from pydantic import ValidationError

    if isinstance(value, np.generic):
        value = value.item()
    adapter = _adapter(_Hashable(annotation))
    if adapter is not None:
        value = _as_count(value, annotation)
        try:
            value = adapter.validate_python(value)
        except ValidationError:
            expected = " or ".join(dict.fromkeys(_described(annotation)))
            raise InputError(f"{what} must be {expected}, got {shown(value)}") from None
    _refuse_numbers_out_of_range(what, value)
    return value


def _as_count(value: Any, annotation: Any) -> Any:
    """Return a whole number that is written 1e6, "1_000" or "1e4 shots", where one is asked for."""
    members = get_args(annotation) if _is_union(annotation) else (annotation,)
    if int not in members or float in members or str in members:
        return value
    if isinstance(value, str) or (isinstance(value, float) and value.is_integer()):
        with suppress(InputError):
            return parse_count(value, "shots")
    return value


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _refuse_numbers_out_of_range(what: str, value: Any) -> None:
    """Raise InputError for a number, at any depth, that is not finite or beyond `MAX_NUMBER`."""
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        raise InputError(
            f"{what} must be a finite number of at most {MAX_NUMBER:g}, got {shown(value)}"
        )
    if isinstance(value, Mapping):
        for inner in value.values():
            _refuse_numbers_out_of_range(what, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_numbers_out_of_range(what, inner)


class _Hashable:
    """An annotation as a key of a cache, compared by identity where it cannot be hashed."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation

    def __hash__(self) -> int:
        return hash(repr(self.annotation))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Hashable):
            return NotImplemented
        return bool(self.annotation == other.annotation)


@cache
def _adapter(key: _Hashable) -> Any:
    """Return pydantic's validator of an annotation, or None where it says nothing."""
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    annotation = key.annotation
    if annotation in (Any, object, inspect.Parameter.empty) or isinstance(annotation, str):
        return None
    strict = _strict(annotation)
    try:
        return TypeAdapter(strict, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a model or dataclass of its own configuration
        return TypeAdapter(strict)


def _strict(annotation: Any) -> Any:
    """Forbid conversions between numbers, booleans and text, within containers too."""
    from pydantic import Strict, StringConstraints

    if annotation is str:
        return Annotated[str, StringConstraints(strict=True, max_length=_MAX_TEXT)]
    if annotation in (bool, int, float):
        return Annotated[annotation, Strict()]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (None, Literal):
        return annotation
    if origin is Annotated:
        return Annotated[(_strict(arguments[0]), *arguments[1:])]
    inner = tuple(a if a is Ellipsis else _strict(a) for a in arguments)
    if _is_union(annotation):
        return Union[inner]  # noqa: UP007
    return origin[inner] if inner and not isinstance(arguments[0], list) else annotation


def _described(annotation: Any) -> list[str]:
    """What a value may be, in words."""
    words: dict[Any, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        type(None): "left out",
    }
    if annotation in words:
        return [words[annotation]]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _described(arguments[0])
    if origin is Literal:
        return ["one of " + ", ".join(repr(choice) for choice in arguments)]
    if _is_union(annotation):
        return [word for a in arguments for word in _described(a)]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return [f"a table of {_plural(arguments[-1])}"]
    if isinstance(origin, type) and issubclass(origin, Sequence | set | frozenset):
        return [f"a list of {_plural(arguments[0])}"]
    return [f"a {getattr(annotation, '__name__', str(annotation))}"]


def _plural(annotation: Any) -> str:
    words: dict[Any, str] = {int: "whole numbers", float: "numbers", str: "texts"}
    return words.get(annotation, "values")

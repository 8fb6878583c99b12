"""Arguments of public functions, checked against their annotations.

A value of another kind than the signature declares is an `InputError` in a line, not whatever
the code below first stumbles over.
"""

from __future__ import annotations

import collections.abc as abc
import errno
import functools
import inspect
import numbers
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import (
    Any,
    Final,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from .errors import InputError, shown

P = ParamSpec("P")
T = TypeVar("T")

_LARGEST: Final = 1e300
_WORDS: Final[dict[Any, str]] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text",
    Path: "a path", types.NoneType: "None",
}  # fmt: skip


def checked_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Refuse arguments that are not what a function's annotations say, as an InputError.

    Numbers of NumPy stand for Python's, whole floats for integers, arrays and other iterables for
    sequences. Annotations that say nothing, or that cannot be resolved, allow everything.

    >>> @checked_arguments
    ... def double(x: float) -> float:
    ...     return 2 * x
    >>> double("a")
    Traceback (most recent call last):
    ...
    qvopt_molecules.errors.InputError: x of double must be a number, got 'a'
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = check_arguments(function, args, kwargs)
        return function(*bound.args, **bound.kwargs)

    return wrapped


def check_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: abc.Mapping[str, Any]
) -> inspect.BoundArguments:
    """Return the arguments of a call, whole floats as integers.

    Raises InputError as above, and for arguments that are missing, too many or given twice.
    """
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise InputError(f"{function.__name__}: {error}") from None
    for name, annotation in _annotations(function).items():
        if name not in bound.arguments:
            continue
        value = bound.arguments[name]
        if not _fits(annotation, value):
            expected = " or ".join(dict.fromkeys(_described(annotation)))
            raise InputError(
                f"{name} of {function.__name__} must be {expected}, got {shown(value)}"
            )
        if Path in _choices(annotation) and isinstance(value, str | os.PathLike):
            _refuse_impossible_path(name, value)
        bound.arguments[name] = _plain(annotation, value)
    return bound


def _refuse_impossible_path(name: str, value: str | os.PathLike[str]) -> None:
    """Raise InputError for a name that no file can have: too long, or with a NUL."""
    try:
        os.lstat(value)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            reason = error.strerror if isinstance(error, OSError) else "it holds a NUL character"
            raise InputError(
                f"{name}: {shown(os.fspath(value))} cannot be a path: {reason}"
            ) from None


@functools.cache
def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotation of each single parameter; those that do not resolve are left out."""
    names: dict[str, Any] = {}
    space = inspect.unwrap(function).__globals__
    for name, parameter in inspect.signature(function).parameters.items():
        annotation = parameter.annotation
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if isinstance(annotation, str):
            try:
                holder = type("Holder", (), {"__annotations__": {name: annotation}})
                annotation = get_type_hints(holder, space)[name]
            except NameError:  # imported for type checkers alone
                continue
        names[name] = annotation
    return names


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _fits(annotation: Any, value: Any) -> bool:
    return any(_fits_one(choice, value) for choice in _choices(annotation))


def _fits_one(kind: Any, value: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in (None, types.NoneType):
        return value is None
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if kind in (int, float):
        return _is_number(value, whole=kind is int)
    if kind is Path:
        return isinstance(value, os.PathLike)
    if origin is Literal:
        return type(value) in {type(choice) for choice in arguments}  # the function says which
    if kind is Callable or origin is abc.Callable:
        return callable(value) and _takes(value, arguments[0] if arguments else ...)
    base = origin or kind
    if base is Any or not isinstance(base, type):
        return True
    if issubclass(base, np.ndarray):
        return True
    if issubclass(base, str | abc.Mapping) or not issubclass(base, abc.Iterable):
        return isinstance(value, base)
    if not isinstance(value, abc.Iterable) or isinstance(value, str | bytes | abc.Mapping):
        return isinstance(value, base)
    inner = arguments[0] if arguments else Any
    simple = inner in (int, float, str) and isinstance(value, abc.Sequence)
    return not simple or all(_fits(inner, entry) for entry in value)


def _takes(function: Callable[..., Any], parameters: Any) -> bool:
    """Whether a function can be called with as many arguments as an annotation says."""
    if not isinstance(parameters, list):
        return True
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # built in: it does not say
        return True
    try:
        signature.bind(*parameters)
    except TypeError:
        return False
    return True


def _is_number(value: Any, whole: bool) -> bool:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        return False
    if isinstance(value, numbers.Integral):
        return abs(int(value)) <= _LARGEST
    return not whole or float(value).is_integer()


def _plain(annotation: Any, value: Any) -> Any:
    """Return a whole float as an integer where one is declared and a float is not."""
    choices = _choices(annotation)
    if isinstance(value, numbers.Real) and int in choices and float not in choices:
        return value if isinstance(value, bool) else int(float(value))
    return value


def _of_arguments(parameters: tuple[Any, ...]) -> str:
    if not parameters or not isinstance(parameters[0], list):
        return ""
    n = len(parameters[0])
    return f" of {n} argument{'s' if n != 1 else ''}"


def _described(annotation: Any) -> list[str]:
    words = []
    for choice in _choices(annotation):
        base = get_origin(choice) or choice
        if choice in _WORDS:
            words.append(_WORDS[choice])
        elif base is Literal:
            words += [repr(a) for a in get_args(choice)]
        elif base is abc.Callable:
            words.append(f"a function{_of_arguments(get_args(choice)[:1])}")
        elif isinstance(base, type) and issubclass(base, abc.Mapping):
            words.append("a table")
        elif isinstance(base, type) and issubclass(base, abc.Iterable):
            inner = get_args(choice)[:1]
            words.append({(int,): "whole numbers", (float,): "numbers"}.get(inner, "a list"))
        else:
            words.append(f"a {getattr(base, '__name__', base)}")
    return words

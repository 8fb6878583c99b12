"""Checks of arguments that come from a user's script, refused in one line where they cannot be."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from .arrays import FloatArray
from .errors import InputError, shown

_LONGEST: Final = 255
"""Bytes of a file's name on usual file systems."""


def path_of(value: Any, name: str) -> Path:
    """Return a path that was given as text or as a Path.

    Raises InputError for anything else.
    """
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise InputError(f"{name} is a path, text or a Path, got {shown(value)}")
    path = Path(value)
    if any(len(part.encode()) > _LONGEST for part in path.parts):
        raise InputError(f"{name} has a part of more than {_LONGEST} bytes, {shown(str(path))}")
    return path


def whole_number(value: Any, name: str, low: int, high: int | None = None) -> int:
    """Return a whole number from `low` to `high`.

    Raises InputError for anything else, booleans included.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool | np.bool_):
        raise InputError(f"{name} must be a whole number, got {shown(value)}")
    if number < low or (high is not None and number > high):
        span = f"from {low} to {high}" if high is not None else f"at least {low}"
        raise InputError(f"{name} must be {span}, got {shown(number)}")
    return number


def real_number(value: Any, name: str, what: str, below: float = math.inf) -> float:
    """Return a number above 0 and below a limit.

    Args:
        value: the number.
        name: of the argument.
        what: what it is, with its unit, for the message.
        below: the limit.

    Raises InputError for anything else.
    """
    plain = isinstance(value, int | float | np.integer | np.floating)
    if not plain or isinstance(value, bool) or not 0 < value < below:
        limit = f" below {below:g}" if math.isfinite(below) else ""
        raise InputError(f"{name} must be a positive {what}{limit}, got {shown(value)}")
    return float(value)


def array_of(value: Any) -> Any:
    """Return NumPy's array of something from outside.

    Raises TypeError where there is none. An operator of Qiskit has one, its matrix, which is never
    what is meant where numbers are: at forty qubits making it ends the process or panics.
    """
    if type(value).__module__.partition(".")[0] == "qiskit":
        raise TypeError
    try:
        return np.asarray(value)
    except Exception:
        raise TypeError from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of a library in Rust; no Exception
            raise
        raise TypeError from None


def real_values(value: Any) -> FloatArray:
    """Return real numbers from outside as an array of their shape.

    Raises TypeError, ValueError or OverflowError for anything else.
    """
    plain = array_of(value)
    if np.iscomplexobj(plain):
        raise TypeError
    return np.asarray(plain, dtype=np.float64)


def real_array(value: Any, name: str) -> FloatArray:
    """Return finite numbers as a vector.

    Raises InputError for anything else.
    """
    try:
        array = np.array(real_values(value)).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be real numbers, got {shown(value)}") from None
    if isinstance(value, str | bytes) or not np.isfinite(array).all():
        raise InputError(f"{name} must be finite numbers, got {shown(value)}")
    return array


def one_of(value: Any, name: str, choices: Sequence[str]) -> str:
    """Return a text that is one of some. Raises InputError for anything else."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, got {shown(value)}")
    return value

"""Coordinates written as small formulas of named parameters, evaluated without `eval`."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from .errors import InputError, unknown_name

_BINARY: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}

FUNCTIONS: Final[dict[str, Callable[[float], float]]] = {
    "sqrt": math.sqrt,
    "sin": lambda degrees: math.sin(math.radians(degrees)),
    "cos": lambda degrees: math.cos(math.radians(degrees)),
    "tan": lambda degrees: math.tan(math.radians(degrees)),
}
"""Functions that a formula may call; angles are in degrees."""

_LONGEST = 200


def evaluate(text: str, values: Mapping[str, float]) -> float:
    """Evaluate a formula of + - * /, numbers, parameter names and `FUNCTIONS`.

    >>> evaluate("bond*sin(angle/2)", {"bond": 2.0, "angle": 60.0})
    0.9999999999999999

    Raises InputError for anything else, and for a result that is not a finite number.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError
        result = _value(ast.parse(text.strip(), mode="eval").body, values)
    except InputError:
        raise
    except (ValueError, SyntaxError, RecursionError, MemoryError, ArithmeticError):
        result = math.nan
    if not math.isfinite(result):
        raise InputError(
            f"'{text[:40]}' is not a finite number or a formula of the molecule's parameters"
        )
    return result


def dimension(geometry: str, parameter: str) -> str:
    """Return the unit of a parameter by the formulas that it is in: Å, °, or "" where neither.

    A length enters coordinates linearly, an angle within sin, cos and tan alone.

    >>> text = "O 0 0 0; H r*cos(a/2) r*sin(a/2) 0; H 2*r 0 k*s"
    >>> [dimension(text, name) for name in "rak"]
    ['Å', '°', '']
    """
    units = set()
    for word in re.split(r"[;\n,\s]+", geometry):
        if re.search(rf"(?<![A-Za-z0-9_]){re.escape(parameter)}(?![A-Za-z0-9_])", word):
            try:
                units |= _units(ast.parse(word, mode="eval").body, parameter)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return ""
    return "".join(units) if units in ({"Å"}, {"°"}) else ""


def _units(node: ast.expr, parameter: str) -> set[str]:
    """The parameter's units in a coordinate, by each place where it stands."""
    match node:
        case ast.Name(id=name):
            return {"Å"} if name == parameter else set()
        case ast.UnaryOp(operand=operand):
            return _units(operand, parameter)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _units(left, parameter) | _units(right, parameter)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            found = _units(left, parameter) | _units(right, parameter)
            lengths = sum(_has_length(side) for side in (left, right))
            return found if lengths < 2 else {"?"} if "Å" in found else found
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            found = _units(left, parameter) | _units(right, parameter)
            return {"?"} if "Å" in found and _has_length(right) else found
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return {"?"} if _units(argument, parameter) else set()
        case ast.Call(args=[argument]):
            return {"°"} if _units(argument, parameter) else set()
    return set()


def _has_length(node: ast.expr) -> bool:
    """Whether a parameter stands outside functions, so that it may be a length."""
    if isinstance(node, ast.Call):
        return False
    return isinstance(node, ast.Name) or any(
        _has_length(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
    )


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](_value(argument, values))
        case ast.Name(id=name):
            if name not in values:
                raise unknown_name("parameter", name, values)
            return values[name]
    raise ValueError

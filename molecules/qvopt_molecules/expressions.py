"""Coordinates written as small formulas of named parameters, evaluated without `eval`."""

from __future__ import annotations

import ast
import math
import operator
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

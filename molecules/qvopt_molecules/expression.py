"""Coordinates written as arithmetic over named parameters, read without evaluating any code."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from .errors import InputError, unknown_name

_TOKEN: Final = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*/()])",
    re.ASCII,
)
_MAX_LENGTH: Final = 200
_MAX_DEPTH: Final = 20


def _degrees(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda angle: function(math.radians(angle))


FUNCTIONS: Final[Mapping[str, Callable[[float], float]]] = {
    "sin": _degrees(math.sin),
    "cos": _degrees(math.cos),
    "tan": _degrees(math.tan),
    "sqrt": math.sqrt,
}
"""What an expression may call; angles are in degrees."""


def evaluate_expression(text: str, parameters: Mapping[str, float]) -> float:
    """Return the value of an arithmetic expression of numbers, `parameters` and `FUNCTIONS`.

    The grammar is + - * / with the usual precedence, signs, parentheses and one-argument
    functions. There are no powers, attributes or names beyond those given, so that text from a
    file can neither run code nor take long.

    Raises:
        InputError: the text is not such an expression, or its value is not finite.

    >>> evaluate_expression("2*bond", {"bond": 0.5})
    1.0
    >>> round(evaluate_expression("-sin(angle/2)", {"angle": 60.0}), 12)
    -0.5
    """
    if len(text) > _MAX_LENGTH:
        raise InputError(f"expression '{text[:30]}…' is longer than {_MAX_LENGTH} characters")
    parser = _Parser(text, parameters)
    try:
        value = parser.sum(0)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"expression '{text}' has no value: {error}") from None
    if parser.peek() is not None:
        raise parser.error()
    if not math.isfinite(value):
        raise InputError(f"expression '{text}' is not a finite number")
    return value


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str, parameters: Mapping[str, float]) -> None:
        self.text = text
        self.parameters = parameters
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        position = 0
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error()
            self.tokens.append((str(match.lastgroup), match.group()))
            position = match.end()

    def error(self) -> InputError:
        return InputError(
            f"cannot read '{self.text}' as a number or as an expression such as 2*bond"
        )

    def peek(self) -> str | None:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.error()
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self, depth: int) -> float:
        if depth > _MAX_DEPTH:
            raise InputError(f"expression '{self.text[:30]}…' is nested too deeply")
        value = self.product(depth)
        while self.peek() in ("+", "-"):
            value += self.product(depth) if self.take()[1] == "+" else -self.product(depth)
        return value

    def product(self, depth: int) -> float:
        value = self.factor(depth)
        while self.peek() in ("*", "/"):
            if self.take()[1] == "*":
                value *= self.factor(depth)
            else:
                value /= self.factor(depth)
        return value

    def factor(self, depth: int) -> float:
        sign = 1.0
        while self.peek() in ("+", "-"):
            if self.take()[1] == "-":
                sign = -sign
        kind, token = self.take()
        if kind == "number":
            return sign * float(token)
        if kind == "name" and self.peek() == "(":
            if token not in FUNCTIONS:
                raise unknown_name("function", token, FUNCTIONS)
            return sign * FUNCTIONS[token](self.factor(depth + 1))
        if kind == "name":
            if token not in self.parameters:
                if not self.parameters:
                    raise self.error()
                raise unknown_name("parameter", token, self.parameters)
            return sign * self.parameters[token]
        if token == "(":
            value = self.sum(depth + 1)
            if self.take()[1] != ")":
                raise self.error()
            return sign * value
        raise self.error()

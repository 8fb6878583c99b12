"""Whole numbers in an experiment's tables, as people write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from qvopt_molecules.counts import parse_count
from qvopt_molecules.errors import InputError

__all__ = ["Count", "Shots", "parse_count", "positive_count"]


def positive_count(value: Any, unit: str) -> int:
    """Return a whole number of at least 1. Raises InputError for anything else.

    >>> positive_count("1e4 shots", "shots")
    10000
    """
    number = parse_count(value, unit)
    if number < 1:
        raise InputError(f"{unit} must be a whole number greater than 0, got {str(value)[:40]!r}")
    return number


def _count_of(unit: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        return parse_count(value, unit) if isinstance(value, str | float | bool) else value

    return BeforeValidator(read)


Count = Annotated[int, _count_of("")]
"""A whole number in an experiment's table, however it is written."""

Shots = Annotated[int, _count_of("shots")]
"""The same of shots."""

"""Parametrisations of which a few cases run by default, and all others with the slow tests."""

from collections.abc import Callable, Collection

import pytest

_Parameters = type(pytest.param())


def rest_slow(cases, default):
    """Return `cases` as parameters: those of `default` as they are, the rest marked slow.

    Args:
        cases: what `pytest.mark.parametrize` takes: values, tuples of values or `pytest.param`
            (a single value that is a tuple has to be one).
        default: the cases that stand for all, by their values, or a function that says of the
            values of a case whether it is one.

    Raises:
        ValueError: if a case of `default` is not among `cases`, or none runs by default.
    """
    cases = list(cases)
    values = [_values(case) for case in cases]
    if not isinstance(default, Callable):
        default = _among([_values(case) for case in default], values)
    quick = [default(*v) for v in values]
    if not any(quick):
        raise ValueError("no case runs by default")
    return [case if q else _slow(case) for case, q in zip(cases, quick, strict=True)]


def _values(case):
    """The values of a case, one for each parameter."""
    if isinstance(case, _Parameters):
        return tuple(case.values)
    return case if isinstance(case, tuple) else (case,)


def _among(default: Collection[tuple], values):
    for case in default:
        if case not in values:
            raise ValueError(f"{case} is to run by default and is not among the cases")
    return lambda *v: v in default


def _slow(case):
    if isinstance(case, _Parameters):
        marks = [m for m in case.marks if m.name != "slow"]
        return pytest.param(*case.values, id=case.id, marks=[*marks, pytest.mark.slow])
    return pytest.param(*_values(case), marks=pytest.mark.slow)

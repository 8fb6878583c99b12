"""Arguments of public functions against their annotations."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from qvopt_molecules.argument_checks import real_array
from qvopt_molecules.arguments import checked_arguments
from qvopt_molecules.errors import InputError


@checked_arguments
def taken(
    thing: Any = None,
    *,
    count: int = 1,
    most: int | None = None,
    rate: float = 0.1,
    flag: bool = False,
    text: str = "",
    out: str | Path | None = None,
    call: Callable[[int], object] | None = None,
    values: str | Sequence[float] = (),
    table: Mapping[str, Any] | None = None,
    method: Literal["a", "b"] = "a",
    **more: Any,
):
    return locals()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", np.int64(3)), ("count", 3.0), ("most", None), ("rate", 2),
        ("rate", np.float32(1)),
        ("rate", Fraction(1, 3)), ("flag", np.bool_(True)), ("text", np.str_("a")),
        ("out", "a"), ("out", Path("a")), ("out", None), ("call", print), ("call", None),
        ("values", "0:1:3"), ("values", (1, 2)), ("values", np.linspace(0, 1, 3)),
        ("values", range(3)), ("table", {}), ("thing", object()), ("more", object()),
    ],
)  # fmt: skip
def test_what_an_annotation_allows_passes(name, value):
    seen = taken(**{name: value})
    assert (seen["more"] if name == "more" else seen)[name] is value or seen[name] == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", "x", "count of taken must be a whole number, got 'x'"),
        ("count", True, "a whole number, got True"), ("count", 1.5, "got 1.5"),
        ("count", float("nan"), "got nan"), ("count", 10**400, "whole number, got 1000"),
        ("most", "x", "a whole number or None"), ("rate", "0.1", "a number, got '0.1'"),
        ("rate", 1j, "a number"), ("rate", np.zeros(2), "a number"), ("flag", 1, "true or false"),
        ("text", b"x", "text, got b'x'"), ("out", 5, "text or a path or None, got 5"),
        ("out", "a" * 5000, "cannot be a path: File name too long"),
        ("out", "a\0b", "cannot be a path"), ("call", 5, "a function.* or None"),
        ("values", 5, "text or numbers"), ("values", ["a"], "numbers, got .'a'"),
        ("values", {1: 2}, "numbers"),
        ("table", [], "a table or None"), ("method", 5, "'a' or 'b'"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_a_line(name, value, message):
    with pytest.raises(InputError, match=message) as caught:
        taken(**{name: value})
    assert len(str(caught.value)) <= 300


def test_an_object_that_cannot_be_printed_is_named_by_its_type():
    class Broken:
        def __repr__(self):
            raise KeyError("x")

    with pytest.raises(InputError, match="got a Broken"):
        taken(count=Broken())


def test_reals_are_not_the_real_parts_of_complex_numbers():
    assert real_array([1, True, 2.5], "x").tolist() == [1.0, 1.0, 2.5]
    with pytest.raises(InputError, match="x must be real numbers"):
        real_array([1 + 0j], "x")

"""Options are checked against the types of a factory's signature."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest

from qvopt.backends.catalogue import get_backend
from qvopt.optimizers.registry import describe, get_optimizer, optimizer_names
from qvopt_circuits.catalogue import ansatz_names, get_ansatz
from qvopt_molecules.errors import InputError, QvoptError
from qvopt_molecules.options import checked_options, made


def factory(
    *,
    rate: float = 0.1,
    number: int | None = None,
    flag: bool = True,
    order: Literal["first", "second"] = "first",
    scales: tuple[float, ...] = (),
    layout: Sequence[int] | None = None,
    prices: Mapping[str, float] | None = None,
    name: str = "",
    anything: Any = None,
):
    """All the kinds of options."""


def checked(**options):
    return checked_options("option", "toy", factory, options)


def test_values_of_the_right_type_pass():
    for count in (2000.0, "2e3", "2_000", "2000 shots"):
        assert checked(number=count) == {"number": 2000}
    assert checked(rate=2, number=3, flag=False) == {"rate": 2.0, "number": 3, "flag": False}
    assert checked(scales=[1, 2.5], layout=(0, 1)) == {"scales": (1.0, 2.5), "layout": (0, 1)}
    assert checked(prices={"task": 1}, number=None) == {"prices": {"task": 1.0}, "number": None}
    assert checked(rate=np.float32(0.5), number=np.int64(4)) == {"rate": 0.5, "number": 4}


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("rate", "0.1", "option rate of toy must be a number, got '0.1'"),
        ("rate", True, "must be a number, got True"),
        ("rate", float("nan"), "must be a finite number"),
        ("rate", 1e16, "must be a finite number of at most 1e"),
        ("rate", 10**400, "of toy must be"),
        ("number", 2.5, "must be a whole number or left out, got 2.5"),
        ("number", False, "must be a whole number"),
        ("flag", "False", "must be true or false, got 'False'"),
        ("flag", 1, "must be true or false, got 1"),
        ("order", "third", "must be one of 'first', 'second', got 'third'"),
        ("order", ["first"], "must be one of"),
        ("scales", 3, "must be a list of numbers, got 3"),
        ("scales", [1.0, "x"], "must be a list of numbers"),
        ("scales", [1.0, float("inf")], "must be a finite number"),
        ("layout", "01", "must be a list of whole numbers"),
        ("prices", {"task": "free"}, "must be a table of numbers"),
        ("prices", [1], "must be a table of numbers"),
        ("name", 5, "must be text, got 5"),
        ("name", "x" * 20_000, "must be text"),
        ("anything", [[float("inf")]], "must be a finite number"),
        ("rat", 0.1, "unknown option of toy 'rat'; did you mean 'rate'"),
    ],
)
def test_others_are_refused_in_a_line(option, value, message):
    with pytest.raises(InputError, match=message) as caught:
        checked(**{option: value})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 300


def test_a_number_of_more_digits_than_are_printed_is_refused():
    with pytest.raises(InputError, match="of very many digits"):
        checked(number=10**5000)


def test_what_is_needed_is_asked_for():
    def needy(*, device: str):
        return device

    with pytest.raises(InputError, match="toy needs the option device"):
        checked_options("option", "toy", needy, {})


def test_annotations_that_do_not_resolve_are_no_obstacle():
    def foreign(*, x: "NowhereDefined" = 1):  # noqa: F821
        return x

    assert checked_options("option", "toy", foreign, {"x": "y"}) == {"x": "y"}


def test_whatever_a_factory_raises_is_named():
    def broken(**options):
        raise ZeroDivisionError("by\nzero")

    with pytest.raises(InputError, match="toy does not take these options: by zero"):
        made("toy", broken, {})


NEEDED = {"circuit": {"n_qubits": 4, "gates": ["x 0"]}}
BAD = ("False", [1], {"a": 1}, True, None, -1, 0, 1e300, 10**400, float("nan"), "x\n" * 5000)


def refusal(make):
    try:
        make()
    except QvoptError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", optimizer_names())
def test_every_hyper_parameter_is_checked(name):
    for option in describe(name).defaults:
        for value in BAD:
            message = refusal(lambda o=option, v=value: get_optimizer(name, **{o: v}))
            assert message.isprintable()
            assert len(message) <= 300


@pytest.mark.parametrize("name", ansatz_names())
def test_every_option_of_an_ansatz_is_checked(name):
    options = dataclasses.fields(type(get_ansatz(name, **NEEDED.get(name, {}))))
    for option in [field.name for field in options]:
        for value in BAD:
            message = refusal(lambda o=option, v=value: get_ansatz(name, **{o: v}))
            assert message.isprintable()
            assert len(message) <= 300


@pytest.mark.parametrize(
    ("backend", "options", "message"),
    [
        ("sector", {"threads": "four"}, "threads of backend sector must be a whole number"),
        ("aer", {"noise": {"readout": "much"}}, "noise of backend aer must be a table of numbers"),
        ("ibm:fake_manila", {"layout": "01"}, "layout of backend ibm must be a list of whole"),
        ("ibm:fake_manila", {"repeats": 1.5}, "repeats of backend ibm must be a whole number"),
        ("ibm:fake_manila", {"twirling": "False"}, "twirling of backend ibm must be true or"),
        ("braket:sv1", {"price": {"task": "x"}}, "price of backend braket must be a table"),
        ("ionq:simulator", {"gate_price": 3}, "gate_price of backend ionq must be a list"),
    ],
)
def test_every_option_of_a_backend_is_checked(backend, options, message):
    with pytest.raises(InputError, match=message):
        get_backend(backend, **options)

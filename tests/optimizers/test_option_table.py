"""Ranges, units and meanings of hyper-parameters: complete, and what the optimizers hold to."""

import math

import numpy as np
import pytest

from qvopt import minimize
from qvopt.optimizers.registry import describe, get_optimizer, optimizer_names
from qvopt_molecules.errors import InputError

INSIDE = {
    "> 0": [1e-3, 1, 7.0],
    ">= 0": [0, 0.0, 3.5],
    "[0, 1)": [0, 0.0, 0.5, 0.999],
    "(0, 1)": [0.1, 0.9],
    "true or false": [True, False],
    "whole, >= 1": [1, 5, 2.0, "3", "1e1", "1_0"],
    "whole, >= 2": [2, 5, 2.0, "3"],
    "whole, >= 0": [0, 5, 2.0, "3"],
}
OUTSIDE = {
    "> 0": [0, -1.0, math.inf, math.nan, "1", True],
    ">= 0": [-1e-9, math.inf, math.nan, "1", True],
    "[0, 1)": [-0.1, 1, 1.0, math.nan, "0.5", True],
    "(0, 1)": [0, 1, 1.5, math.nan, "0.5", True],
    "true or false": [0, 1, "true", 0.5],
    "whole, >= 1": [0, -1, 1.5, True, "3.5", "three"],
    "whole, >= 2": [1, 0, 2.5, True, "2.5"],
    "whole, >= 0": [-1, 1.5, True, "-1"],
}
CASES = [(name, option) for name in optimizer_names() for option in describe(name).defaults]


def values_of(entry, table):
    if isinstance(entry.range, tuple):
        return list(entry.range) if table is INSIDE else ["zz", 1, True]
    return table.get(entry.range, [])


@pytest.mark.parametrize("name", optimizer_names())
def test_every_option_is_described_and_its_default_is_in_range(name):
    entry = describe(name)
    for key, option in entry.options.items():
        assert option is not None, key
        assert option.meaning
        default = entry.defaults[key]
        if default is None:
            assert key in entry.optional
        else:
            option.check(key, default)


@pytest.mark.parametrize(("name", "key"), CASES)
def test_ranges_are_those_that_are_refused_and_taken(name, key):
    entry = describe(name)
    option = entry.options[key]
    more = {"expected_error": 1e-3} if key == "confidence" else {}
    more |= {"max_shots": 10**6} if key == "min_shots" else {}
    more |= {"min_shots": 1} if key == "max_shots" else {}
    for value in values_of(option, INSIDE):
        get_optimizer(name, **{key: value}, **more)
    for value in [*values_of(option, OUTSIDE), None]:
        if value is None and option.range == "a grouping":
            continue
        if value is None and key in entry.optional:
            get_optimizer(name, **{key: None}, **(more if key != "confidence" else {}))
            continue
        with pytest.raises(InputError, match=key.partition("_")[0]):
            get_optimizer(name, **{key: value}, **more)


def test_a_smaller_rate_is_a_shorter_step():
    """The unit of Adam's rate is that of the parameters: the first step has its length."""
    start = np.array([0.3, -0.2])
    for rate in (1e-3, 1e-2):
        step = minimize(
            lambda x: 40 * float(x @ x), start, "adam", jac=lambda x: 80 * x, max_steps=1,
            learning_rate=rate,
        ).x - start  # fmt: skip
        assert np.abs(step) == pytest.approx(rate, rel=1e-6)

"""Moments merge exactly; estimates print with their error in the last digits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.measurement.estimate import Estimate, Moments

outcomes = st.lists(st.floats(-50, 50), min_size=2, max_size=30)


def moments(values: list[float]) -> Moments:
    return Moments.from_counts(np.array(values), np.ones(len(values), dtype=np.int64))


@given(outcomes)
def test_moments_are_those_of_numpy(values: list[float]) -> None:
    m = moments(values)
    assert m.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert m.variance_of_mean == pytest.approx(np.var(values, ddof=1) / len(values), abs=1e-9)


@given(outcomes, outcomes)
def test_merged_moments_are_those_of_the_whole(first: list[float], second: list[float]) -> None:
    merged, whole = moments(first) + moments(second), moments(first + second)
    assert merged.shots == whole.shots
    assert merged.mean == pytest.approx(whole.mean, abs=1e-10)
    assert merged.m2 == pytest.approx(whole.m2, abs=1e-8)


def test_counts_weigh_outcomes() -> None:
    counted = Moments.from_counts(np.array([1.0, -1.0]), np.array([3, 2]))
    listed = moments([1.0, 1.0, 1.0, -1.0, -1.0])
    assert (counted.shots, counted.mean, counted.m2) == pytest.approx(
        (listed.shots, listed.mean, listed.m2)
    )


def test_nothing_is_neutral_and_one_shot_has_no_variance() -> None:
    none, one = Moments(0, 0.0, 0.0), Moments(1, 2.5, 0.0)
    assert none + one == one + none == one
    assert one.variance_of_mean == math.inf


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (-1.13689, 0.0012, "-1.1369(12)"),
        (-1.13689, 0.00996, "-1.137(10)"),
        (-1.13689, 0.000994, "-1.13689(99)"),
        (-74.98, 0.5, "-74.98(50)"),
        (-74.98, 1.2, "-75.0(12)"),
        (-74.98, 99.9, "-75(100)"),
        (-74.98, 12.0, "-75(12)"),
        (-0.00001, 0.0012, "0.0000(12)"),
        (-1.13689, 0.0, "-1.13689000"),
        (-1.13689, 1e-18, "-1.13689000"),
        (-1.13689, math.inf, "-1.13689000(?)"),
        (-1.13689, math.nan, "-1.13689000(?)"),
    ],
)
def test_printing(value: float, stderr: float, text: str) -> None:
    assert str(Estimate(value, stderr**2, 10)) == text

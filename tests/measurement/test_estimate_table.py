"""A table of estimates reads as the list that it stands for."""

import numpy as np

from qvopt.gradients.parameter_shift import Combination
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.estimate_table import EstimateTable


def _estimates(n: int) -> list[Estimate]:
    rng = np.random.default_rng(5)
    return [
        Estimate(rng.normal(), rng.random(), int(rng.integers(1, 99)), (), rng.random() * 9, 0.25)
        for _ in range(n)
    ]


def test_a_table_is_the_list_that_it_was_made_of() -> None:
    estimates = _estimates(7)
    table = EstimateTable.of(estimates)
    assert list(table) == estimates
    assert table == estimates
    assert [table[k] for k in range(len(table))] == estimates
    assert table[-1] == estimates[-1]
    assert table[2:5] == estimates[2:5]
    assert table != estimates[:-1]
    assert EstimateTable.of(table) is table


def test_an_empty_table_is_an_empty_list() -> None:
    assert list(EstimateTable.of([])) == []


def test_sums_of_coefficients_are_those_of_the_matrix() -> None:
    rng = np.random.default_rng(3)
    entries = [(int(rng.integers(0, 6)), float(rng.normal())) for _ in range(40)]
    combination = Combination.of(6, entries)
    dense, terms = combination.matrix.toarray(), rng.random(40)
    assert np.abs(combination.sums(terms) - dense @ terms).max() < 1e-13
    assert np.abs(combination.sums_of_squares(terms) - dense**2 @ terms).max() < 1e-13
    assert np.abs(combination.sums_of_fourth_powers(terms) - dense**4 @ terms).max() < 1e-12

"""Shots are split without loss, and in proportion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

LIH = build_hamiltonian(find_molecule("lih"), cache=False)

weights = st.lists(st.floats(0, 1e3), min_size=1, max_size=40)


@given(weights, st.integers(0, 10**9), st.integers(0, 3))
def test_parts_sum_exactly_and_keep_the_minimum(
    shares: list[float], spare: int, minimum: int
) -> None:
    total = spare + minimum * len(shares)
    parts = allocate(np.array(shares), total, minimum)
    assert parts.dtype == np.int64
    assert parts.sum() == total
    assert parts.min() >= minimum


@given(weights, st.integers(0, 10**6))
def test_more_weight_never_gets_fewer_shots(shares: list[float], spare: int) -> None:
    order = np.sort(np.array(shares))
    parts = allocate(order, spare + 2 * len(order))
    assert np.all(np.diff(parts) >= -1)  # equal weights differ by the odd shot


def test_parts_follow_the_weights_where_the_minimum_does_not_bind() -> None:
    shares = np.array([5.0, 3.0, 1.5, 0.5])
    parts = allocate(shares, 10_000)
    assert np.abs(parts - shares / shares.sum() * 10_000).max() <= 8
    assert allocate(np.zeros(4), 10).tolist() in ([3, 3, 2, 2],)


def test_too_few_shots_say_how_many_are_needed() -> None:
    with pytest.raises(InputError, match=r"9 shots .* 5 measurement groups; give at least 10"):
        allocate(np.ones(5), 9)
    assert allocate(np.ones(5), 10).tolist() == [2] * 5
    assert len(allocate(np.ones(0), 100)) == 0


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_impossible_weights_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="finite and not negative"):
        allocate(np.array([1.0, bad]), 100)


@pytest.mark.parametrize("rule", ["uniform", "weighted", "variance"])
@pytest.mark.parametrize("grouping", ["qubit-wise", "basis-rotation"])
def test_rules_give_positive_weights_of_sum_one(rule: str, grouping: str) -> None:
    if grouping == "qubit-wise":
        plan = qubit_wise_plan(qubit_hamiltonian(LIH))
    else:
        plan = basis_rotation_plan(LIH)
    weighed = with_allocation(plan, rule, hamiltonian=LIH)  # type: ignore[arg-type]
    assert weighed.weights.sum() == pytest.approx(1.0)
    assert weighed.weights.min() > 0
    assert weighed.groups is plan.groups
    if rule == "uniform":
        assert np.ptp(weighed.weights) == 0
    if rule == "weighted":
        sizes = [np.abs(g.diagonal.coefficients).sum() for g in plan.groups]
        assert weighed.weights == pytest.approx(np.array(sizes) / np.sum(sizes))


def test_a_group_without_variance_in_the_determinant_is_not_starved() -> None:
    plan = qubit_wise_plan(qubit_hamiltonian(LIH))
    by_size = with_allocation(plan, "weighted", hamiltonian=LIH).weights
    by_variance = with_allocation(plan, "variance", hamiltonian=LIH).weights
    assert np.all(by_variance >= 0.49 * by_size)


def test_an_unknown_rule_is_named() -> None:
    plan = basis_rotation_plan(LIH)
    with pytest.raises(InputError, match="unknown allocation rule 'varience'; did you mean"):
        with_allocation(plan, "varience", hamiltonian=LIH)  # type: ignore[arg-type]

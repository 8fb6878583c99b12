"""A table of moments reads like lists of moments, and its energies are theirs."""

import numpy as np
import pytest

from qvopt.measurement.allocation import Scatter
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.estimate import Moments
from qvopt.measurement.moment_table import MomentTable
from qvopt.measurement.statistics import combine_moments
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import BackendError
from qvopt_molecules.integrals import build_hamiltonian


def table_of(n_groups, shots_from, rng):
    shots = rng.integers(shots_from, shots_from + 9, size=(6, n_groups))
    return MomentTable(shots, rng.normal(size=shots.shape), rng.random(shots.shape))


def as_lists(table):
    return [
        [Moments(*m) for m in zip(n.tolist(), mean.tolist(), m2.tolist(), strict=True)]
        for n, mean, m2 in zip(table.shots, table.means, table.m2s, strict=True)
    ]


def test_rows_read_like_lists():
    table = table_of(3, 0, np.random.default_rng(0))
    rows = as_lists(table)
    assert len(table) == 6
    assert table == rows
    assert [list(row) for row in table] == rows
    assert table[-1] == rows[-1]
    assert table[1:3] == rows[1:3]
    assert table[2][1] == rows[2][1]
    assert table[2][-2:] == rows[2][-2:]
    assert table != rows[:-1]
    with pytest.raises(IndexError):
        table[6]


@pytest.mark.parametrize("fewest", [0, 1, 2, 300])
def test_energies_are_those_of_the_lists(fewest):
    plan = basis_rotation_plan(build_hamiltonian(find_molecule("h4-chain")))
    table = table_of(len(plan.groups), fewest, np.random.default_rng(fewest))
    for row, moments in zip(table, as_lists(table), strict=True):
        if any(m.shots == 0 for m in moments):
            with pytest.raises(BackendError, match="without shots"):
                combine_moments(plan, row)
            continue
        fast, slow = combine_moments(plan, row), combine_moments(plan, moments)
        assert fast.value == pytest.approx(slow.value, abs=1e-13)
        assert fast.variance == pytest.approx(slow.variance, rel=1e-13)
        assert (fast.shots, fast.shared) == (slow.shots, slow.shared)
    assert Scatter.of(list(table)).squares.tolist() == Scatter.of(as_lists(table)).squares.tolist()
    assert (
        Scatter.of(list(table)).freedoms.tolist() == Scatter.of(as_lists(table)).freedoms.tolist()
    )

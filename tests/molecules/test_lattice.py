"""Hubbard chains against dense fermion algebra and known energies."""

from functools import reduce

import numpy as np
import pytest

from qvopt import run
from qvopt_molecules.errors import InputError
from qvopt_molecules.lattice import hubbard_chain
from qvopt_molecules.references import fci_energy


def annihilators(n):
    z, lower = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
    return [reduce(np.kron, [z] * k + [lower] + [np.eye(2)] * (n - k - 1)) for k in range(n)]


@pytest.mark.parametrize("periodic", [0, 1])
@pytest.mark.parametrize("electrons", [2, 3, 4])
def test_against_dense_algebra(periodic, electrons):
    n, t, u = 4, 1.3, 3.0
    a = annihilators(2 * n)
    number = [x.T @ x for x in a]
    matrix = sum(u * number[p] @ number[n + p] for p in range(n))
    bonds = [(p, p + 1) for p in range(n - 1)] + ([(0, n - 1)] if periodic else [])
    for p, q in bonds:
        for s in (0, n):
            hop = a[s + p].T @ a[s + q]
            matrix = matrix - t * (hop + hop.T)
    up, down = sum(number[:n]).diagonal(), sum(number[n:]).diagonal()
    spin = electrons % 2
    inside = np.flatnonzero((up == (electrons + spin) // 2) & (down == (electrons - spin) // 2))
    expected = np.linalg.eigvalsh(matrix[np.ix_(inside, inside)])[0]
    for site_basis in (0, 1):
        h = hubbard_chain({"sites": n, "t": t, "u": u, "periodic": periodic,
                           "electrons": electrons, "site_basis": site_basis})  # fmt: skip
        assert fci_energy(h) == pytest.approx(expected, abs=1e-8)


def test_a_ring_of_six_has_its_known_energy():
    ring = hubbard_chain({"sites": 6, "u": 4, "periodic": 1})
    assert fci_energy(ring) == pytest.approx(-3.66870618, abs=1e-7)


def test_it_runs_like_a_molecule():
    found = run({"name": "hubbard", "set": {"u": 2.0}})
    assert found.fci < found.energy < found.hf
    assert found.correlation > 0.99


BAD = [
    ({"sitez": 4}, "did you mean 'sites'"),
    ({"sites": 2.5}, "whole number"),
    ({"electrons": 9}, "from 1 to 7"),
    ({"periodic": 2}, "from 0 to 1"),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        hubbard_chain(settings)
    with pytest.raises(InputError, match="no basis"):
        run({"name": "hubbard-chain", "basis": "sto-3g"})

"""Variances in a determinant by Wick's theorem, against sums over all outcomes."""

import numpy as np
import pytest

from qvopt.measurement import variance
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.fluid import fluid_plan
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian


@pytest.mark.parametrize("make", [basis_rotation_plan, fluid_plan])
@pytest.mark.parametrize(
    ("name", "options"), [("lih", {}), ("h3+", {}), ("lih", {"charge": -1, "spin": 1})]
)
def test_they_are_those_of_all_outcomes(make, name, options, monkeypatch):
    h = build_hamiltonian(find_molecule(name, **options))
    plan = make(h)
    expected = np.square(variance.reference_deviations(plan, h, "jordan-wigner"))
    monkeypatch.setattr(variance, "LARGEST_SECTOR", 0)
    squares = np.square(variance.reference_deviations(plan, h, "jordan-wigner"))
    np.testing.assert_allclose(squares, expected, rtol=1e-9, atol=1e-12)
    assert expected.max() > 1e-3

"""Devices of PennyLane that come in packages of their own."""

from importlib.util import find_spec

import numpy as np
import pytest

from qvopt.backends.catalogue import get_backend
from qvopt.backends.protocol import Problem
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian


@pytest.mark.parametrize("kind", ["kokkos", "gpu", "amdgpu"])
def test_a_device_agrees_or_says_what_to_install(kind):
    h = build_hamiltonian(find_molecule("h2"))
    circuit = UCCSD().circuit(h)
    problem = Problem(circuit, qubit_hamiltonian(h), h)
    backend = get_backend(f"lightning:lightning.{kind}")
    if find_spec(f"pennylane_lightning_{kind}") is None:
        with pytest.raises(InputError, match=f"; pip install pennylane-lightning-{kind}$"):
            backend.compile(problem)
        return
    x = np.array([0.1, -0.2, 0.3])
    energy, gradient = backend.compile(problem).gradient(x)
    expected = get_backend("sector").compile(problem).gradient(x)
    assert energy == pytest.approx(expected[0], abs=1e-10)
    np.testing.assert_allclose(gradient, expected[1], atol=1e-10)

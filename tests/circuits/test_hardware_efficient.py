from itertools import product

import numpy as np
import pytest

from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.errors import InputError


@pytest.mark.parametrize(
    ("entanglement", "entangler", "rotations"),
    list(product(("linear", "circular", "full"), ("cx", "cz"), ("ry", "ry-rz", "rx-rz"))),
)
def test_starts_at_hartree_fock(entanglement, entangler, rotations, molecule):
    h = molecule("h3")
    ansatz = HardwareEfficient(3, rotations, entanglement, entangler, spread=0.0)
    circuit = ansatz.circuit(h)
    start = ansatz.start(h, np.random.default_rng(0))
    assert start.shape == (circuit.n_parameters,)
    assert circuit.n_parameters == 4 * 6 * len(rotations.split("-"))
    state = circuit_state(circuit, start)
    assert abs(state[0b001011]) == pytest.approx(1, abs=1e-12)
    pairs = {"linear": 5, "circular": 6, "full": 15}[entanglement]
    assert sum(g.name == entangler for g in circuit.gates) == 3 * pairs


def test_two_qubits_have_one_pair_even_in_a_circle():
    circuit = HardwareEfficient(1, entanglement="circular").over_reference(2, {0})
    assert [g.qubits for g in circuit.gates if g.name == "cz"] == [(0, 1)]


def test_start_is_small_random_and_seeded(molecule):
    h = molecule("h2")
    ansatz = HardwareEfficient(layers=50, spread=0.1)
    draws = [ansatz.start(h, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert np.std(draws[0]) == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": -1}, "layers"),
        ({"rotations": "rz"}, "rotations"),
        ({"entanglement": "ring"}, "entanglement"),
        ({"entangler": "swap"}, "entangler"),
        ({"spread": float("nan")}, "spread"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        HardwareEfficient(**options)

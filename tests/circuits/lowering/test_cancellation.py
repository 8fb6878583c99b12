import numpy as np
import pytest

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.lowering.cancellation import cancel_inverses
from qvopt_circuits.matrices import circuit_unitary


@pytest.mark.parametrize("seed", range(30))
def test_keeps_the_unitary_and_finds_pairs(seed, random_circuit):
    rng = np.random.default_rng(seed)
    names = ("cx", "cz", "h", "s", "sdg", "x", "t", "tdg", "swap", "rz", "single-excitation")
    circuit = random_circuit(rng, 3, 40, names)
    shorter = Circuit(3, tuple(cancel_inverses(circuit.gates)), 3)
    x = rng.normal(size=3)
    np.testing.assert_allclose(circuit_unitary(shorter, x), circuit_unitary(circuit, x), atol=1e-12)


def test_cancels_past_commuting_gates_only():
    cx, turn = Gate("cx", (0, 1)), Gate("rz", (0,), Angle(0))
    assert cancel_inverses([cx, turn, cx]) == [turn]
    blocked = [cx, Gate("rz", (1,), Angle(0)), cx]
    assert cancel_inverses(blocked) == blocked
    assert cancel_inverses([Gate("cz", (0, 1)), Gate("cz", (1, 0))]) == []
    assert cancel_inverses([cx, Gate("cx", (1, 0))]) == [cx, Gate("cx", (1, 0))]
    assert cancel_inverses([Gate("s", (0,)), turn, Gate("sdg", (0,))]) == [turn]
    same = [turn, turn]  # parametric: never cancelled
    assert cancel_inverses(same) == same


def test_a_circuit_and_its_inverse_vanish(random_circuit):
    rng = np.random.default_rng(3)
    circuit = random_circuit(rng, 4, 30).bind(np.zeros(3))
    assert cancel_inverses(circuit.then(circuit.inverse()).gates) == []

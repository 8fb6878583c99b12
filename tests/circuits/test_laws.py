"""Laws that hold for every circuit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import EXCITATIONS, FIXED, PHASES, ROTATIONS, Angle, Gate
from qvopt_circuits.lowering.elementary import decompose
from qvopt_circuits.matrices import apply_gate, circuit_state, circuit_unitary

WIDTHS = {**FIXED, **ROTATIONS, **EXCITATIONS, **PHASES}
N = 5
numbers = st.floats(-4, 4, allow_nan=False)


@st.composite
def gates(draw, names=tuple(WIDTHS)):
    name = draw(st.sampled_from(names))
    width = WIDTHS[name] or draw(st.integers(1, N))
    qubits = tuple(draw(st.permutations(range(N)))[:width])
    angle = None
    if name not in FIXED:
        angle = Angle(draw(st.none() | st.integers(0, 2)), draw(numbers), draw(numbers))
    letters = "".join(draw(st.sampled_from("XYZ")) for _ in qubits)
    return Gate(name, qubits, angle, letters if name == "pauli-rotation" else "")


def circuits(**options):
    return st.lists(gates(**options), max_size=12).map(lambda g: Circuit(N, tuple(g), 3))


points = st.lists(numbers, min_size=3, max_size=3).map(np.array)
laws = settings(max_examples=30, deadline=None, derandomize=True)


@laws
@given(circuits(), points)
def test_norm_is_kept(circuit, x):
    assert np.linalg.norm(circuit_state(circuit, x)) == pytest.approx(1, abs=1e-12)


@laws
@given(circuits(names=(*EXCITATIONS, *PHASES)), points, st.integers(0, 2**N - 1))
def test_excitations_keep_the_particle_number(circuit, x, start):
    state = np.zeros((2**N, 1), dtype=complex)
    state[start] = 1
    for gate in circuit.gates:
        assert gate.conserves_number
        state = apply_gate(gate, gate.angle(x), state)
    counts = np.bitwise_count(np.arange(2**N))
    assert not state[counts != int(start).bit_count()].any()


@laws
@given(gates(), numbers)
def test_a_gate_and_its_inverse(gate, value):
    circuit = Circuit(N, (gate,), 3)
    x = np.full(3, value)
    both = circuit.then(circuit.inverse())
    np.testing.assert_allclose(circuit_unitary(both, x), np.eye(2**N), atol=1e-12)


@laws
@given(circuits(), points)
def test_a_circuit_and_its_inverse(circuit, x):
    inverse = circuit_unitary(circuit.inverse(), x)
    np.testing.assert_allclose(inverse, circuit_unitary(circuit, x).conj().T, atol=1e-12)
    assert circuit.inverse().inverse() == circuit


@laws
@given(circuits(), points, st.data())
def test_binding_agrees_with_angles_and_shifts(circuit, x, data):
    positions = circuit.parametric
    angles = circuit.angles(x)
    assert angles.shape == (len(positions),)
    shifts = ()
    if positions:
        k = data.draw(st.integers(0, len(positions) - 1))
        shifts = ((k, data.draw(numbers)), (k, data.draw(numbers)))
    bound = circuit.bind(x, shifts)
    assert bound.n_parameters == 0
    assert not bound.parametric
    expected = angles.copy()
    for k, delta in shifts:
        expected[k] += delta
    found = [bound.gates[p].angle.offset for p in positions]
    np.testing.assert_allclose(found, expected, atol=1e-13)
    others = set(range(len(circuit.gates))) - set(positions)
    assert all(bound.gates[p] == circuit.gates[p] for p in others)


@laws
@given(circuits(), points, st.integers(0, 10**6))
def test_pull_back_is_the_chain_rule(circuit, x, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=len(circuit.parametric))

    def value(y):
        return np.sin(circuit.angles(y)) @ weights

    step = 1e-6
    numeric = [(value(x + step * e) - value(x - step * e)) / (2 * step) for e in np.eye(3)]
    exact = circuit.pull_back(np.cos(circuit.angles(x)) * weights)
    np.testing.assert_allclose(exact, numeric, atol=1e-6)


@laws
@given(circuits(), points)
def test_decomposition_keeps_the_unitary(circuit, x):
    elementary = decompose(circuit)
    assert all(len(gate.qubits) <= 2 and gate.name not in EXCITATIONS for gate in elementary.gates)
    np.testing.assert_allclose(
        circuit_unitary(elementary, x), circuit_unitary(circuit, x), atol=1e-11
    )

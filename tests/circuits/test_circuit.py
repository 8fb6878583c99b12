import numpy as np
import pytest

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_molecules.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cnot", (0, 1)), "unknown gate 'cnot'"),
        (("cx", (0,)), "acts on 2 qubits"),
        (("cx", (1, 1)), "distinct qubits"),
        (("x", (-1,)), "distinct qubits from 0"),
        (("x", (0,), Angle(0)), "takes no angle"),
        (("ry", (0,)), "needs angle"),
        (("double-excitation", (0, 1, 2), Angle(0)), "acts on 4 qubits"),
        (("pauli-rotation", (0, 1), Angle(0), "XI"), "X, Y or Z"),
        (("pauli-rotation", (), Angle(0), ""), "acts on 0 qubits"),
        (("rx", (0,), Angle(0), "X"), "for a pauli-rotation only"),
    ],
)
def test_impossible_gates_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Gate(*arguments)


def test_impossible_circuits_are_refused():
    with pytest.raises(InputError, match="leaves 2 qubits"):
        Circuit(2, (Gate("x", (2,)),), 0)
    with pytest.raises(InputError, match="uses parameter 1, but the circuit has 1"):
        Circuit(2, (Gate("ry", (0,), Angle(1)),), 1)
    with pytest.raises(InputError, match="cannot join"):
        Circuit(2, (), 0).then(Circuit(3, (), 0))
    with pytest.raises(InputError, match=r"shape \(1,\), got \(2,\)"):
        Circuit(2, (Gate("ry", (0,), Angle(0)),), 1).angles(np.zeros(2))


def test_frequencies_are_those_of_the_energy_in_the_gates_angle(random_circuit):
    """Sampled over 4π, the energy has no other harmonic of θ/2 than those named."""
    from qvopt_circuits.matrices import apply_gate

    rng = np.random.default_rng(8)
    h = rng.normal(size=(16, 16)) + 1j * rng.normal(size=(16, 16))
    h += h.conj().T
    state = rng.normal(size=(16, 1)) + 1j * rng.normal(size=(16, 1))
    for gate in (
        Gate("ry", (1,), Angle(0)),
        Gate("pauli-rotation", (0, 2, 3), Angle(0), "XYZ"),
        Gate("single-excitation", (3, 0), Angle(0)),
        Gate("double-excitation", (0, 2, 1, 3), Angle(0)),
    ):
        energies = []
        for theta in 4 * np.pi * np.arange(16) / 16:
            out = apply_gate(gate, theta, state)
            energies.append((out.conj().T @ h @ out).real.item())
        harmonics = np.abs(np.fft.rfft(energies))[1:] > 1e-9
        assert tuple((1 + np.flatnonzero(harmonics)) / 2) == gate.frequencies


def test_prints_its_sizes():
    circuit = Circuit(2, (Gate("x", (0,)), Gate("ry", (0,), Angle(0)), Gate("x", (1,))), 1)
    assert str(circuit) == "2 qubits, 1 parameters, 2 x, 1 ry"
    assert str(Circuit(1, (), 0)) == "1 qubits, 0 parameters, no gates"

"""The text is read back by Qiskit's own OpenQASM 3 reader."""

import re

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.quantum_info import Operator

from qvopt_circuits.lowering.openqasm import to_openqasm3
from qvopt_circuits.matrices import circuit_unitary

ANGLE = re.compile(r"\((-?[\d.e+-]+)\*x_(\d+)(?: ([+-]) ([\d.e+-]+))?\)")


def with_values(program: str, x: np.ndarray) -> str:
    """Put numbers for inputs, which Qiskit's reader does not take yet."""

    def value(match: re.Match[str]) -> str:
        coefficient, index, sign, offset = match.groups()
        shift = float(f"{sign}{offset}") if sign else 0.0
        return f"({float(coefficient) * float(x[int(index)]) + shift!r})"

    body = re.sub(r"input float\[64\] x_\d+;\n", "", program)
    return ANGLE.sub(value, body)


def read_back(program: str) -> np.ndarray:
    with pytest.warns(UserWarning, match="experimental"):
        return Operator(qasm3.loads_experimental(program)).data


@pytest.mark.parametrize("seed", range(5))
def test_reads_back_to_the_same_unitary(seed, random_circuit):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, 5, 20)
    x = rng.normal(size=3)
    expected = circuit_unitary(circuit, x)
    np.testing.assert_allclose(read_back(to_openqasm3(circuit.bind(x))), expected, atol=1e-12)
    program = to_openqasm3(circuit)
    assert program.count("input float[64] x_") == 3
    np.testing.assert_allclose(read_back(with_values(program, x)), expected, atol=1e-12)

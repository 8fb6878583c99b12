"""Circuits as OpenQASM 3 text."""

from __future__ import annotations

from ..circuit import Circuit
from ..gates import Angle
from .elementary import decompose
from .jordan_wigner_strings import scaled


def to_openqasm3(circuit: Circuit) -> str:
    """Return an OpenQASM 3 program of `stdgates.inc` gates on a register `q`.

    Parameters are `input float[64]` variables x_0, x_1, …; angles are affine expressions of them,
    with numbers that read back to the same float64. Bind the circuit first for a program without
    inputs.

    Source of the language: Cross et al., arXiv:2104.14722.

    >>> from qvopt_circuits.gates import Gate
    >>> print(to_openqasm3(Circuit(2, (Gate("h", (0,)), Gate("ry", (1,), Angle(0, 2.0))), 1)))
    OPENQASM 3.0;
    include "stdgates.inc";
    input float[64] x_0;
    qubit[2] q;
    h q[0];
    ry(2.0*x_0) q[1];
    <BLANKLINE>
    """
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    lines += [f"input float[64] x_{k};" for k in range(circuit.n_parameters)]
    lines.append(f"qubit[{circuit.n_qubits}] q;")
    for gate in decompose(circuit).gates:
        name, angle = gate.name, gate.angle
        if name == "number-phase":  # p(λ) multiplies by exp(+iλ)
            name, angle = "p", scaled(angle, -1.0)
        text = "" if angle is None else f"({_expression(angle)})"
        operands = ", ".join(f"q[{q}]" for q in gate.qubits)
        lines.append(f"{name}{text} {operands};")
    return "\n".join(lines) + "\n"


def _expression(angle: Angle) -> str:
    if angle.index is None:
        return repr(float(angle.offset))
    scaled = f"{float(angle.coefficient)!r}*x_{angle.index}"
    if angle.offset == 0:
        return scaled
    return f"{scaled} {'-' if angle.offset < 0 else '+'} {abs(float(angle.offset))!r}"

"""Any Qiskit circuit as an ansatz."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qvopt_molecules.errors import InputError, shown

from ..circuit import Circuit
from ..electrons import x_gates_first
from ..gates import FIXED, Gate
from ..given import GivenCircuit
from .terms import Affine, rotations

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_SKIPPED = ("barrier", "delay", "id", "global_phase")
_PAULIS = {"rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "ZX"}
_DEEPEST = 20


def read_qiskit(circuit: QuantumCircuit, start: Any = ()) -> GivenCircuit:
    """Return an ansatz with the gates of a `qiskit.QuantumCircuit`, up to a global phase.

    Parameters are numbered as `circuit.parameters` lists them; `start` gives their first values.
    Qubit q is qubit q: with the Jordan-Wigner mapping, alpha orbital p is qubit p and beta orbital
    p is qubit norb + p. Gates that qvopt does not have are taken apart by their definitions.
    Final measurements are left out.

    Raises InputError for a gate that is not unitary, and for angles that are not affine in the
    parameters.
    """
    from qiskit import QuantumCircuit

    if not isinstance(circuit, QuantumCircuit):
        raise InputError(f"from_qiskit takes a QuantumCircuit, got {shown(circuit)}")
    plain = circuit.remove_final_measurements(inplace=False)
    order = {parameter: k for k, parameter in enumerate(circuit.parameters)}
    gates = _read(plain, order, tuple(range(plain.num_qubits)), 0)
    return GivenCircuit.of(Circuit(plain.num_qubits, x_gates_first(gates), len(order)), start)


def _read(circuit: Any, order: Any, qubits: tuple[int, ...], depth: int) -> list[Gate]:
    places = {bit: qubits[k] for k, bit in enumerate(circuit.qubits)}
    gates: list[Gate] = []
    for instruction in circuit.data:
        where = tuple(places[bit] for bit in instruction.qubits)
        if instruction.clbits:
            raise InputError(
                f"the Qiskit circuit's {instruction.operation.name} uses classical bits; an ansatz "
                f"holds unitary gates"
            )
        gates += _operation(instruction.operation, order, where, depth)
    return gates


def _operation(operation: Any, order: Any, where: tuple[int, ...], depth: int) -> list[Gate]:
    name = operation.name
    if name in _SKIPPED:
        return []
    if name in FIXED and not operation.params:
        return [Gate(name, where)]
    if name in ("sx", "sxdg"):
        return rotations("rx", where, Affine(offset=math.pi / 2 if name == "sx" else -math.pi / 2))
    if name in ("rx", "ry", "rz", "p", "u1"):
        angle = _affine(operation.params[0], order, name)
        return rotations("rz" if name in ("p", "u1") else name, where, angle)
    if name in _PAULIS:
        angle = _affine(operation.params[0], order, name)
        return rotations("pauli-rotation", where, angle, _PAULIS[name])
    if name in ("u", "u3"):
        theta, phi, lam = (_affine(p, order, name) for p in operation.params)
        return [
            *rotations("rz", where, lam), *rotations("ry", where, theta),
            *rotations("rz", where, phi),
        ]  # fmt: skip
    definition = getattr(operation, "definition", None)
    if definition is None or depth > _DEEPEST:
        raise InputError(
            f"the Qiskit circuit's {name} on {where} is no unitary gate that can be taken apart"
        )
    return _read(definition, order, where, depth + 1)


def _affine(value: Any, order: Any, name: str) -> Affine:
    parameters = getattr(value, "parameters", ())
    if not parameters:
        return Affine(offset=float(value))
    terms: dict[int, float] = {}
    for parameter in sorted(parameters, key=lambda p: order[p]):
        slope = value.gradient(parameter)
        if getattr(slope, "parameters", ()):
            raise InputError(
                f"the angle '{value}' of the Qiskit circuit's {name} is not affine in its "
                f"parameters; a shift rule needs coefficient · parameter + constant"
            )
        terms[order[parameter]] = float(slope)
    return Affine(terms, float(value.bind(dict.fromkeys(parameters, 0.0))))

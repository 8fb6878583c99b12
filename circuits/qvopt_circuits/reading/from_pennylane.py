"""Any PennyLane quantum function as an ansatz."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from qvopt_molecules.argument_checks import one_of, real_array
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, shown

from ..circuit import Circuit
from ..electrons import x_gates_first
from ..gates import Gate
from ..given import GivenCircuit
from .spin_order import blocked
from .terms import Affine, rotations

_FIXED = {
    "PauliX": "x", "PauliY": "y", "PauliZ": "z", "Hadamard": "h", "S": "s", "T": "t",
    "Adjoint(S)": "sdg", "Adjoint(T)": "tdg", "CNOT": "cx", "CZ": "cz", "SWAP": "swap",
}  # fmt: skip
_ROTATIONS = {"RX": "rx", "RY": "ry", "RZ": "rz", "PhaseShift": "rz", "U1": "rz"}
_PAULIS = {"IsingXX": "XX", "IsingYY": "YY", "IsingZZ": "ZZ"}
_SKIPPED = ("Identity", "Barrier", "GlobalPhase", "Snapshot", "WireCut")
_DEEPEST = 20


def read_pennylane(
    function: Callable[..., Any],
    start: Any,
    *,
    wires: Sequence[Any] | None = None,
    spin_order: Literal["blocked", "interleaved"] = "blocked",
) -> GivenCircuit:
    """Return an ansatz with the gates of a quantum function or QNode of one array of parameters.

    The function is called at n + 2 points to learn how its angles depend on its parameters. Gates
    that qvopt does not have are taken apart by their decompositions; single and double excitations,
    fermionic or not, stay whole, so that circuits of them run on the sector backend.

    Args:
        function: f(x); what it returns is left out.
        start: the point to start from, whose shape x has.
        wires: wires in the order of the qubits; None takes 0, 1, … where all are integers, and
            else the order in which they are used.
        spin_order: "blocked" has qubit p for alpha orbital p and norb + p for beta, as qvopt has.
            "interleaved" has wires 2p and 2p + 1, as `qml.qchem` has: they are renumbered, which
            excitations, Z rotations and X gates before them allow.

    Raises InputError for angles that are not affine in the parameters, and for gates that cannot
    be read.
    """
    import pennylane as qml

    function = getattr(function, "func", function)
    if not callable(function):
        raise InputError(f"from_pennylane takes a function or a QNode, got {shown(function)}")
    one_of(spin_order, "spin_order", ("blocked", "interleaved"))
    first = real_array(start, "start").reshape(np.shape(start))
    flat = first.reshape(-1)
    n = len(flat)

    def operations(x: FloatArray) -> list[Any]:
        try:
            script = qml.tape.make_qscript(function)(x.reshape(first.shape))
        except Exception as error:  # whatever a user's function raises
            detail = f"{type(error).__name__}: {error}"
            raise InputError(
                f"the quantum function fails for parameters of shape {first.shape}: {detail}"
            ) from error
        return _expanded(list(script.operations), 0)

    # At a point of no special values: at zero a decomposition may leave gates out.
    rng = np.random.default_rng(0)
    here, there = rng.uniform(0.5, 1.5, size=(2, n))
    base = operations(here)
    values = _angles(base)
    moved = [_angles_like(base, operations(here + step)) - values for step in np.eye(n)]
    slopes = np.round(np.array(moved).reshape(n, len(values)), 12)
    constant = np.round(values - here @ slopes, 12)
    error = _angles_like(base, operations(there)) - constant - there @ slopes
    if np.abs(error).max(initial=0.0) > 1e-8:
        raise InputError(
            "the angles of the PennyLane function are not affine in its parameters; a shift rule "
            "needs coefficient · parameter + constant"
        )
    places = _places(base, wires)
    gates: list[Gate] = []
    position = 0
    for operation in base:
        count = operation.num_params if operation.name not in _STATES else 0
        indices = [
            Affine({k: float(c) for k, c in enumerate(slopes[:, j]) if c}, float(constant[j]))
            for j in range(position, position + count)
        ]  # fmt: skip
        position += count
        gates += _gates(operation, indices, tuple(places[w] for w in operation.wires))
    if spin_order == "interleaved":
        gates = blocked(gates, len(places))
    return GivenCircuit.of(Circuit(len(places), x_gates_first(gates), n), flat)


_STATES = ("BasisState", "BasisEmbedding")


def _expanded(operations: list[Any], depth: int) -> list[Any]:
    """Take apart what is not known, again and again."""
    out: list[Any] = []
    for operation in operations:
        if operation.name in _SKIPPED:
            continue
        if _is_known(operation):
            out.append(operation)
        elif depth > _DEEPEST or not operation.has_decomposition:
            raise InputError(
                f"PennyLane's {operation.name} on wires {operation.wires.tolist()} is no unitary "
                f"gate that can be taken apart"
            )
        else:
            out += _expanded(operation.decomposition(), depth + 1)
    return out


def _is_known(operation: Any) -> bool:
    name = operation.name
    if name == "FermionicSingleExcitation":
        return _is_run(operation.wires)
    if name == "FermionicDoubleExcitation":
        return all(_is_run(w) for w in _halves(operation))
    return (
        name in (*_FIXED, *_ROTATIONS, *_PAULIS, *_STATES)
        or name in ("PauliRot", "MultiRZ", "SingleExcitation", "DoubleExcitation")
    )  # fmt: skip


def _halves(operation: Any) -> tuple[Any, Any]:
    """The wires of the occupied and of the empty orbitals of a fermionic double excitation."""
    first = operation.hyperparameters.get("wires1")
    second = operation.hyperparameters.get("wires2")
    return first, second


def _is_run(wires: Any) -> bool:
    """Whether wires are integers one after the other: then the string is the one between them."""
    labels = list(wires)
    return all(isinstance(w, int) for w in labels) and labels == list(
        range(labels[0], labels[0] + len(labels))
    )


def _angles(operations: list[Any]) -> FloatArray:
    values = [
        float(v)
        for o in operations
        if o.name not in _STATES
        for v in (o.data if o.num_params else ())
    ]
    return np.array(values, dtype=np.float64)


def _angles_like(base: list[Any], operations: list[Any]) -> FloatArray:
    """Angles of operations that must be the base's in all else."""
    same = len(base) == len(operations) and all(
        a.name == b.name and a.wires == b.wires for a, b in zip(base, operations, strict=True)
    )
    if not same:
        raise InputError("the PennyLane function has other gates at other parameters")
    return _angles(operations)


def _places(operations: list[Any], wires: Sequence[Any] | None) -> dict[Any, int]:
    used = list(dict.fromkeys(w for o in operations for w in o.wires))
    if wires is not None:
        missing = [w for w in used if w not in wires]
        if missing:
            raise InputError(f"the PennyLane function uses wire {missing[0]!r}, not in wires")
        return {w: k for k, w in enumerate(wires)}
    if all(isinstance(w, int) and w >= 0 for w in used):
        return {w: w for w in range(max(used, default=-1) + 1)}
    return {w: k for k, w in enumerate(used)}


def _gates(operation: Any, angles: list[Affine], where: tuple[int, ...]) -> list[Gate]:
    name = operation.name
    if name in _FIXED:
        return [Gate(_FIXED[name], where)]
    if name in _STATES:
        bits = np.asarray(operation.data[0]).reshape(-1)
        return [Gate("x", (q,)) for q, bit in zip(where, bits, strict=True) if bit]
    (angle,) = angles
    if name in _ROTATIONS:
        return rotations(_ROTATIONS[name], where, angle)
    if name in _PAULIS:
        return rotations("pauli-rotation", where, angle, _PAULIS[name])
    if name == "MultiRZ":
        return rotations("pauli-rotation", where, angle, "Z" * len(where))
    if name == "PauliRot":
        letters = operation.hyperparameters["pauli_word"]
        on = tuple(q for q, letter in zip(where, letters, strict=True) if letter != "I")
        return rotations("pauli-rotation", on, angle, letters.replace("I", "")) if on else []
    if name == "SingleExcitation":
        a, i = where
        return rotations("qubit-single-excitation", (i, a), angle)
    if name == "DoubleExcitation":
        a, b, i, j = where
        return rotations("qubit-double-excitation", (i, j, a, b), angle)
    if name == "FermionicSingleExcitation":
        return rotations("single-excitation", (where[0], where[-1]), angle)
    first = len(_halves(operation)[0])
    s, r, q, p = where[0], where[first - 1], where[first], where[-1]
    return rotations("double-excitation", (s, r, p, q), angle)

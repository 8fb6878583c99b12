"""Qubit operators of Qiskit, OpenFermion and PennyLane, and tables of Pauli strings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import SpinHamiltonian

from .terms import spin_hamiltonian

_STRING = re.compile(r"[IXYZ]+")
_LETTER = re.compile(r"([XYZ])_?(\d+)")


def from_table(table: Mapping[str, Any], label: str = "operator") -> SpinHamiltonian:
    """Return {"XXI": 0.5, …}: letter q acts on qubit q; or {"X0 Z3": 0.5, "": 1.0, …}.

    Raises InputError for strings of several lengths, and for other letters.
    """
    full = [key for key in table if _STRING.fullmatch(key.strip())]
    lengths = sorted({len(key.strip()) for key in full})
    if len(lengths) > 1:
        raise InputError(
            f"Pauli strings must have one length, got {lengths[0]} and {lengths[-1]} letters"
        )
    terms = [(letters_of(key), value) for key, value in table.items()]
    return spin_hamiltonian(terms, lengths[0] if lengths else 0, label=label)


def letters_of(text: str) -> dict[int, str]:
    """Return the letters by qubit of "XIZ" or "X0 Z2"; empty text is the identity."""
    words = text.split()
    if len(words) == 1 and _STRING.fullmatch(words[0]):
        return {q: letter for q, letter in enumerate(words[0]) if letter != "I"}
    letters: dict[int, str] = {}
    for word in words:
        match = _LETTER.fullmatch(word)
        if match is None or int(match[2]) in letters:
            raise InputError(
                f"'{text[:40]}' is no Pauli string; write XIZ (letter q acts on qubit q) or X0 Z2"
            )
        letters[int(match[2])] = match[1]
    return letters


def is_table(value: Any) -> bool:
    """Whether a mapping's keys are Pauli strings."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(
            isinstance(key, str)
            and (_STRING.fullmatch(key) or all(_LETTER.fullmatch(w) for w in key.split()))
            for key in value
        )
    )


def from_qiskit(operator: Any) -> SpinHamiltonian:
    """Return a `SparsePauliOp`, `SparseObservable` or `Operator`; qubit q is qubit q."""
    from qiskit.quantum_info import Operator, SparseObservable, SparsePauliOp

    if isinstance(operator, SparseObservable):
        operator = SparsePauliOp.from_sparse_observable(operator)
    elif isinstance(operator, Operator):
        operator = SparsePauliOp.from_operator(operator)
    if not isinstance(operator, SparsePauliOp):
        raise InputError(
            f"a problem of Qiskit is a SparsePauliOp, SparseObservable or Operator, got "
            f"{type(operator).__name__}"
        )
    terms = [
        ({q: letter for q, letter in enumerate(reversed(label)) if letter != "I"}, coefficient)
        for label, coefficient in zip(operator.paulis.to_labels(), operator.coeffs, strict=True)
    ]
    return spin_hamiltonian(terms, int(operator.num_qubits), label="SparsePauliOp")


def from_openfermion(operator: Any) -> SpinHamiltonian:
    """Return a `QubitOperator`, or a fermionic operator under Jordan-Wigner.

    Modes are qubits in OpenFermion's own order: even ones alpha, odd ones beta.
    """
    name = type(operator).__name__
    if name != "QubitOperator":
        import openfermion

        try:
            operator = openfermion.jordan_wigner(operator)
        except (TypeError, ValueError):
            raise InputError(
                f"a problem of OpenFermion is a QubitOperator, FermionOperator or "
                f"InteractionOperator, got {name}"
            ) from None
    terms = [({int(q): str(p) for q, p in key}, c) for key, c in operator.terms.items()]
    return spin_hamiltonian(terms, label=name)


def from_pennylane(operator: Any) -> SpinHamiltonian:
    """Return any Hermitian PennyLane operator; whole-number wire w is qubit w.

    Wires with other labels are numbered in the operator's order.
    """
    import pennylane as qml

    name = type(operator).__name__
    if not isinstance(operator, qml.operation.Operator):
        raise InputError(f"a problem of PennyLane is an operator, got {name}")
    sentence = operator.pauli_rep
    if sentence is None:
        try:
            sentence = qml.pauli_decompose(
                qml.matrix(operator), wire_order=list(operator.wires), pauli=True
            )
        except Exception as error:  # whatever a library raises of an operator without a matrix
            raise InputError(f"PennyLane's {name} has no form in Pauli strings: {error}") from None
    place = wire_places(list(operator.wires))
    terms = [
        ({place[wire]: letter for wire, letter in word.items()}, coefficient)
        for word, coefficient in sentence.items()
    ]
    return spin_hamiltonian(terms, label=name)


def wire_places(wires: Sequence[Any]) -> dict[Any, int]:
    """Return the qubit of each wire: its number, or its place where wires have other labels."""
    if all(isinstance(wire, int) and wire >= 0 for wire in wires):
        return {wire: wire for wire in wires}
    return {wire: k for k, wire in enumerate(wires)}

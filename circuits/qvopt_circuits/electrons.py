"""Electrons of a circuit: those of its first determinant, where its gates conserve them."""

from __future__ import annotations

from collections.abc import Sequence

from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .gates import Gate


def x_gates_first(gates: Sequence[Gate]) -> tuple[Gate, ...]:
    """Return gates with the X gates to the front that nothing else precedes on their qubit.

    They commute with what was before them: libraries write gates of several qubits in any order.
    """
    touched: set[int] = set()
    first: list[Gate] = []
    rest: list[Gate] = []
    for gate in gates:
        if gate.name == "x" and gate.qubits[0] not in touched:
            first.append(gate)
        else:
            rest.append(gate)
            touched.update(gate.qubits)
    return (*first, *rest)


def check_electrons(circuit: Circuit, hamiltonian: MolecularHamiltonian) -> None:
    """Refuse X gates and then number-conserving ones that begin with other electrons.

    A circuit that does not conserve their number may reach any state, and is not checked.

    Raises InputError, with the remedy where the spin orbitals look interleaved.
    """
    gates = x_gates_first(circuit.gates)
    first = next((k for k, gate in enumerate(gates) if gate.name != "x"), len(gates))
    if not all(gate.conserves_number for gate in gates[first:]):
        return
    filled: set[int] = set()
    for gate in gates[:first]:
        filled ^= {gate.qubits[0]}
    norb = hamiltonian.norb
    electrons = (sum(q < norb for q in filled), sum(q >= norb for q in filled))
    if electrons == hamiltonian.electrons:
        return
    interleaved = (sum(q % 2 == 0 for q in filled), sum(q % 2 == 1 for q in filled))
    order = f"alpha orbital p is qubit p, beta orbital p is qubit {norb} + p"
    remedy = (
        f"spin orbitals seem to be interleaved: a PennyLane function is read with "
        f"from_pennylane(function, start, spin_order='interleaved'), and elsewhere {order}"
        if interleaved == hamiltonian.electrons and circuit.n_qubits <= 2 * norb
        else f"{order}: put X gates there first"
    )
    raise InputError(
        f"the circuit starts with {electrons[0]} alpha and {electrons[1]} beta electrons, and "
        f"{hamiltonian.label or 'the problem'} has {hamiltonian.n_alpha} and "
        f"{hamiltonian.n_beta}; {remedy}"
    )

"""What a circuit over Jordan-Wigner qubits conserves: electron numbers, and parities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .circuit import Circuit
from .gates import EXCITATIONS, Gate


def is_number_conserving(circuit: Circuit) -> bool:
    """Whether the circuit is X gates, then gates that conserve the electrons of each spin."""
    norb = circuit.n_qubits // 2
    return all(
        gate.conserves_number and (gate.is_diagonal or _conserves_spin(gate, norb))
        for gate in circuit.gates[reference_length(circuit) :]
    )


def reference_length(circuit: Circuit) -> int:
    """Number of X gates that the circuit begins with: its reference determinant."""
    names = (gate.name for gate in circuit.gates)
    return next((k for k, name in enumerate(names) if name != "x"), len(circuit.gates))


def conserved_parities(circuit: Circuit, symmetries: Sequence[int]) -> tuple[int, ...]:
    """Return independent products of symmetries that every gate after the reference conserves.

    Args:
        circuit: X gates, then others.
        symmetries: sets of qubits, as masks: Π Z over a set is a symmetry.

    Returns:
        Masks that are sums modulo 2 of those given, and have an even number of bits in common with
        the qubits that any gate flips. Gates without a simple flip count as flipping each of their
        qubits, so that a conserved parity may be missed, and none is claimed in error.
    """
    kept = list(symmetries)
    flips = {f for gate in circuit.gates[reference_length(circuit) :] for f in _flips(gate)}
    for flip in flips:
        odd = [mask for mask in kept if (mask & flip).bit_count() % 2]
        if odd:
            first, *rest = odd
            kept = [mask for mask in kept if mask not in odd] + [mask ^ first for mask in rest]
    return tuple(sorted(kept))


def _conserves_spin(excitation: Gate, norb: int) -> bool:
    half = len(excitation.qubits) // 2
    spins = [q >= norb for q in excitation.qubits]
    return sum(spins[:half]) == sum(spins[half:])


def _flips(gate: Gate) -> Iterable[int]:
    if gate.is_diagonal:
        return ()
    if gate.name in EXCITATIONS:
        return (sum(1 << q for q in gate.qubits),)
    if gate.paulis:
        pairs = zip(gate.qubits, gate.paulis, strict=True)
        return (sum(1 << q for q, letter in pairs if letter != "Z"),)
    return tuple(1 << q for q in gate.qubits)

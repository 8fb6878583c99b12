"""Jordan-Wigner circuits rewritten for the qubits of another fermion-to-qubit mapping.

Parity and Bravyi-Kitaev qubits are sums modulo 2 of Jordan-Wigner qubits, so Pauli strings go to
Pauli strings (Seeley, Richard and Love, arXiv:1208.5986). An excitation becomes rotations by two
or eight commuting strings that share its parameter: exact, no Trotter error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qvopt_molecules.encodings import (
    MAPPINGS,
    TAPERED,
    Encoding,
    encoded_string,
    encoding,
    encoding_of,
)
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import label

from .ansatz import Ansatz
from .circuit import Circuit
from .clusters import reference_gates
from .gates import EXCITATIONS, PHASES, ROTATIONS, Angle, Gate
from .given import GivenCircuit
from .hardware_efficient import HardwareEfficient
from .paulis import generator_strings


def map_circuit(circuit: Circuit, mapping: str, target: Encoding | None = None) -> Circuit:
    """Return a circuit that prepares the mapped state, up to a global phase.

    Takes X gates first (the reference determinant), then excitations, phases of occupations and
    Pauli rotations; for
    other gates there is nothing natural in another mapping, and they raise InputError, as do
    rotations that do not conserve the parities that the mapping relies on. `target` is the
    mapping's encoding, which for "jordan-wigner-tapered" depends on the Hamiltonian.
    """
    if mapping == "jordan-wigner":
        return circuit
    if target is None:
        target = encoding(mapping, circuit.n_qubits)
    gates = list(circuit.gates)
    start = next((k for k, gate in enumerate(gates) if gate.name != "x"), len(gates))
    occupations = 0
    for gate in gates[:start]:
        occupations ^= 1 << gate.qubits[0]
    reference = target.bits(occupations)
    n_qubits = circuit.n_qubits - len(target.dropped)
    ones = target.squeezed(reference)
    mapped = [Gate("x", (q,)) for q in range(n_qubits) if ones >> q & 1]
    for gate in gates[start:]:
        mapped += _mapped_rotations(gate, mapping, target, reference)
    return Circuit(n_qubits, tuple(mapped), circuit.n_parameters)


def in_mapping(ansatz: Ansatz, mapping: str) -> Ansatz:
    """Return the ansatz with circuits over the qubits of `mapping`.

    The hardware-efficient ansatz keeps its gates and starts from the mapped reference, and a given
    circuit is over the mapped qubits already; others are rewritten by `map_circuit`. Parameters
    mean the same and start the same.
    """
    if mapping not in (*MAPPINGS, TAPERED):
        raise unknown_name("mapping", mapping, (*MAPPINGS, TAPERED))
    if mapping == "jordan-wigner" or isinstance(ansatz, GivenCircuit):
        return ansatz
    if isinstance(ansatz, HardwareEfficient):
        return _MappedHardwareEfficient(ansatz, mapping)
    return _Mapped(ansatz, mapping)


@dataclass(frozen=True)
class _Mapped:
    ansatz: Ansatz
    mapping: str

    @property
    def name(self) -> str:
        return self.ansatz.name

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        circuit = self.ansatz.circuit(hamiltonian)
        return map_circuit(circuit, self.mapping, encoding_of(self.mapping, hamiltonian))

    def start(
        self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator
    ) -> npt.NDArray[np.float64]:
        return self.ansatz.start(hamiltonian, rng)


@dataclass(frozen=True)
class _MappedHardwareEfficient:
    ansatz: HardwareEfficient
    mapping: str

    @property
    def name(self) -> str:
        return self.ansatz.name

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        reference = Circuit(hamiltonian.n_qubits, tuple(reference_gates(hamiltonian)), 0)
        mapped = map_circuit(reference, self.mapping, encoding_of(self.mapping, hamiltonian))
        return self.ansatz.over_reference(mapped.n_qubits, {g.qubits[0] for g in mapped.gates})

    def start(
        self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator
    ) -> npt.NDArray[np.float64]:
        return self.ansatz.draw_start(self.circuit(hamiltonian).n_parameters, rng)


def _mapped_rotations(gate: Gate, mapping: str, target: Encoding, reference: int) -> list[Gate]:
    if gate.name in EXCITATIONS or gate.name in ROTATIONS or gate.name in PHASES:
        strings = generator_strings(gate)
    else:
        raise InputError(
            f"a {gate.name} gate after the reference cannot be mapped to {mapping} qubits; map "
            f"circuits of excitations and Pauli rotations, or use the jordan-wigner mapping"
        )
    constant = sum(1 << q for q in target.dropped)
    rotations = []
    for x, z, factor in strings:
        x, z, sign = encoded_string(x, z, target.rows)
        if x & constant:
            raise InputError(
                f"a {gate.name} gate on {gate.qubits} changes the parities that {mapping} takes as "
                f"constant; "
                + (
                    "leave out what the point group forbids (--set ansatz.point_group=true)"
                    if mapping.endswith("tapered")
                    else "use the parity mapping"
                )
            )
        if (z & constant & reference).bit_count() % 2:
            sign = -sign
        letters = label(target.squeezed(x), target.squeezed(z), len(target.rows))
        qubits = tuple(q for q, letter in enumerate(letters) if letter != "I")
        if not qubits:
            continue  # a constant: a global phase
        angle = gate.angle or Angle()
        scale = factor * sign
        angle = replace(angle, coefficient=angle.coefficient * scale, offset=angle.offset * scale)
        rotations.append(Gate("pauli-rotation", qubits, angle, letters.replace("I", "")))
    return rotations

"""What a job runs: circuits, rows of parameter values for each, and shots."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qvopt_molecules.arrays import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True, eq=False)
class Pub:
    """A circuit that ends in measuring qubit q into bit q of one register "meas", and its rows.

    `values` has shape (n_rows, n_parameters), in radians, columns in the order of
    `circuit.parameters`. A circuit without parameters has shape (n_rows, 0).

    With `observable`, {Z mask: coefficient}, the circuit ends without measurements and the
    provider's estimator returns Σ_k c_k ⟨Π_{q in mask_k} Z_q⟩, q being a qubit of the circuit
    (only where `Device.estimates` is set).
    """

    circuit: QuantumCircuit
    values: FloatArray
    observable: tuple[tuple[int, float], ...] | None = None

    @property
    def n_rows(self) -> int:
        """Circuits that it runs."""
        return len(self.values)

    @cached_property
    def n_bits(self) -> int:
        """Classical bits that a shot returns."""
        return int(self.circuit.num_clbits)

    def of_rows(self, rows: Sequence[int]) -> Pub:
        """The same circuit at some of the rows."""
        return replace(self, values=self.values[list(rows)])

    def bound(self) -> list[QuantumCircuit]:
        """Circuits with their parameters put in, one a row: for vendors that know no rows."""
        return [self.circuit.assign_parameters(row.tolist()) for row in self.values]


@dataclass(frozen=True, eq=False)
class JobSpec:
    """What one job runs: every row of every pub `shots` times.

    `seed` is for simulators: same spec and seed, same counts. So is `number`, that of its round,
    for noise that changes with time. Hardware looks at neither.
    """

    pubs: tuple[Pub, ...]
    shots: int
    seed: int = 0
    number: int = 0

    @property
    def n_circuits(self) -> int:
        """Rows of all pubs."""
        return sum(pub.n_rows for pub in self.pubs)

    @property
    def executions(self) -> int:
        """Shots of all rows."""
        return self.n_circuits * self.shots

    @property
    def estimates(self) -> bool:
        """Whether it asks for values of observables, and not for counts."""
        return bool(self.pubs) and self.pubs[0].observable is not None

    @property
    def rows(self) -> list[tuple[int, int]]:
        """Every row as (pub, row), in the order that vendors get them."""
        return [(i, r) for i, pub in enumerate(self.pubs) for r in range(pub.n_rows)]

    def of_rows(self, rows: Sequence[tuple[int, int]]) -> JobSpec:
        """The job of some rows, given as (pub, row), in their order."""
        parts = {i: [r for pub, r in rows if pub == i] for i in range(len(self.pubs))}
        pubs = tuple(self.pubs[i].of_rows(part) for i, part in parts.items() if part)
        return replace(self, pubs=pubs)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of circuits, values and shots."""
        digest = hashlib.sha256()
        for pub in self.pubs:
            digest.update(describe_circuit(pub.circuit).encode())
            digest.update(np.ascontiguousarray(pub.values, dtype="<f8").tobytes())
            digest.update(repr((pub.values.shape, pub.observable)).encode())
        digest.update(str(self.shots).encode())
        return digest.hexdigest()


def describe_circuit(circuit: QuantumCircuit) -> str:
    """Name, parameters and bits of every instruction, a line each: equal text, equal circuit."""
    lines = [f"{circuit.num_qubits} {circuit.num_clbits} {[p.name for p in circuit.parameters]}"]
    for step in circuit.data:
        qubits = [circuit.find_bit(q).index for q in step.qubits]
        clbits = [circuit.find_bit(c).index for c in step.clbits]
        lines.append(
            f"{step.operation.name} {list(map(str, step.operation.params))} {qubits} {clbits}"
        )
    return "\n".join(lines)

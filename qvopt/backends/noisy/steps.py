"""Lowered Qiskit circuits as steps: noisy channels of one and two qubits, and readouts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .channels import Channels, UnreadError, gate_matrix
from .transfer import rotations, transfer_matrix

_AXES: Final = {"rx": "X", "ry": "Y", "rz": "Z", "p": "Z", "u1": "Z"}
"""Gates whose angle may depend on parameters, and the Pauli they rotate about."""


@dataclass(frozen=True, eq=False)
class Step:
    """A gate with its noise.

    Attributes:
        key: equal for equal steps.
        qubits: one or two.
        matrix: transfer matrix of all of it; of the noise alone where the gate has an angle; None
            where that gate has no noise.
        axis: what a gate with an angle rotates about; "" for a gate without.
        slopes, offset: angle = slopes · parameters + offset.
    """

    key: tuple[Any, ...]
    qubits: tuple[int, ...]
    matrix: FloatArray | None
    axis: str = ""
    slopes: FloatArray | None = None
    offset: float = 0.0

    def matrices(self, parameters: FloatArray) -> FloatArray:
        """Return the transfer matrices at rows of parameters; one for all where they agree."""
        if self.slopes is None:
            assert self.matrix is not None
            return self.matrix[None]
        turned = rotations(self.axis, parameters @ self.slopes + self.offset)
        return turned if self.matrix is None else self.matrix @ turned


@dataclass(frozen=True, eq=False)
class NoisyCircuit:
    """Steps in order, and the qubit that each bit of an outcome is read on, with its confusion."""

    steps: tuple[Step, ...]
    read_on: tuple[int, ...]
    confusions: tuple[FloatArray, ...]


def read_circuit(circuit: Any, channels: Channels, n_parameters: int) -> NoisyCircuit:
    """Read a lowered circuit over a vector of parameters.

    Raises UnreadError for what is no step.
    """
    qubit_of = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    bit_of = {bit: k for k, bit in enumerate(circuit.clbits)}
    read_on: dict[int, int] = {}
    steps = []
    for instruction in circuit.data:
        operation = instruction.operation
        qubits = tuple(qubit_of[q] for q in instruction.qubits)
        if operation.name == "barrier":
            continue
        if set(qubits) & set(read_on.values()):
            raise UnreadError("gates after a measurement")
        if operation.name == "measure":
            read_on[bit_of[instruction.clbits[0]]] = qubits[0]
            continue
        steps.append(_step(operation, qubits, channels, n_parameters))
    if sorted(read_on) != list(range(len(circuit.clbits))):
        raise UnreadError("bits that no qubit is read into")
    bits = tuple(read_on[k] for k in range(len(read_on)))
    return NoisyCircuit(tuple(steps), bits, tuple(channels.confusion(q) for q in bits))


def _step(operation: Any, qubits: tuple[int, ...], channels: Channels, n_parameters: int) -> Step:
    name = operation.name
    if len(qubits) > 2 or getattr(operation, "condition", None) is not None:
        raise UnreadError(f"the operation {name}")
    if operation.label not in (None, name):
        raise UnreadError("a gate with a label, which may have noise of its own")
    error = channels.error(name, qubits)
    free = [p for p in operation.params if getattr(p, "parameters", None)]
    if not free:
        values = tuple(float(p) for p in operation.params)
        ideal = _ideal(name, values)
        matrix = ideal if error is None else error @ ideal
        return Step((name, qubits, values), qubits, matrix)
    if name not in _AXES or len(operation.params) != 1:
        raise UnreadError(f"the operation {name} with free parameters")
    slopes, offset = _affine(free[0], n_parameters)
    key = (name, qubits, slopes.tobytes(), offset)
    return Step(key, qubits, error, _AXES[name], slopes, offset)


@lru_cache(maxsize=1024)
def _ideal(name: str, values: tuple[float, ...]) -> FloatArray:
    """The transfer matrix of a gate without noise; looking one up in Qiskit takes milliseconds."""
    matrix = transfer_matrix([gate_matrix(name, values)])
    matrix.flags.writeable = False
    return matrix


def _affine(expression: Any, n_parameters: int) -> tuple[FloatArray, float]:
    """Slopes and offset of an expression in parameters, by their index."""
    free = list(expression.parameters)
    slopes = np.zeros(n_parameters)
    offset = float(expression.bind(dict.fromkeys(free, 0.0)))
    for parameter in free:
        at = dict.fromkeys(free, 0.0)
        slope = float(expression.bind({**at, parameter: 1.0})) - offset
        if abs(float(expression.bind({**at, parameter: 2.0})) - offset - 2 * slope) > 1e-12:
            raise UnreadError("an angle that is not linear in its parameters")
        slopes[parameter.index] = slope
    return slopes, offset


def split_common(
    circuits: Sequence[NoisyCircuit],
) -> tuple[tuple[Step, ...], list[tuple[Step, ...]]]:
    """Return the steps that all circuits begin with, qubit by qubit, and what is left of each."""
    if len(circuits) == 1:
        return (), [circuits[0].steps]
    queues: list[dict[int, deque[Step]]] = []
    for circuit in circuits:
        queue: dict[int, deque[Step]] = {}
        for step in circuit.steps:
            for qubit in step.qubits:
                queue.setdefault(qubit, deque()).append(step)
        queues.append(queue)
    common: list[Step] = []
    taken: list[set[int]] = [set() for _ in circuits]
    closed: set[int] = set()  # qubits on which the circuits differ from here on
    for step in circuits[0].steps:
        heads = [_head(queue, step) for queue in queues]
        if closed.intersection(step.qubits) or any(h is None for h in heads):
            closed.update(step.qubits)
            continue
        common.append(step)
        for queue, head, used in zip(queues, heads, taken, strict=True):
            used.add(id(head))
            for qubit in step.qubits:
                queue[qubit].popleft()
    rest = [
        tuple(s for s in circuit.steps if id(s) not in used)
        for circuit, used in zip(circuits, taken, strict=True)
    ]
    return tuple(common), rest


def _head(queue: dict[int, deque[Step]], step: Step) -> Step | None:
    """The step that is next on all qubits of `step`, if it equals it."""
    heads = [queue[q][0] if queue.get(q) else None for q in step.qubits]
    first = heads[0]
    if first is None or any(h is not first for h in heads) or first.key != step.key:
        return None
    return first

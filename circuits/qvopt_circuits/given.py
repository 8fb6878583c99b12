"""An ansatz that is given gate by gate: what other libraries' circuits become.

A gate is a line of text, its name, its qubits and its angle:

    x 0
    ry 1 2.0*x0+0.5
    pauli-rotation:XY 0 1 x3
    double-excitation 0 2 1 3 -0.25

so that an experiment file holds the whole circuit, and a run can be resumed without the program
that made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.spins import SpinHamiltonian

from .ansatz import Preparation
from .circuit import Circuit
from .gates import Angle, Gate

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ANGLE = re.compile(rf"(?:(?P<c>{_NUMBER})\*)?(?P<minus>-?)x(?P<k>\d{{1,6}})(?P<b>[-+]{_NUMBER})?")
_CONSTANT = re.compile(_NUMBER)


@dataclass(frozen=True)
class GivenCircuit:
    """A circuit over the qubits of the experiment's mapping, as lines of gates.

    `from_qiskit` and `from_pennylane` make one of other libraries' circuits, `of` of ours.

    Attributes:
        gates: the lines, first gate first, on qubits that begin as 0.
        start_point: where to start, one number a parameter; zeros if it is empty.
        n_qubits: width; 0 takes the Hamiltonian's spin orbitals.
    """

    gates: tuple[str, ...] = ()
    start_point: tuple[float, ...] = ()
    n_qubits: int = 0

    def __post_init__(self) -> None:
        count = self._parsed(24).n_parameters if self.gates else 0
        if self.start_point and len(self.start_point) != count:
            raise InputError(
                f"start_point must have {count} numbers, one a parameter of the gates, got "
                f"{len(self.start_point)}"
            )

    @classmethod
    def of(cls, circuit: Circuit, start: Any = ()) -> GivenCircuit:
        """Return the ansatz of a circuit of ours."""
        lines = tuple(_line(gate) for gate in circuit.gates)
        return cls(lines, tuple(float(v) for v in np.ravel(start)), circuit.n_qubits)

    @property
    def name(self) -> str:
        """The name users give."""
        return "circuit"

    def circuit(self, hamiltonian: MolecularHamiltonian) -> Circuit:
        """Return the circuit. Raises InputError where there are no gates or too few qubits."""
        return self.over(hamiltonian.n_qubits)

    def over(self, n_qubits: int) -> Circuit:
        """Return the circuit on at least `n_qubits` qubits, or on as many as were given."""
        if not self.gates:
            raise InputError(
                "ansatz circuit needs its gates: ansatz.gates = ['x 0', 'ry 1 2.0*x0', …], or "
                "from_qiskit(…) and from_pennylane(…) in Python"
            )
        return self._parsed(self.n_qubits or n_qubits)

    def start(self, hamiltonian: MolecularHamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return the start point; nothing is drawn from `rng`."""
        return self.start_of(rng)

    def over_spins(self, hamiltonian: SpinHamiltonian) -> Preparation:
        """Return the circuit as it is, on the qubits of the spins."""
        return Preparation(self.over(hamiltonian.n_qubits), self.start_of)

    def start_of(self, rng: np.random.Generator) -> FloatArray:
        """Return the start point, for any Hamiltonian."""
        if self.start_point:
            return np.array(self.start_point, dtype=np.float64)
        return np.zeros(self.over(1).n_parameters)

    def _parsed(self, n_qubits: int) -> Circuit:
        gates = tuple(_gate(line) for line in self.gates)
        used = [g.angle.index for g in gates if g.angle is not None and g.angle.index is not None]
        widest = max(max(g.qubits) for g in gates) + 1
        return Circuit(max(n_qubits, 0 if self.n_qubits else widest), gates, max([-1, *used]) + 1)


def _line(gate: Gate) -> str:
    words = [f"{gate.name}:{gate.paulis}" if gate.paulis else gate.name, *map(str, gate.qubits)]
    if gate.angle is not None:
        a = gate.angle
        c, b = float(a.coefficient), float(a.offset)
        if a.index is None:
            words.append(repr(b))
        else:
            scaled = f"x{a.index}" if c == 1 else f"{c!r}*x{a.index}"
            words.append(scaled if b == 0 else f"{scaled}{'' if b < 0 else '+'}{b!r}")
    return " ".join(words)


def _gate(line: str) -> Gate:
    head, *words = line.split()
    name, _, paulis = head.partition(":")
    digits = [w for w in words if w.isdecimal()]
    angle = None
    # A constant angle is written with a point or an exponent, or it would be a qubit.
    if len(digits) < len(words):
        if words[-1].isdecimal() or len(digits) != len(words) - 1:
            raise InputError(f"gate '{line[:60]}' is not a name, qubits and an angle")
        angle = _angle(words[-1], line)
    try:
        return Gate(name, tuple(int(w) for w in digits), angle, paulis)
    except InputError as error:
        raise InputError(f"gate '{line[:60]}': {error}") from None


def _angle(text: str, line: str) -> Angle:
    if _CONSTANT.fullmatch(text):
        return Angle(offset=float(text))
    match = _ANGLE.fullmatch(text)
    if match is None or (match["c"] and match["minus"]):
        raise InputError(
            f"gate '{line[:60]}': the angle '{text[:30]}' is not a number, x0 or 2.0*x0+0.5"
        )
    coefficient = float(match["c"] or 1.0) * (-1 if match["minus"] else 1)
    return Angle(int(match["k"]), coefficient, float(match["b"] or 0.0))

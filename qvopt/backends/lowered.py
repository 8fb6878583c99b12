"""The circuits of a problem in the gates of what runs them: lowered once, on one layout, and kept.

One circuit for each measurement group, with a free parameter for every parametric gate; U(second)†
U(first), which fidelities are read from; and the two circuits that calibrate the readout.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

from qvopt.measurement.basis_change import basis_change_circuit
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_molecules.arrays import FloatArray

from .batch import Point
from .checks import need_plan
from .compiled_size import CompiledSize
from .folding import fold_circuit, folded_scales
from .free_gates import by_gate
from .measured import qubit_of_bit
from .protocol import Problem


class Lower(Protocol):
    """Brings circuits into the gates of a device or a simulator.

    Args:
        name: of the circuits, the same in every process.
        circuits: Qiskit's, that end in measuring every qubit.
        literal: every gate stays, where others may be simplified.
        layout: the device's qubit of each qubit; None leaves the choice.
    """

    def __call__(
        self, name: str, circuits: list[Any], *, literal: bool, layout: Sequence[int] | None
    ) -> list[Any]:
        """Return one circuit for each."""
        ...


class LoweredCircuits:
    """Circuits of one problem, each lowered when it is first needed.

    Args:
        problem: circuit, plan and folding.
        lower: brings circuits into the gates.
        layout: the device's qubits; None lets the first group's circuit choose them.
        placed: whether the circuits' qubits are a device's, so that all must be on one layout.
    """

    def __init__(
        self,
        problem: Problem,
        lower: Lower,
        *,
        layout: Sequence[int] | None = None,
        placed: bool = True,
    ) -> None:
        self._problem, self._lower = problem, lower
        self._given, self._placed = layout, placed
        self.free: Circuit = by_gate(problem.circuit, 0)
        self._kept: dict[str, list[Any]] = {}
        self._folded: dict[tuple[int, float], Any] = {}
        self._reached: dict[tuple[float, ...], FloatArray] = {}

    @property
    def groups(self) -> list[Any]:
        """The circuit of each measurement group."""
        if "groups" not in self._kept:
            n = self._problem.circuit.n_qubits
            circuits = [
                _measured(self.free.then(basis_change_circuit(group, n)))
                for group in need_plan(self._problem).groups
            ]
            self._kept["groups"] = self._lower(
                "groups", circuits, literal=False, layout=self._given
            )
        return self._kept["groups"]

    @property
    def size(self) -> CompiledSize:
        """Of the groups' circuits."""
        return CompiledSize.of(self.groups)

    @property
    def layout(self) -> Sequence[int] | None:
        """Qubits that the groups' circuits start on; None where they are no device's."""
        if self._given is not None or not self._placed:
            return self._given
        layout = self.groups[0].layout
        if layout is None:
            return None
        return tuple(layout.initial_index_layout(filter_ancillas=True))

    @property
    def overlap(self) -> Any:
        """U(second)† U(first), its angles those of the first point and then of the second."""
        if "overlap" not in self._kept:
            circuit = self._problem.circuit
            back = by_gate(circuit, len(circuit.parametric)).inverse()
            # Literally: no rule may cancel U† against U.
            self._kept["overlap"] = self._lower(
                "overlap", [_measured(self.free.then(back))], literal=True, layout=self.layout
            )
        return self._kept["overlap"][0]

    @property
    def calibration(self) -> list[Any]:
        """All qubits that some group reads, in 0 and in 1: a router may have moved some."""
        if "calibration" not in self._kept:
            read = sorted({q for qubits in self._read_on for q in qubits})
            n, layout = len(read), None if self.layout is None else read
            circuits = [
                _measured(Circuit(n, tuple(Gate("x", (q,)) for q in prepared), 0))
                for prepared in ((), range(n))
            ]
            self._kept["calibration"] = self._lower(
                "calibration", circuits, literal=True, layout=layout
            )
        return self._kept["calibration"]

    def other(self, name: str, circuit: Circuit) -> Any:
        """A further circuit, all of its qubits measured, on the layout of the groups."""
        if name not in self._kept:
            self._kept[name] = self._lower(
                name, [_measured(circuit)], literal=False, layout=self.layout
            )
        return self._kept[name][0]

    def group(self, group: int, scale: float = 1.0) -> Any:
        """The circuit of a group with its noise amplified."""
        if scale == 1.0:
            return self.groups[group]
        if (group, scale) not in self._folded:
            circuit = fold_circuit(self.groups[group], scale, self._problem.folding)
            self._folded[group, scale] = circuit
        return self._folded[group, scale]

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """The device's qubit that each bit of a group's outcomes is read on."""
        return self._read_on[group]

    @cached_property
    def _read_on(self) -> list[tuple[int, ...]]:
        """The same of all groups; every round with a correction of the readout asks for it."""
        return [qubit_of_bit(circuit) for circuit in self.groups]

    def reached_scales(self, scales: Sequence[float]) -> FloatArray:
        """Amplifications that folding the groups' circuits reaches, shape (groups, scales)."""
        asked = tuple(scales)
        if asked not in self._reached:
            self._reached[asked] = folded_scales(self.groups, asked, self._problem.folding)
        return self._reached[asked]

    def angles(self, point: Point) -> tuple[float, ...]:
        """The angle of each parametric gate at a point."""
        circuit = self._problem.circuit
        angles = circuit.angles(point.x).copy()
        for k, delta in point.shifts:
            angles[k] += delta
        return tuple(float(a) for a in angles)


def _measured(circuit: Circuit) -> Any:
    measured = to_qiskit(circuit)
    measured.measure_all()
    return measured

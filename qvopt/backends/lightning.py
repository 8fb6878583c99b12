"""PennyLane devices: lightning.qubit, or any other that gives state vectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.lowering.pennylane_lowering import lowered_sign, to_pennylane
from qvopt_molecules.arrays import ComplexArray, FloatArray, IntArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum

from .batch import Point
from .checks import check_memory, check_widths, finite
from .protocol import Problem
from .statevector import StatevectorProgram
from .tape_template import TapeTemplate

_PACKAGES = {
    f"lightning.{kind}": f"pennylane-lightning-{kind}" for kind in ("kokkos", "gpu", "amdgpu")
}
"""Devices of PennyLane that come in packages of their own."""


class LightningBackend:
    """State vectors of a PennyLane device, for any circuit.

    Args:
        device: name of the device; it must support `qml.state`. lightning.kokkos (threads, MPI)
            and lightning.gpu (NVIDIA cards, MPI) take spaces that outgrow the usual one.
    """

    def __init__(self, device: str = "lightning.qubit") -> None:
        self.device = device

    @property
    def options(self) -> dict[str, Any]:
        """Nothing beside the name."""
        return {}

    @property
    def name(self) -> str:
        """The backend's name, with the device if it is not the usual one."""
        return "lightning" if self.device == "lightning.qubit" else f"lightning:{self.device}"

    def compile(self, problem: Problem) -> LightningProgram:
        """Check memory and widths and open the device."""
        check_widths(problem)
        check_memory(problem.circuit.n_qubits, 4, self.name)
        return LightningProgram(problem, self.device)


def from_pennylane_device(device: Any) -> LightningBackend:
    """Return the backend of a PennyLane device, by the device's name.

    Raises InputError for one with shots of its own.
    """
    name = str(getattr(device, "name", ""))
    if not name:
        raise InputError(f"a backend of PennyLane is a device, got {type(device).__name__}")
    if getattr(device, "shots", None):
        raise InputError(
            f"the device {name} has shots of its own; make it without, and give shots to the run"
        )
    return LightningBackend(name)


class LightningProgram(StatevectorProgram):
    """A problem on a PennyLane device."""

    def __init__(self, problem: Problem, device: str) -> None:
        import pennylane as qml

        super().__init__(problem)
        self._name = device
        try:
            self._device = qml.device(device, wires=problem.circuit.n_qubits)
        except Exception as error:  # PennyLane raises several kinds for unknown devices
            package = _PACKAGES.get(device)
            if package is not None and find_spec(package.replace("-", "_")) is None:
                raise InputError(
                    f"the device '{device}' is not installed; pip install {package}"
                ) from None
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"PennyLane cannot open the device '{device}': {reason}") from None
        self._adjoint = device.startswith("lightning.")
        self._operator: Any = None

    def states(self, points: Sequence[Point]) -> list[ComplexArray]:
        """State vectors at the points, by the device."""
        return [self._run_template(shifted_angles(self.circuit, p)) for p in points]

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Exact energy and gradient, by the device's adjoint method where it has one."""
        if not self._adjoint or not self.circuit.parametric:
            return super().gradient(x)
        import pennylane as qml
        from pennylane.devices import ExecutionConfig

        if self._operator is None:
            self._operator = pennylane_operator(self.problem.observable)
        operations = self._template.operations(self.circuit.angles(x))
        tape = qml.tape.QuantumScript(differentiable(operations, qml), [qml.expval(self._operator)])
        # Only gates have trainable angles here; constant ones are differentiated and left out.
        tape.trainable_params = list(range(len(self._varies)))
        energy, slopes = self._device.execute_and_compute_derivatives(
            [tape], ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
        )
        gates = np.asarray(slopes[0], dtype=np.float64).reshape(-1)[self._varies] * self._signs
        finite(gates, "lightning")
        return float(np.asarray(energy[0])), self.circuit.pull_back(gates)

    @cached_property
    def _signs(self) -> FloatArray:
        """How PennyLane's angle goes with ours, for each parametric gate."""
        return np.array([lowered_sign(self.circuit.gates[k]) for k in self.circuit.parametric])

    @property
    def _varies(self) -> npt.NDArray[np.bool_]:
        gates = self.circuit.gates
        return np.array([g.angle.index is not None for g in gates if g.angle is not None])

    def counts(
        self, circuits: Sequence[Circuit], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[dict[int, int]]:
        """Run circuits without parameters and count outcomes, bit q being qubit q."""
        rng = np.random.default_rng(seed)
        counts = []
        for circuit, n in zip(circuits, shots.tolist(), strict=True):
            p = np.square(np.abs(self._run(to_pennylane(circuit), circuit.n_qubits)))
            counted = rng.multinomial(n, p / p.sum())
            seen = np.flatnonzero(counted)
            counts.append(dict(zip(seen.tolist(), counted[seen].tolist(), strict=True)))
        return counts

    @cached_property
    def _template(self) -> TapeTemplate:
        return TapeTemplate(self.circuit)

    @cached_property
    def _runs_natively(self) -> bool:
        """Whether the device runs the circuit's operations as they are.

        Devices other than lightning's also need to be told their wires.
        """
        if not self._adjoint:
            return False
        import pennylane as qml

        angles = 0.1 + 0.01 * np.arange(len(self.circuit.parametric), dtype=np.float64)
        tape = qml.tape.QuantumScript(self._template.operations(angles), [qml.state()])
        tapes, _ = self._expanded(tape, self._device)
        return len(tapes) == 1 and [(o.name, o.wires) for o in tapes[0].operations] == [
            (o.name, o.wires) for o in tape.operations
        ]

    def _run_template(self, angles: FloatArray) -> ComplexArray:
        import pennylane as qml

        operations = self._template.operations(angles)
        if not self._runs_natively:
            return self._run(operations)
        tape = qml.tape.QuantumScript(operations, [qml.state()])
        state = np.asarray(self._device.execute([tape])[0])
        return finite(_reversed(state, self.circuit.n_qubits), "lightning")  # type: ignore[no-any-return]

    def _run(self, operations: list[Any], n_qubits: int | None = None) -> ComplexArray:
        import pennylane as qml

        n, device = self.circuit.n_qubits, self._device
        if n_qubits is not None and n_qubits != n:  # a Hadamard test has one qubit more
            n, device = n_qubits, qml.device(self._name, wires=n_qubits)
        tape = qml.tape.QuantumScript(operations, [qml.state()])
        (batch,), process = self._expanded(tape, device)
        state = np.asarray(process((device.execute([batch])[0],)))
        return finite(_reversed(state, n), "lightning")  # type: ignore[no-any-return]

    def _expanded(self, tape: Any, device: Any) -> Any:
        """Decompose what the device does not run natively."""
        program, _ = device.preprocess()
        tapes, process = program([tape])
        return tapes, lambda results: process(results)[0]


def shifted_angles(circuit: Circuit, point: Point) -> FloatArray:
    """Angles of the parametric gates at a point, single gates shifted."""
    angles = circuit.angles(point.x)
    for k, delta in point.shifts:
        angles[k] += delta
    return angles


def differentiable(operations: Sequence[Any], qml: Any) -> list[Any]:
    """Write PauliRot as MultiRZ between fixed gates; numbers and order of angles stay.

    The adjoint method of Lightning 0.45 has no generator for PauliRot and returns 0 for it.
    """
    out: list[Any] = []
    for operation in operations:
        if operation.name != "PauliRot":
            out.append(operation)
            continue
        enter: list[Any] = []
        leave: list[Any] = []
        for letter, q in zip(operation.hyperparameters["pauli_word"], operation.wires, strict=True):
            if letter == "Y":
                enter.append(qml.adjoint(qml.S(q)))
            if letter in "XY":
                enter.append(qml.Hadamard(q))
                leave.append(qml.Hadamard(q))
            if letter == "Y":
                leave.append(qml.S(q))
        out += [*enter, qml.MultiRZ(operation.data[0], wires=operation.wires), *leave]
    return out


def pennylane_operator(observable: PauliSum) -> Any:
    """The observable as a PennyLane operator on wires 0 … n - 1."""
    import pennylane as qml

    words = {}
    for label, c in observable:
        letters = {q: letter for q, letter in enumerate(label) if letter != "I"}
        words[qml.pauli.PauliWord(letters)] = c
    return qml.pauli.PauliSentence(words).operation(wire_order=range(observable.n_qubits))


def _reversed(state: ComplexArray, n_qubits: int) -> ComplexArray:
    """Exchange the order of qubits: PennyLane's first wire is the highest bit."""
    return np.ascontiguousarray(
        np.asarray(state, dtype=np.complex128)
        .reshape((2,) * n_qubits)
        .transpose(range(n_qubits)[::-1])
        .reshape(-1)
    )

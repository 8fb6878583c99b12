"""A few qubits of a device as a device of its own, with their real errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def used_qubits(circuit: Any) -> tuple[int, ...]:
    """Qubits that any gate or measurement acts on, in order."""
    used = {
        circuit.find_bit(q).index
        for step in circuit.data
        if step.operation.name not in ("barrier", "delay")
        for q in step.qubits
    }
    return tuple(sorted(used))


def cut_circuit(circuit: Any, qubits: Sequence[int]) -> Any:
    """The circuit on these qubits alone, numbered by their places; classical bits stay."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import QuantumRegister

    place = {q: k for k, q in enumerate(qubits)}
    register = QuantumRegister(len(qubits), "q")
    out = QuantumCircuit(register, *circuit.cregs)
    for step in circuit.data:
        kept = [circuit.find_bit(q).index for q in step.qubits]
        if step.operation.name in ("barrier", "delay"):
            kept = [q for q in kept if q in place]
            if not kept or step.operation.name == "delay":
                continue
            out.barrier([place[q] for q in kept])
            continue
        bits = [circuit.find_bit(c).index for c in step.clbits]
        out.append(step.operation, [place[q] for q in kept], bits)
    return out


def cut_device(backend: Any, qubits: Sequence[int]) -> Any:
    """Qubits of a BackendV2 as a BackendV2, with gates, errors, durations and coherence times."""
    from qiskit.transpiler import Target

    full = backend.target
    place = {q: k for k, q in enumerate(qubits)}
    properties = full.qubit_properties
    target = Target(
        num_qubits=len(qubits),
        dt=full.dt,
        granularity=full.granularity,
        min_length=full.min_length,
        pulse_alignment=full.pulse_alignment,
        acquire_alignment=full.acquire_alignment,
        qubit_properties=None if properties is None else [properties[q] for q in qubits],
    )
    for name in full.operation_names:
        operation = full.operation_from_name(name)
        if isinstance(operation, type):
            target.add_instruction(operation, name=name)
            continue
        places = {
            tuple(place[q] for q in qargs): calibration
            for qargs, calibration in full[name].items()
            if qargs is not None and all(q in place for q in qargs)
        }
        if places:
            target.add_instruction(operation, places, name=name)
    return _backend(target, f"{backend.name}[{','.join(map(str, qubits))}]")


def _backend(target: Any, name: str) -> Any:
    from qiskit.providers import BackendV2, Options

    class CutDevice(BackendV2):  # type: ignore[misc]
        """A part of a device."""

        def __init__(self) -> None:
            super().__init__(name=name)

        @property
        def target(self) -> Any:
            return target

        @property
        def max_circuits(self) -> None:
            return None

        @classmethod
        def _default_options(cls) -> Any:
            return Options()

        def run(self, run_input: Any, **options: Any) -> Any:
            raise NotImplementedError("it is simulated by Aer")

    return CutDevice()

"""Jobs of a snapshot whose errors drift: density matrices, with the noise of each job's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qvopt.backends.cutting import cut_circuit, used_qubits
from qvopt.backends.noisy import MAX_QUBITS, Channels, DriftingNoise, NoisySimulator
from qvopt.backends.recorded_devices import RecordedDevice

from .provider import JobResult, JobSpec, RefusedError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class Drift:
    """How errors change from job to job; see `DriftingNoise`."""

    strength: float
    jobs: float = 20.0
    seed: int = 0


class DriftingSnapshot:
    """Runs jobs on a recorded device with errors that drift.

    Args:
        device: the snapshot.
        drift: of its errors.
    """

    def __init__(self, device: RecordedDevice, drift: Drift) -> None:
        self._device, self._drift = device, drift
        self._noise: DriftingNoise | None = None
        self._cut: dict[int, tuple[QuantumCircuit, Any, dict[int, int]]] = {}

    def run(self, spec: JobSpec) -> JobResult:
        """Draw the counts of a job; the noise is that of its number."""
        source = np.random.SeedSequence(spec.seed)
        parts = []
        for pub, seed in zip(spec.pubs, source.spawn(len(spec.pubs)), strict=True):
            circuit, place = self._on_used_qubits(pub.circuit)
            channels = self._drifting().at(spec.number, place)
            simulator = NoisySimulator([circuit], channels, pub.values.shape[1])
            shots = np.full((pub.n_rows, 1), spec.shots, dtype=np.int64)
            counts = simulator.counts(pub.values, shots, seed)
            parts.append(tuple(row[0] for row in counts))
        return JobResult(tuple(parts))

    def _drifting(self) -> DriftingNoise:
        if self._noise is None:
            channels = Channels(self._device.noise_model())
            self._noise = DriftingNoise(
                channels, self._drift.strength, self._drift.jobs, self._drift.seed
            )
        return self._noise

    def _on_used_qubits(self, circuit: QuantumCircuit) -> tuple[Any, dict[int, int]]:
        """The circuit on the qubits that it uses, and where they are in it."""
        from qiskit.circuit import ParameterVector

        if id(circuit) not in self._cut:
            qubits = used_qubits(circuit)
            if len(qubits) > MAX_QUBITS:
                raise RefusedError(
                    f"{self._device.name}: drift is simulated on up to {MAX_QUBITS} qubits, and "
                    f"the circuit uses {len(qubits)}; leave drift out"
                )
            place = {q: k for k, q in enumerate(qubits)}
            cut = cut_circuit(circuit, qubits)
            angles = ParameterVector("a", len(cut.parameters))  # columns of the job's values
            cut.assign_parameters(dict(zip(cut.parameters, angles, strict=True)), inplace=True)
            self._cut[id(circuit)] = circuit, cut, place
        return self._cut[id(circuit)][1:]

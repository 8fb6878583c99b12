"""Circuits of a snapshot on few qubits: density matrices, with the noise of each job's time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qvopt.backends.cutting import cut_circuit, used_qubits
from qvopt.backends.noisy import MAX_QUBITS, Channels, DriftingNoise, NoisySimulator, UnreadError
from qvopt.backends.recorded_devices import RecordedDevice

from .provider import Pub, RefusedError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qvopt.backends.batch import Counts


class SnapshotNoise:
    """Draws the counts of circuits on a recorded device from their exact distributions.

    Args:
        device: the snapshot.
        drift: of its errors from job to job; None: they stay.
    """

    def __init__(self, device: RecordedDevice, drift: DriftingNoise | None = None) -> None:
        self._device, self._drift = device, drift
        self._calibrations: dict[tuple[int, ...], Channels] = {}
        self._cut: dict[int, tuple[QuantumCircuit, Any, tuple[int, ...]]] = {}
        self._simulators: dict[int, NoisySimulator | None] = {}

    def drawn(
        self, pub: Pub, shots: int, seed: np.random.SeedSequence, number: int
    ) -> tuple[Counts, ...] | None:
        """Draw the counts of each row of a circuit in the job of this number.

        Returns None for a circuit that is not covered: on more than eight qubits, or with delays,
        resets, or errors of more than two qubits. Raises RefusedError for it where errors drift.
        """
        simulator = self._simulator(pub, number)
        if simulator is None:
            return None
        asked = np.full((pub.n_rows, 1), shots, dtype=np.int64)
        return tuple(row[0] for row in simulator.counts(pub.values, asked, seed))

    def _simulator(self, pub: Pub, number: int) -> NoisySimulator | None:
        if self._drift is not None:
            return self._made(pub, number)
        key = id(pub.circuit)  # kept alive by `_cut`
        if key not in self._simulators:
            self._simulators[key] = self._made(pub, 0)
        return self._simulators[key]

    def _made(self, pub: Pub, number: int) -> NoisySimulator | None:
        circuit, qubits = self._on_used_qubits(pub.circuit)
        try:
            if len(qubits) > MAX_QUBITS:
                raise UnreadError(f"{len(qubits)} qubits")
            if "delay" in pub.circuit.count_ops():
                raise UnreadError("delays")
            channels = self._calibration(qubits)
            if self._drift is not None:
                channels = self._drift.at(number, channels, qubits)
            return NoisySimulator([circuit], channels, pub.values.shape[1])
        except UnreadError as error:
            if self._drift is None:
                return None
            raise RefusedError(
                f"{self._device.name}: drift is simulated on up to {MAX_QUBITS} qubits without "
                f"delays, and the circuit has {error}; leave drift out"
            ) from None

    def _calibration(self, qubits: tuple[int, ...]) -> Channels:
        if qubits not in self._calibrations:
            self._calibrations[qubits] = Channels(self._device.noise_model(qubits))
        return self._calibrations[qubits]

    def _on_used_qubits(self, circuit: QuantumCircuit) -> tuple[Any, tuple[int, ...]]:
        """The circuit on the qubits that it uses, and which these are."""
        from qiskit.circuit import ParameterVector

        if id(circuit) not in self._cut:
            qubits = used_qubits(circuit)
            cut = cut_circuit(circuit, qubits)
            angles = ParameterVector("a", len(cut.parameters))  # columns of the job's values
            cut.assign_parameters(dict(zip(cut.parameters, angles, strict=True)), inplace=True)
            self._cut[id(circuit)] = circuit, cut, qubits
        return self._cut[id(circuit)][1:]

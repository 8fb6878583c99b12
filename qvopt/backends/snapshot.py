"""Aer with the noise, gates and couplings that a device had on the day of its snapshot.

Snapshots are those of `qiskit_ibm_runtime.fake_provider`. Circuits are lowered to the device's own
gates on one layout, so that every gate has the noise of its qubits.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from qvopt_molecules.errors import InputError

from .aer import AerProgram, run_seeds
from .batch import CalibrationCounts, Counts
from .checks import need_plan
from .measured import qubit_of_bit
from .protocol import Problem
from .recorded_devices import find_snapshot


class SnapshotProgram(AerProgram):
    """A problem on a snapshot: as `AerProgram`, on the qubits of the device."""

    def __init__(self, problem: Problem, snapshot: str, method: str) -> None:
        from qiskit_aer.noise import NoiseModel

        self._backend, _ = find_snapshot(snapshot)
        if problem.circuit.n_qubits > self._backend.num_qubits:
            raise InputError(
                f"{snapshot} has {self._backend.num_qubits} qubits, the circuit has "
                f"{problem.circuit.n_qubits}"
            )
        self._layout: list[int] | None = None
        super().__init__(problem, NoiseModel.from_backend(self._backend), method)

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """Where the router left the qubits of the problem in a group's circuit."""
        return self._read_on[group]

    @cached_property
    def _read_on(self) -> list[tuple[int, ...]]:
        """The same of all groups; every round with a correction of the readout asks for it."""
        self._measure(need_plan(self.problem))
        return [qubit_of_bit(circuit) for circuit in self._measured]

    def sample_calibration(self, shots: int, seed: np.random.SeedSequence) -> CalibrationCounts:
        """Counts of all qubits that some group reads."""
        from qiskit import QuantumCircuit

        used = sorted({q for qubits in self._read_on for q in qubits})
        found: list[Counts] = []
        for k in (0, 1):
            circuit = QuantumCircuit(self._backend.num_qubits, len(used))
            if k:
                circuit.x(used)
            circuit.measure(used, range(len(used)))
            run = self._run(circuit, np.zeros((1, 0)), shots, run_seeds(seed, 2)(k))
            found.append({int(o, 16): c for o, c in run.data(0)["counts"].items()})
        return CalibrationCounts(tuple(used), found[0], found[1])

    def _transpiled(self, circuit: Any, level: int = 3) -> Any:
        from qiskit import transpile

        chosen = transpile(
            circuit,
            backend=self._backend,
            initial_layout=self._layout,
            optimization_level=level,
            seed_transpiler=0,
        )
        if self._layout is None:
            first = chosen[0] if isinstance(chosen, list) else chosen
            self._layout = first.layout.initial_index_layout(filter_ancillas=True)
        return chosen

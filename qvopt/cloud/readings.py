"""Readings of generators on hardware: a metric's covariances from one circuit for each layer.

A reading is the circuit up to a run of commuting gates and a Clifford change of basis. Its angles
stay free, so that it is lowered once a run, and the readings of all points are rows of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from qvopt.backends.batch import Counts, Outcomes, Reading
from qvopt.backends.lowered import LoweredCircuits
from qvopt.backends.metric_circuits import generator_basis, outcomes_of_counts
from qvopt.measurement.plan import Diagonal
from qvopt_circuits.circuit import Circuit


class GeneratorReadings:
    """The circuits of the readings that a run asks for.

    Args:
        circuit: of the problem.
        circuits: lowers them beside those of the problem.
    """

    def __init__(self, circuit: Circuit, circuits: LoweredCircuits) -> None:
        self._circuit, self._circuits = circuit, circuits
        self._made: dict[tuple[int, ...], tuple[int, Circuit, list[Diagonal]]] = {}

    def angles(self, reading: Reading) -> tuple[float, ...]:
        """Return the angles of the gates before the reading."""
        return self._circuits.angles(reading.point)[: self._reading(reading.gates)[0]]

    def lowered(self, gates: tuple[int, ...]) -> Any:
        """The circuit of a reading of these gates, in the device's."""
        digest = hashlib.sha256(repr(gates).encode()).hexdigest()
        return self._circuits.other(f"reading-{digest[:16]}", self._reading(gates)[1])

    def outcomes(self, readings: Sequence[Reading], counts: Sequence[Counts]) -> list[Outcomes]:
        """Joint outcomes of each reading's generators."""
        return [
            outcomes_of_counts(self._reading(r.gates)[2], c)
            for r, c in zip(readings, counts, strict=True)
        ]

    def _reading(self, gates: tuple[int, ...]) -> tuple[int, Circuit, list[Diagonal]]:
        """Parametric gates before the run, the circuit, and each generator's diagonal."""
        if gates not in self._made:
            first, basis, diagonals = generator_basis(self._circuit, gates)
            before = sum(position < first for position in self._circuit.parametric)
            circuit = Circuit(
                self._circuit.n_qubits, (*self._circuits.free.gates[:first], *basis), before
            )
            self._made[gates] = before, circuit, diagonals
        return self._made[gates]

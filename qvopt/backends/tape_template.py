"""A circuit's PennyLane operations, made once: later calls make those that turn by a parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.lowering.pennylane_lowering import to_pennylane

from .free_gates import by_gate


class TapeTemplate:
    """Operations of a circuit whose parametric gates are given their angles one by one."""

    def __init__(self, circuit: Circuit) -> None:
        free = by_gate(circuit, 0)
        ones = np.ones(len(circuit.parametric))
        self._operations = to_pennylane(free, ones)
        turned = to_pennylane(free, 2 * ones)
        # Lowering keeps the order of parametric gates, and scales angles by a sign.
        steps = [
            float(b.data[0] - a.data[0]) if a.data else 0.0
            for a, b in zip(self._operations, turned, strict=True)
        ]
        self._varying = [(k, step) for k, step in enumerate(steps) if step]
        assert len(self._varying) == len(circuit.parametric)

    def operations(self, angles: npt.NDArray[np.float64]) -> list[Any]:
        """Return the operations at the angles of the parametric gates, in radians."""
        out = list(self._operations)
        for (k, scale), angle in zip(self._varying, angles.tolist(), strict=True):
            operation = out[k]
            word = operation.hyperparameters.get("pauli_word")
            words = () if word is None else (word,)
            out[k] = type(operation)(scale * angle, *words, wires=operation.wires)
        return out

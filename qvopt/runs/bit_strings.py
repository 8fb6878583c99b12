"""What a state means for a diagonal cost: the approximation ratio and the best bit string."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.matrices import circuit_state
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.spins import Hamiltonian

MOST_QUBITS: Final = 16
_SEEN: Final = 1e-3
"""Probability of a bit string that about a thousand shots show."""


@dataclass(frozen=True)
class BitStrings:
    """Of the noiseless final state over a diagonal cost.

    Attributes:
        ratio: (E_max - ⟨E⟩) / (E_max - E_min); for MaxCut the mean cut over the largest one.
        best: bits of the lowest cost among strings of probability 0.001 or more, qubit 0 first.
        cost: its cost.
        probability: its probability.
        optimum: probability of all strings of the lowest cost.
    """

    ratio: float
    best: str
    cost: float
    probability: float
    optimum: float

    def document(self) -> dict[str, Any]:
        """The values as plain data."""
        return asdict(self)


def costs_of(observable: PauliSum) -> FloatArray:
    """Return the cost of every bit string n, bit q of n being qubit q."""
    n = observable.n_qubits
    states = np.arange(1 << n, dtype=np.uint64)
    costs = np.zeros(1 << n)
    for z, c in zip(observable.z, observable.coefficients, strict=True):
        costs += c * (1.0 - 2.0 * (np.bitwise_count(states & z) & 1))
    return costs


def bit_strings(hamiltonian: Hamiltonian, circuit: Circuit, x: FloatArray) -> BitStrings | None:
    """Return what the state at x means; None for other problems, and above 16 qubits."""
    if hamiltonian.electrons is not None or hamiltonian.n_qubits > MOST_QUBITS:
        return None
    observable = hamiltonian.qubits("jordan-wigner")
    if observable.x.any() or not np.all(np.isfinite(x)) or len(x) != circuit.n_parameters:
        return None
    costs = costs_of(observable)
    low, high = float(costs.min()), float(costs.max())
    probabilities = np.abs(circuit_state(circuit.bind(x))) ** 2
    shown = np.flatnonzero(probabilities >= min(_SEEN, probabilities.max()))
    best = int(shown[np.lexsort((shown, -probabilities[shown], costs[shown]))[0]])
    mean = float(probabilities @ costs)
    return BitStrings(
        ratio=1.0 if high == low else (high - mean) / (high - low),
        best="".join(str(best >> q & 1) for q in range(hamiltonian.n_qubits)),
        cost=float(costs[best]),
        probability=float(probabilities[best]),
        optimum=float(probabilities[costs <= low + 1e-9 * max(1.0, abs(low))].sum()),
    )

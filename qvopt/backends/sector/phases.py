"""Diagonal gates as products of numbers on strings."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np

from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import FloatArray, IntArray

_OCCUPIED = {"number-phase", "coulomb-phase", "z", "s", "sdg", "t", "tdg", "cz"}
"""Gates whose generator counts occupations; the others' is a product of Z."""

_CONSTANT = {"z": pi, "cz": pi, "s": -pi / 2, "sdg": pi / 2, "t": -pi / 4, "tdg": pi / 4}
"""The angle that makes a gate without one exp(-iθ n) or exp(-iθ n n)."""


@dataclass(frozen=True, eq=False)
class Phase:
    """exp(-i θ scale u_I v_K) over strings I of alpha and K of beta; u and v are -1, 0 or 1."""

    scale: float
    alpha: FloatArray
    beta: FloatArray

    @property
    def spin(self) -> int | None:
        """The one spin that it depends on, 0 for alpha; None for both."""
        if np.all(self.beta == 1.0):
            return 0
        return 1 if np.all(self.alpha == 1.0) else None


def phase(gate: Gate, strings: tuple[IntArray, IntArray], norb: int) -> Phase:
    """What a diagonal gate does to the determinants of a sector."""
    factors = [np.ones(len(s)) for s in strings]
    counts = gate.name in _OCCUPIED
    for qubit in gate.qubits:
        spin, orbital = divmod(qubit, norb)
        occupied = (strings[spin] >> orbital & 1).astype(np.float64)
        factors[spin] *= occupied if counts else 1.0 - 2.0 * occupied
    return Phase(1.0 if counts else 0.5, *factors)


def constant_angle(gate: Gate) -> float:
    """The offset of the gate's angle, or the angle that a gate without one stands for."""
    return gate.angle.offset if gate.angle is not None else _CONSTANT[gate.name]

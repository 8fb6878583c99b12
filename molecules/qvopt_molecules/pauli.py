"""Hermitian sums of Pauli strings, stored as bit masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
MaskArray = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class PauliSum:
    """Σ_k c_k P_k with real c_k, each string P_k given by two masks.

    Bit q of `x` and `z` is set where the string acts on qubit q with X or Z; where both are set
    it acts with Y. Qubit 0 is the lowest bit. At most 64 qubits. Strings are distinct, and the
    identity (x = z = 0) is kept as a term like any other.
    """

    n_qubits: int
    x: MaskArray
    z: MaskArray
    coefficients: FloatArray

    def __len__(self) -> int:
        return len(self.coefficients)

    def __iter__(self) -> Iterator[tuple[str, float]]:
        """Iterate over (label, coefficient); character q of the label acts on qubit q."""
        for x, z, c in zip(self.x, self.z, self.coefficients, strict=True):
            yield label(int(x), int(z), self.n_qubits), float(c)

    @property
    def constant(self) -> float:
        """Coefficient of the identity."""
        return float(self.coefficients[(self.x == 0) & (self.z == 0)].sum())


def label(x: int, z: int, n_qubits: int) -> str:
    """Spell masks as letters, qubit 0 first.

    >>> label(0b011, 0b110, 3)
    'XYZ'
    """
    return "".join("IXZY"[(x >> q & 1) | (z >> q & 1) << 1] for q in range(n_qubits))


def masks(letters: str) -> tuple[int, int]:
    """Return the (x, z) masks of a label, qubit 0 first.

    >>> masks("XYZ")
    (3, 6)
    """
    x = sum(1 << q for q, p in enumerate(letters) if p in "XY")
    z = sum(1 << q for q, p in enumerate(letters) if p in "ZY")
    return x, z

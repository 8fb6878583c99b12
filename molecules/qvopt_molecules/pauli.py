"""Hermitian sums of Pauli strings, stored as bit masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, MaskArray

from .errors import InputError

Masks = MaskArray | np.uint64


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

    def to_sparse(self) -> Any:
        """The matrix as a SciPy CSR matrix, basis state |n⟩ at index n, qubit 0 the lowest bit.

        P|n⟩ = i^{#Y} (-1)^{|n & z|} |n ^ x⟩. Raises InputError above 20 qubits.
        """
        from scipy.sparse import coo_array

        if self.n_qubits > 20:
            raise InputError(f"a sparse matrix over {self.n_qubits} qubits would be too large")
        n = np.arange(1 << self.n_qubits, dtype=np.uint64)
        # Strings of equal x share their places: one diagonal each.
        rows, columns, values = [], [], []
        for x in np.unique(self.x):
            same = self.x == x
            diagonal = np.zeros(len(n), dtype=np.complex128)
            for z, c in zip(self.z[same], self.coefficients[same], strict=True):
                sign = 1.0 - 2.0 * (np.bitwise_count(n & z) & 1)
                diagonal += c * 1j ** int(np.bitwise_count(x & z)) * sign
            rows.append(n ^ x)
            columns.append(n)
            values.append(diagonal)
        if not values:
            return coo_array((len(n), len(n)), dtype=np.complex128).tocsr()
        places = (np.concatenate(rows).astype(np.int64), np.concatenate(columns).astype(np.int64))
        matrix = coo_array((np.concatenate(values), places), shape=(len(n), len(n))).tocsr()
        matrix.eliminate_zeros()
        return matrix

    @property
    def constant(self) -> float:
        """Coefficient of the identity."""
        return float(self.coefficients[(self.x == 0) & (self.z == 0)].sum())

    def without_identity(self) -> PauliSum:
        """The strings that need a measurement."""
        kept = (self.x | self.z) != 0
        return PauliSum(self.n_qubits, self.x[kept], self.z[kept], self.coefficients[kept])


def commute(x: Masks, z: Masks, a: Masks, b: Masks) -> BoolArray:
    """Whether strings (x, z) and (a, b) commute: |x & b| + |z & a| is even. Masks broadcast."""
    return np.asarray((np.bitwise_count(x & b) + np.bitwise_count(z & a)) & 1 == 0)


def commute_qubit_wise(x: Masks, z: Masks, a: Masks, b: Masks) -> BoolArray:
    """Whether letters agree on every qubit where strings (x, z) and (a, b) both act."""
    return np.asarray((x | z) & (a | b) & ((x ^ a) | (z ^ b)) == 0)


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

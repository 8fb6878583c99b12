"""Clifford circuits that make commuting Pauli strings diagonal.

A Hermitian string is s · Π_q i^{x_q z_q} X_q^{x_q} Z_q^{z_q} with masks x, z and a sign s: the
letter is X, Z or Y for (x_q, z_q) = (1, 0), (0, 1) or (1, 1). Reference: E. van den Berg, K. Temme,
Quantum 4, 322 (2020), arXiv:2003.13599.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_circuits.gates import Gate
from qvopt_molecules.arrays import MaskArray

BitMatrix = npt.NDArray[np.bool_]
Name = tuple[str, tuple[int, ...]]


def diagonalizing_gates(x: MaskArray, z: MaskArray, n_qubits: int) -> list[Gate]:
    """Return gates U such that U P U† is a string of Z for each of the commuting strings P."""
    shifts = np.arange(n_qubits, dtype=np.uint64)
    rows_x = ((x[:, None] >> shifts) & np.uint64(1)).astype(bool)
    rows_z = ((z[:, None] >> shifts) & np.uint64(1)).astype(bool)
    return [Gate(name, qubits) for name, qubits in _Tableau(rows_x, rows_z).gates()]


class _Tableau:
    """Independent generators of the strings, without their signs; gates act on columns."""

    def __init__(self, x: BitMatrix, z: BitMatrix) -> None:
        both = _independent(np.concatenate([x, z], axis=1))
        n = x.shape[1]
        self.x, self.z = both[:, :n].copy(), both[:, n:].copy()
        self.found: list[Name] = []

    def gates(self) -> list[Name]:
        """Reduce the X part to zero, recording the gates that do it."""
        pivots = self._pivots()
        # The X part is now the identity on the pivots: clear the rest of each row.
        for row, pivot in enumerate(pivots):
            for q in np.flatnonzero(self.x[row]).tolist():
                if q != pivot:
                    self._cx(pivot, q)
        # What is left is a graph state's stabilisers: X on a pivot, Z on its neighbours.
        for row, pivot in enumerate(pivots):
            if self.z[row, pivot]:
                self._s(pivot)
            for q in np.flatnonzero(self.z[row]).tolist():
                if q != pivot:
                    self._cz(pivot, q)
        for pivot in pivots:
            self._h(pivot)
        assert not self.x.any()
        return self.found

    def _pivots(self) -> list[int]:
        """Row-reduce the X part; rows without one get it by a Hadamard on a Z."""
        pivots: list[int] = []
        rows = len(self.x)
        for row in range(rows):
            candidates = [
                (r, q) for r in range(row, rows) for q in np.flatnonzero(self.x[r]).tolist()
                if q not in pivots
            ][:1]  # fmt: skip
            if not candidates:
                break
            self._take(row, *candidates[0])
            pivots.append(candidates[0][1])
        for row in range(len(pivots), rows):
            # Rows below have no X left; commuting with the pivots' rows, they have a Z elsewhere.
            q = next(q for q in np.flatnonzero(self.z[row]).tolist() if q not in pivots)
            self._h(q)
            self._take(row, row, q)
            pivots.append(q)
        return pivots

    def _take(self, row: int, source: int, pivot: int) -> None:
        """Bring the row with X at the pivot to its place, and clear the pivot in all others."""
        for part in (self.x, self.z):
            part[[row, source]] = part[[source, row]]
        others = np.flatnonzero(self.x[:, pivot])
        for r in others[others != row].tolist():
            self.x[r] ^= self.x[row]
            self.z[r] ^= self.z[row]

    def _h(self, q: int) -> None:
        self.found.append(("h", (q,)))
        self.x[:, q], self.z[:, q] = self.z[:, q].copy(), self.x[:, q].copy()

    def _s(self, q: int) -> None:
        self.found.append(("s", (q,)))
        self.z[:, q] ^= self.x[:, q]

    def _cx(self, c: int, t: int) -> None:
        self.found.append(("cx", (c, t)))
        self.x[:, t] ^= self.x[:, c]
        self.z[:, c] ^= self.z[:, t]

    def _cz(self, a: int, b: int) -> None:
        self.found.append(("cz", (a, b)))
        self.z[:, a] ^= self.x[:, b]
        self.z[:, b] ^= self.x[:, a]


def _independent(rows: BitMatrix) -> BitMatrix:
    """A basis of the row space over GF(2)."""
    kept: list[npt.NDArray[np.bool_]] = []
    leads: list[int] = []
    for row in rows:
        rest = row.copy()
        for lead, basis in zip(leads, kept, strict=True):
            if rest[lead]:
                rest ^= basis
        if rest.any():
            kept.append(rest)
            leads.append(int(np.argmax(rest)))
    return np.array(kept, dtype=bool).reshape(len(kept), rows.shape[1])


def conjugated(
    x: MaskArray, z: MaskArray, gates: list[Gate]
) -> tuple[MaskArray, MaskArray, npt.NDArray[np.float64]]:
    """Return masks and signs of U P U† for the strings P, U being the gates in order."""
    x, z = x.copy(), z.copy()
    negative = np.zeros(len(x), dtype=bool)
    for gate in gates:
        a, *rest = gate.qubits
        xa, za = _bit(x, a), _bit(z, a)
        if gate.name == "h":  # X <-> Z, Y -> -Y
            negative ^= xa & za
            x, z = _with(x, a, za), _with(z, a, xa)
        elif gate.name == "s":  # X -> Y, Y -> -X
            negative ^= xa & za
            z = _with(z, a, za ^ xa)
        elif gate.name == "cx":
            xb, zb = _bit(x, rest[0]), _bit(z, rest[0])
            negative ^= xa & zb & (xb == za)
            x, z = _with(x, rest[0], xb ^ xa), _with(z, a, za ^ zb)
        elif gate.name == "cz":
            xb, zb = _bit(x, rest[0]), _bit(z, rest[0])
            negative ^= xa & xb & (za ^ zb)
            z = _with(_with(z, a, za ^ xb), rest[0], zb ^ xa)
        else:
            raise AssertionError(gate.name)
    return x, z, np.where(negative, -1.0, 1.0)


def _bit(masks: MaskArray, q: int) -> npt.NDArray[np.bool_]:
    return (masks >> np.uint64(q) & np.uint64(1)).astype(bool)


def _with(masks: MaskArray, q: int, bits: npt.NDArray[np.bool_]) -> MaskArray:
    cleared = masks & ~(np.uint64(1) << np.uint64(q))
    return cleared | (bits.astype(np.uint64) << np.uint64(q))

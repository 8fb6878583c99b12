r"""Hψ for a sum of Pauli strings: strings of equal X mask are one diagonal.

    (Hψ)_n = Σ_x d_x(n) ψ_{n ^ x},    d_x(n) = Σ_{x_k = x} c_k i^{|x & z_k|} (-1)^{|(n ^ x) & z_k|}

Small problems keep the d_x as a table of rows of eight lanes, without the rows that are zero. Of a
row of Hψ the terms are sorted by how x exchanges lanes, so that each of the eight exchanges is done
once, on a sum. Large problems compute each row of d_x where it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.pauli import PauliSum

from .lanes import LANE_BITS, LANES, load, parity, splat, store, total
from .turns import exchanged

MAX_TABLE_BYTES = 1 << 30

_U0, _U1 = np.uint64(0), np.uint64(1)


@dataclass(frozen=True, eq=False)
class Strings:
    """Strings sorted by X mask; group g holds strings starts[g] to starts[g + 1].

    Attributes:
        x: X mask of each group, by exchange of lanes first.
        z: Z mask of each string.
        weights: factor of each string, real.
    """

    x: npt.NDArray[np.uint64]
    starts: IntArray
    z: npt.NDArray[np.uint64]
    weights: FloatArray

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the kernels take."""
        return self.x, self.starts, self.z, self.weights


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of diagonals: those of row r and exchange l are starts[8r + l] to starts[8r + l + 1].

    Attributes:
        columns: row of the state that a row of the diagonal multiplies.
        values: the diagonal, lanes exchanged to those of that row.
    """

    starts: IntArray
    columns: npt.NDArray[np.uint32]
    values: FloatArray

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the kernels take."""
        return self.starts, self.columns, self.values


class Observable:
    """A Hermitian sum of Pauli strings over a register of `n_qubits`, three or more.

    H = R + iJ, R and J real: J has the strings with an odd number of Y.
    """

    def __init__(
        self, observable: PauliSum, n_qubits: int, max_bytes: int = MAX_TABLE_BYTES
    ) -> None:
        self.rows = 1 << (n_qubits - LANE_BITS)
        odd = (np.bitwise_count(observable.x & observable.z) & 1).astype(bool)
        self.is_real = not odd.any()
        self._parts = [_sorted_strings(observable, chosen) for chosen in (~odd, odd)]
        self._tables: list[Table] | None = None
        sizes = [_count_rows(*part.arrays, self.rows) for part in self._parts]
        if sum(sizes) * (8 * LANES + 4) <= max_bytes:
            self._tables = [
                _tabulate(part, self.rows, size)
                for part, size in zip(self._parts, sizes, strict=True)
            ]

    @property
    def n_bytes(self) -> int:
        """Memory of the tables."""
        return sum(t.columns.nbytes + t.values.nbytes + t.starts.nbytes for t in self._tables or ())

    def apply(self, re: FloatArray, im: FloatArray, out_re: FloatArray, out_im: FloatArray) -> None:
        """Write Hψ. A state without imaginary parts has a real image: H must be real."""
        kernel = _add_table if self._tables is not None else _add_strings
        parts: Any = self._tables if self._tables is not None else self._parts
        out_re[:] = 0.0
        out_im[:] = 0.0
        kernel(*parts[0].arrays, 1.0, re, out_re)
        if len(im):
            kernel(*parts[0].arrays, 1.0, im, out_im)
        if not self.is_real:
            kernel(*parts[1].arrays, -1.0, im, out_re)
            kernel(*parts[1].arrays, 1.0, re, out_im)


def _sorted_strings(observable: PauliSum, chosen: npt.NDArray[np.bool_]) -> Strings:
    x, z = observable.x[chosen], observable.z[chosen]
    turns = np.bitwise_count(x & z).astype(np.int64) % 4
    # i^{#Y}, without the i of an odd number; d_x(n) has the sign of the state n ^ x it acts on.
    signs = np.where(turns >= 2, -1.0, 1.0) * (1.0 - 2.0 * (np.bitwise_count(x & z) & 1))
    weights = signs * observable.coefficients[chosen]
    order = np.lexsort((z, x, x & np.uint64(LANES - 1)))
    distinct, starts = np.unique(
        np.stack([x[order] & np.uint64(LANES - 1), x[order]]), axis=1, return_index=True
    )
    ends = np.concatenate([starts, [len(x)]]).astype(np.int64)
    return Strings(np.ascontiguousarray(distinct[1]), ends, z[order], weights[order])


@njit(cache=True, inline="always")
def _diagonal(first, last, z, weights, signs, row):  # type: ignore[no-untyped-def]
    """One row of lanes of d_x(n)."""
    out = splat(0.0)
    for k in range(first, last):
        factor = weights[k] * parity(row & (z[k] >> np.uint64(LANE_BITS)))
        out = out + splat(factor) * load(signs, z[k] & np.uint64(LANES - 1))
    return out


_SIGNS = 1.0 - 2.0 * (np.bitwise_count(np.arange(8)[:, None] & np.arange(8)) & 1)
"""(-1)^{|l & z|} of lane l, by z."""


@njit(cache=True)
def _count_rows(x, starts, z, weights, rows):  # type: ignore[no-untyped-def]
    """Rows of all diagonals that are not zero."""
    count: int = 0
    scratch = np.empty((1, 8))
    for g in range(len(x)):
        for r in range(rows):
            store(scratch, _U0, _diagonal(starts[g], starts[g + 1], z, weights, _SIGNS,
                                          np.uint64(r)))  # fmt: skip
            count += 1 if np.any(scratch != 0.0) else 0
    return count


@njit(cache=True)
def _fill(x, starts, z, weights, rows, size, ends, columns, values):  # type: ignore[no-untyped-def]
    filled, scratch = 0, np.empty((1, 8))
    first_group = 0
    bounds = np.zeros(9, dtype=np.int64)
    for l in range(8):  # groups by exchange
        while first_group < len(x) and x[first_group] & np.uint64(7) == np.uint64(l):
            first_group += 1
        bounds[l + 1] = first_group
    for r in range(rows):
        for l in range(8):
            for g in range(bounds[l], bounds[l + 1]):
                d = _diagonal(starts[g], starts[g + 1], z, weights, _SIGNS, np.uint64(r))
                store(scratch, _U0, exchanged(d, np.uint64(l)))
                if np.any(scratch != 0.0):
                    values[filled] = scratch[0]
                    columns[filled] = np.uint64(r) ^ (x[g] >> np.uint64(3))
                    filled += 1
            ends[8 * r + l + 1] = filled


def _tabulate(strings: Strings, rows: int, size: int) -> Table:
    ends = np.zeros(rows * LANES + 1, dtype=np.int64)
    columns = np.empty(size, dtype=np.uint32)
    values = np.empty((size, LANES))
    _fill(*strings.arrays, rows, size, ends, columns, values)
    return Table(ends, columns, values)


@njit(cache=True, inline="always")
def _line(first, last, columns, values, p):  # type: ignore[no-untyped-def]
    out = splat(0.0)
    for k in range(first, last):
        out = out + load(values, np.uint64(k)) * load(p, np.uint64(columns[k]))
    return out


@njit(cache=True)
def _add_table(starts, columns, values, scale, p, out):  # type: ignore[no-untyped-def]
    """Add scale · (matrix · p) to out."""
    factor = splat(scale)
    for r in range(p.shape[0]):
        row = np.uint64(r)
        here = splat(0.0)
        for l in range(8):
            first, last = starts[8 * r + l], starts[8 * r + l + 1]
            if last > first:
                here = here + exchanged(_line(first, last, columns, values, p), np.uint64(l))
        store(out, row, load(out, row) + factor * here)


@njit(cache=True)
def _add_strings(x, starts, z, weights, scale, p, out):  # type: ignore[no-untyped-def]
    """The same without a table: one pass for each X mask."""
    factor = splat(scale)
    for g in range(len(x)):
        swap, shift = x[g] & np.uint64(7), x[g] >> np.uint64(3)
        for r in range(p.shape[0]):
            row = np.uint64(r)
            d = _diagonal(starts[g], starts[g + 1], z, weights, _SIGNS, row)
            store(out, row, load(out, row) + factor * (d * exchanged(load(p, row ^ shift), swap)))


@njit(cache=True)
def inner(p, q):  # type: ignore[no-untyped-def]
    """Σ p q over two planes, summed by lanes."""
    out = splat(0.0)
    for r in range(p.shape[0]):
        out = out + load(p, np.uint64(r)) * load(q, np.uint64(r))
    return total(out)

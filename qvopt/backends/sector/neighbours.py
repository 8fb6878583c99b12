"""Givens rotations between neighbouring orbitals of one spin, on the lines of a large state.

A rotation of orbitals k and k + 1 turns each pair of strings that differ in nothing but which of
the two is occupied. Neighbours have no electrons between them: there are no signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from qvopt.measurement.basis_change import givens_rotations
from qvopt_molecules.arrays import FloatArray, IntArray

from .lanes import WIDTH, fma, fnma, load, mul, splat, store, total
from .tables import excitation_pairs


@dataclass(frozen=True, eq=False)
class NeighbourPairs:
    """Pairs of strings of all neighbours: those of k, k + 1 from first[k] to first[k + 1]."""

    first: IntArray
    left: npt.NDArray[np.uint32]
    right: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, strings: IntArray, norb: int) -> NeighbourPairs:
        """Tabulate the strings of one spin."""
        pairs = [excitation_pairs(strings, (k,), (k + 1,)) for k in range(norb - 1)]
        none = np.zeros(0, dtype=np.int64)
        first = np.cumsum([0, *(len(pair[0]) for pair in pairs)]).astype(np.int64)
        left, right = (
            np.concatenate([none, *(pair[side] for pair in pairs)]).astype(np.uint32)
            for side in (0, 1)
        )
        return cls(first, left, right)


def rotation_steps(rotation: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the orbitals k and the (cos, sin) of the rotations that make up one of all orbitals.

    See `givens_rotations`.
    """
    steps = givens_rotations(rotation)
    half = 0.5 * np.array([angle for _, angle in steps])
    orbitals = np.array([k for k, _ in steps], dtype=np.int64)
    return orbitals, np.stack([np.cos(half), np.sin(half)], axis=1)


@njit(cache=True, nogil=True, inline="always")
def _rotate(buffer, orbitals, turns, first, left, right):  # type: ignore[no-untyped-def]
    """Rotate eight lines in a buffer."""
    for g in range(len(orbitals)):
        c, d = splat(turns[g, 0]), splat(turns[g, 1])
        for n in range(first[orbitals[g]], first[orbitals[g] + 1]):
            i, j = np.intp(left[n]) * WIDTH, np.intp(right[n]) * WIDTH
            p, q = load(buffer, i), load(buffer, j)
            store(buffer, i, fnma(d, q, mul(c, p)))
            store(buffer, j, fma(d, p, mul(c, q)))


@njit(cache=True, nogil=True)
def rotate_columns(  # type: ignore[no-untyped-def]
    source, z, planes, shape, orbitals, turns, first, left, right, first_tile, last_tile
):  # fmt: skip
    """z <- the source with the orbitals of alpha strings rotated, by tiles of eight columns."""
    n_rows, n_columns = shape
    tiles = -(-n_columns // WIDTH)
    buffer = np.zeros(n_rows * WIDTH)
    for tile in range(first_tile, last_tile):
        origin = tile // tiles * n_rows * n_columns + tile % tiles * WIDTH
        count = min(WIDTH, n_columns - tile % tiles * WIDTH)
        for row in range(n_rows):
            at = origin + row * n_columns
            if count == WIDTH:
                store(buffer, row * WIDTH, load(source, at))
            else:
                for lane in range(count):
                    buffer[row * WIDTH + lane] = source[at + lane]
        _rotate(buffer, orbitals, turns, first, left, right)
        for row in range(n_rows):
            at = origin + row * n_columns
            if count == WIDTH:
                store(z, at, load(buffer, row * WIDTH))
            else:
                for lane in range(count):
                    z[at + lane] = buffer[row * WIDTH + lane]


@njit(cache=True, nogil=True)
def rotate_rows(  # type: ignore[no-untyped-def]
    z, planes, shape, rows, orbitals, turns, first, left, right, first_tile, last_tile
):  # fmt: skip
    """Rotate the orbitals of beta strings in some rows, by tiles of eight rows of one plane."""
    n_rows, n_columns = shape
    tiles = -(-len(rows) // WIDTH)
    buffer = np.zeros(n_columns * WIDTH)
    for tile in range(first_tile, last_tile):
        origin, start = tile // tiles * n_rows * n_columns, tile % tiles * WIDTH
        count = min(WIDTH, len(rows) - start)
        for lane in range(count):
            at = origin + rows[start + lane] * n_columns
            for k in range(n_columns):
                buffer[k * WIDTH + lane] = z[at + k]
        _rotate(buffer, orbitals, turns, first, left, right)
        for lane in range(count):
            at = origin + rows[start + lane] * n_columns
            for k in range(n_columns):
                z[at + k] = buffer[k * WIDTH + lane]


@njit(cache=True, nogil=True)
def row_weights(z, planes, shape, weights, first_row, last_row):  # type: ignore[no-untyped-def]
    """weights[row] <- Σ_K |amplitude[row, K]|², for some rows."""
    n_columns = shape[1]
    for row in range(first_row, last_row):
        lanes, rest = splat(0.0), 0.0
        for plane in range(planes):
            at = (plane * shape[0] + row) * n_columns
            k = 0
            while k + WIDTH <= n_columns:
                part = load(z, at + k)
                lanes = fma(part, part, lanes)
                k += WIDTH
            while k < n_columns:
                rest += z[at + k] * z[at + k]
                k += 1
        weights[row] = total(lanes) + rest

"""Points of a batch as arrays for the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qvopt.backends.batch import Point
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray, IntArray

from .compilation import GateTables

Shifts = tuple[tuple[int, float], ...]


class PointArrays(NamedTuple):
    """Points that share parameters share a row of them.

    Attributes:
        vectors: parameters, shape (rows, n_parameters).
        row: each point's row.
        first: shifts first[i] to first[i + 1] are those of point i.
        gates: the gate of each shift.
        deltas: what each shift adds to its gate's angle, in radians.
    """

    vectors: FloatArray
    row: IntArray
    first: IntArray
    gates: IntArray
    deltas: FloatArray


def angles_of(tables: GateTables, circuit: Circuit, x: FloatArray) -> FloatArray:
    """Angles of all gates at x."""
    angles = tables.offsets.copy()
    angles[tables.parametric] = circuit.angles(x)
    return angles


def point_arrays(points: Sequence[Point], tables: GateTables, circuit: Circuit) -> PointArrays:
    """Gather points for a circuit's gates."""
    if len(points) == 1:
        (point,) = points
        # A copy: a kernel would be compiled again for an array that is not to be written to.
        vector = circuit.check_parameters(point.x).copy()
        row, first, shifted, deltas = _one_point(point.shifts)
        gates = tables.parametric[shifted] if len(shifted) else shifted
        return PointArrays(vector[None], row, first, gates, deltas)
    vectors: list[FloatArray] = []
    places: dict[int, int] = {}
    for point in points:
        if vectors and point.x is vectors[-1]:  # those of a gradient share theirs
            continue
        if places.setdefault(id(point.x), len(vectors)) == len(vectors):
            vectors.append(point.x)
    table = np.empty((len(vectors), circuit.n_parameters))
    for k, x in enumerate(vectors):
        table[k] = circuit.check_parameters(x)
    row = np.zeros(len(points), dtype=np.int64)
    if len(vectors) > 1:
        row[:] = [places[id(point.x)] for point in points]
    first, shifted, deltas = _shift_arrays(tuple([point.shifts for point in points]))
    return PointArrays(table, row, first, tables.parametric[shifted], deltas)


@lru_cache(maxsize=16)
def _one_point(shifts: Shifts) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """The row of a single point, and `_shift_arrays` of it."""
    return np.zeros(1, dtype=np.int64), *_shift_arrays((shifts,))


@lru_cache(maxsize=16)
def _shift_arrays(shifts: tuple[Shifts, ...]) -> tuple[IntArray, IntArray, FloatArray]:
    """Where each point's shifts begin, their parametric gates and angles: not to be written to.

    The shifts of a gradient are the same at every step.
    """
    first = np.zeros(len(shifts) + 1, dtype=np.int64)
    np.cumsum([len(of_point) for of_point in shifts], out=first[1:])
    flat = [shift for of_point in shifts for shift in of_point]
    gates = np.array([k for k, _ in flat], dtype=np.int64)
    deltas = np.array([delta for _, delta in flat], dtype=np.float64)
    return first, gates, deltas

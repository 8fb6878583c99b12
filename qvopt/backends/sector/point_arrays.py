"""Points of a batch as arrays for the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvopt.backends.batch import Point
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray, IntArray

from .compilation import GateTables


@dataclass(frozen=True, eq=False)
class PointArrays:
    """Points that share parameters share a row of angles.

    Attributes:
        angles: of all gates, one row for each vector of parameters.
        row: each point's row.
        first: shifts first[i] to first[i + 1] are those of point i.
        gates: the gate of each shift.
        deltas: what each shift adds to its gate's angle, in radians.
    """

    angles: FloatArray
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
    places: dict[int, int] = {}
    vectors: list[FloatArray] = []
    row, first = [], [0]
    gates, deltas = [], []
    for point in points:
        place = places.setdefault(id(point.x), len(vectors))
        if place == len(vectors):
            vectors.append(point.x)
        row.append(place)
        for k, delta in point.shifts:
            gates.append(k)
            deltas.append(delta)
        first.append(len(gates))
    return PointArrays(
        np.array([angles_of(tables, circuit, x) for x in vectors]).reshape(
            len(vectors), len(tables.offsets)
        ),
        np.array(row, dtype=np.int64),
        np.array(first, dtype=np.int64),
        tables.parametric[gates] if gates else np.zeros(0, dtype=np.int64),
        np.array(deltas, dtype=np.float64),
    )

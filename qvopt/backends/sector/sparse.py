"""The sparse Hamiltonian times a vector, and what the kernels share around it.

Rows are kept in slices of eight, padded to the longest of a slice and stored lane by lane
(SELL-8: M. Kreutzer et al., SIAM J. Sci. Comput. 36, C401 (2014)), so that eight rows fill one
vector register.

No kernel of the engine is compiled with `fastmath`: a compiler that may reorder a sum decides by
where its arrays lie in memory (a check for overlap, made at run time, picks the vectorised loop or
the plain one), and the last bits of an energy then change from one process to the next. Sums that
should be vectorised are written by lanes instead, and cost no time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from qvopt_molecules.arrays import FloatArray, IndexArray

LANES = 8


@dataclass(frozen=True, eq=False)
class SlicedMatrix:
    """Lines `starts[s]` to `starts[s + 1]` are slice s; a line holds one element of eight rows."""

    dimension: int
    starts: IndexArray
    columns: npt.NDArray[np.uint32]
    values: FloatArray


def sliced(
    indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.uint32], data: FloatArray
) -> SlicedMatrix:
    """Bring compressed rows into slices."""
    dimension = len(indptr) - 1
    lengths = np.diff(indptr)
    n_slices = -(-dimension // LANES)
    padded = np.zeros(n_slices * LANES, dtype=np.int64)
    padded[:dimension] = lengths
    starts = np.concatenate([[0], np.cumsum(padded.reshape(n_slices, LANES).max(axis=1))])
    columns = np.zeros((starts[-1], LANES), dtype=np.uint32)
    values = np.zeros((starts[-1], LANES))
    row = np.repeat(np.arange(dimension), lengths)
    line = starts[row // LANES] + np.arange(len(data)) - indptr[row]
    columns[line, row % LANES] = indices
    values[line, row % LANES] = data
    return SlicedMatrix(dimension, starts.astype(np.uint64), columns, values)


class SparseHamiltonian:
    """The Hamiltonian of a small sector as a matrix, without E_core."""

    def __init__(self, matrix: SlicedMatrix) -> None:
        self.matrix = matrix
        self.arguments = (matrix.starts, matrix.columns, matrix.values)

    def multiply(self, psi: FloatArray, out: FloatArray) -> float:
        """out <- H psi, both flat; return ⟨psi|H|psi⟩."""
        return float(multiply(*self.arguments, psi, out))

    @property
    def nbytes(self) -> int:
        """Memory of the matrix."""
        return sum(part.nbytes for part in self.arguments)

    def pieces(self) -> list[tuple[Callable[[FloatArray, FloatArray], object], float]]:
        """The product as a piece to be timed, of which there is one; see `DirectHamiltonian`."""
        return [(self.multiply, 1.0)]


@njit(cache=True)
def multiply(starts, columns, values, x, y):  # type: ignore[no-untyped-def]
    """y <- A x; return x·y, summed by lanes."""
    lane, part = np.zeros(LANES), np.zeros(LANES)
    for s in range(len(starts) - 1):
        lane[:] = 0.0
        for k in range(starts[s], starts[s + 1]):
            for l in range(LANES):
                lane[l] += values[k, l] * x[columns[k, l]]
        first = s * LANES
        for l in range(min(LANES, len(y) - first)):
            y[first + l] = lane[l]
            part[l] += lane[l] * x[first + l]
    total = 0.0
    for l in range(LANES):
        total += part[l]
    return total


@njit(cache=True)
def interleave(psi, hpsi, z):  # type: ignore[no-untyped-def]
    """z[:, 0] <- psi, z[:, 1] <- hpsi."""
    for k in range(len(psi)):
        z[k, 0] = psi[k]
        z[k, 1] = hpsi[k]


@njit(cache=True)
def turn_all(angles, turns):  # type: ignore[no-untyped-def]
    """Write (cos θ/2, sin θ/2) of every angle into turns."""
    for k in range(len(angles)):
        turns[k, 0] = np.cos(0.5 * angles[k])
        turns[k, 1] = np.sin(0.5 * angles[k])


@njit(cache=True)
def set_turns(x, parametric, index, coefficient, offset, turns):  # type: ignore[no-untyped-def]
    """Write (cos θ/2, sin θ/2) of the parametric gates at x into turns."""
    for m in range(len(parametric)):
        half = 0.5 * (coefficient[m] * x[index[m]] + offset[m])
        turns[parametric[m], 0] = np.cos(half)
        turns[parametric[m], 1] = np.sin(half)


@njit(cache=True)
def pull_back(n_parameters, gates, parametric, index, coefficient):  # type: ignore[no-untyped-def]
    """∂E/∂x from ∂E/∂θ of the gates, tied parameters summed."""
    gradient = np.zeros(n_parameters)
    for m in range(len(parametric)):
        gradient[index[m]] += coefficient[m] * gates[parametric[m]]
    return gradient

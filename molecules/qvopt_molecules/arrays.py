"""Types of arrays, for annotations, and numbers from outside as an array."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]
MaskArray: TypeAlias = npt.NDArray[np.uint64]
"""Bit masks of qubits or orbitals, bit q being the q-th."""

IndexArray: TypeAlias = npt.NDArray[np.uint64]
"""Places in an array: unsigned, so that compiled loops need no check for negatives."""

BoolArray: TypeAlias = npt.NDArray[np.bool_]


_LINE = 64
"""Bytes of a cache line."""


def aligned_zeros(*shape: int) -> FloatArray:
    """Return zeros that begin at a cache line, which NumPy's own need not do.

    Elsewhere every other vector of four numbers lies in two lines, and kernels that do little else
    than load and store take up to half as long again.
    """
    size = math.prod(shape)
    spare = np.zeros(size + _LINE // 8)
    start = -spare.ctypes.data % _LINE // spare.itemsize
    return spare[start : start + size].reshape(shape)


def same(a: FloatArray, b: FloatArray) -> bool:
    """Whether two arrays have one shape and equal numbers; `numpy.array_equal` for arrays alone."""
    return a is b or (a.shape == b.shape and bool((a == b).all()))


def all_finite(values: npt.ArrayLike) -> bool:
    """Whether numbers hold neither NaN nor infinity."""
    if isinstance(values, float):
        return math.isfinite(values)
    finite = np.isfinite(values)
    return bool(np.count_nonzero(finite) == finite.size)  # a third of what `all` takes

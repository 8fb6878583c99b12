"""Types of arrays, for annotations, and numbers from outside as an array."""

from __future__ import annotations

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


def all_finite(values: npt.ArrayLike) -> bool:
    """Whether numbers hold neither NaN nor infinity."""
    return bool(np.isfinite(values).all())

"""Types of arrays, for annotations, and numbers from outside as an array."""

from __future__ import annotations

from typing import Any, TypeAlias

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


def as_reals(values: Any) -> FloatArray:
    """Return a new array of real numbers.

    Raises TypeError, ValueError or OverflowError for anything else, and for complex numbers, whose
    imaginary parts NumPy would drop.
    """
    array = np.asarray(values)
    if np.iscomplexobj(array):
        raise ValueError("real numbers are needed, got complex ones")
    return array.astype(np.float64)

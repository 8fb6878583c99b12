"""Numba, made ready for kernels that lie in its cache, without what they do not need."""

from __future__ import annotations

import sys


def prepare_numba() -> None:
    """Load numba's implementations of NumPy without importing SciPy's linear algebra.

    Numba imports scipy.linalg at its first kernel only to learn that there is a BLAS, which takes
    as long as the rest of a short run; ours call none. SciPy is a dependency, so that there is
    one. Numba asks again where a kernel that multiplies matrices is compiled, and gets the answer
    from SciPy. Nothing happens where SciPy's linear algebra or the implementations are loaded, or
    where a version of numba asks in another way.
    """
    if "scipy.linalg" in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    from numba.np import linalg

    asks = vars(linalg).get("ensure_blas")
    if asks is None or "numba.np.arraymath" in sys.modules:
        return
    vars(linalg)["ensure_blas"] = _taken_for_granted
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        vars(linalg)["ensure_blas"] = asks


def _taken_for_granted() -> None:
    """Stands for the question whether there is a BLAS."""

"""The quantum natural gradient, as a preconditioner that composes with any rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .protocol import Transform
from .validation import choice, not_negative, positive

FloatArray = npt.NDArray[np.float64]

KINDS = ("full", "block-diagonal", "diagonal")


def precondition_by_metric(
    metric: str = "block-diagonal", damping: float = 1e-2, max_norm: float | None = 1.0
) -> Transform:
    """u = (g₊ + λ 1)⁻¹ ∇E, with g₊ the Fubini-Study metric made positive semidefinite.

    g is a quarter of the quantum Fisher information. Directions that do not change the state have
    no metric: λ keeps them from exploding. `max_norm` bounds the Euclidean norm of u (a trust
    radius before the learning rate); None does not.

    References: J. Stokes, J. Izaac, N. Killoran, G. Carleo, arXiv:1909.02108; damping as in
    J. Martens, arXiv:1412.1193.
    """
    choice("metric", metric, KINDS)
    not_negative("damping", damping)
    if max_norm is not None:
        positive("max_norm", max_norm)

    def init(x: FloatArray, /) -> tuple[()]:
        return ()

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, tuple[()]]:
        values, vectors = np.linalg.eigh((extra["metric"] + extra["metric"].T) / 2)
        values = np.maximum(values, 0.0) + damping
        # Without damping the null space is left alone (pseudo-inverse).
        floor = 1e-12 * max(float(values.max(initial=0.0)), 1e-300)
        inverse = np.where(values > floor, 1.0 / np.maximum(values, floor), 0.0)
        out = vectors @ (inverse * (vectors.T @ updates))
        norm = float(np.linalg.norm(out))
        if max_norm is not None and norm > max_norm:
            out = out * (max_norm / norm)
        return out, ()

    return Transform(init, update, metric)  # type: ignore[arg-type]

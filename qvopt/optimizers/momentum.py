"""Heavy-ball momentum."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .protocol import Transform
from .validation import decay as check_decay

FloatArray = npt.NDArray[np.float64]


class TraceState(NamedTuple):
    """Velocity v."""

    velocity: FloatArray


def trace(decay: float = 0.9) -> Transform:
    """v <- decay · v + g;  u = v.

    Reference: B. T. Polyak, USSR Comput. Math. Math. Phys. 4, 1 (1964).
    """
    check_decay("decay", decay)

    def init(x: FloatArray, /) -> TraceState:
        return TraceState(np.zeros_like(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, TraceState]:
        velocity = decay * state.velocity + updates
        return velocity, TraceState(velocity)

    return Transform(init, update)

"""Heavy-ball and Nesterov momentum."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .protocol import Transform
from .validation import decay as check_decay


class TraceState(NamedTuple):
    """Velocity v."""

    velocity: FloatArray


def trace(decay: float = 0.9, nesterov: bool = False) -> Transform:
    """v <- β v + g;  u = v, or u = g + β v with `nesterov`.

    Nesterov's form is written in the look-ahead point, as PyTorch and optax write it, so that the
    gradient is taken at x itself. References: B. T. Polyak, USSR Comput. Math. Math. Phys. 4, 1
    (1964); Y. Nesterov, Dokl. AN SSSR 269, 543 (1983); I. Sutskever et al., ICML 2013.
    """
    check_decay("decay", decay)

    def init(x: FloatArray, /) -> TraceState:
        return TraceState(np.zeros_like(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, TraceState]:
        velocity = decay * state.velocity
        velocity += updates
        return (updates + decay * velocity if nesterov else velocity), TraceState(velocity)

    return Transform(init, update)

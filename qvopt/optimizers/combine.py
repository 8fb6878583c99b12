"""Transforms made of transforms, and the two that every rule ends with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .protocol import Transform

FloatArray = npt.NDArray[np.float64]


def chain(*transforms: Transform) -> Transform:
    """Apply transforms one after another: the updates of one feed the next."""

    def init(x: FloatArray, /) -> tuple[Any, ...]:
        return tuple(t.init(x) for t in transforms)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, tuple[Any, ...]]:
        states = []
        for transform, old in zip(transforms, state, strict=True):
            updates, new = transform.update(updates, old, x, **extra)
            states.append(new)
        return updates, tuple(states)

    needed = [t.metric for t in transforms if t.metric is not None]
    return Transform(init, update, needed[0] if needed else None)


def scale(factor: float) -> Transform:
    """u <- factor · u; a descent ends with scale(-learning_rate)."""

    def init(x: FloatArray, /) -> tuple[()]:
        return ()

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, tuple[()]]:
        return factor * updates, ()

    return Transform(init, update)

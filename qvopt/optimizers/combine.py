"""Transforms made of transforms, and the plain ones that rules begin or end with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .protocol import Transform
from .validation import decay as check_decay
from .validation import not_negative


def stateless(function: Callable[..., FloatArray]) -> Transform:
    """Make a transform of u <- function(u, x, **extra)."""

    def init(x: FloatArray, /) -> tuple[()]:
        return ()

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, tuple[()]]:
        return function(updates, x, **extra), ()

    return Transform(init, update)


def chain(*transforms: Transform) -> Transform:
    """Apply transforms one after another: the updates of one feed the next.

    Raises InputError if two of them need different metrics.
    """

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

    # optax's own transformations have no `metric`.
    needed = {m for t in transforms if (m := getattr(t, "metric", None)) is not None}
    if len(needed) > 1:
        raise InputError("a chain can use one metric, and these transforms ask for two")
    return Transform(init, update, needed.pop() if needed else None)


def scale(factor: float) -> Transform:
    """u <- factor · u; a descent ends with scale(-learning_rate)."""
    return stateless(lambda updates, x, **extra: factor * updates)


def add_decayed_weights(weight_decay: float) -> Transform:
    """u <- u + λ x.

    After an adaptive rule this is decoupled weight decay (AdamW); before it, L2 regularisation.
    It pulls towards x = 0, which for cluster amplitudes is the reference determinant.
    Reference: I. Loshchilov, F. Hutter, arXiv:1711.05101.
    """
    not_negative("weight_decay", weight_decay)

    def function(updates: FloatArray, x: FloatArray | None, **extra: Any) -> FloatArray:
        if x is None:
            raise InputError("weight decay needs the parameters: update(updates, state, x)")
        return updates + weight_decay * x

    return stateless(function)


def average_gradients(decay: float = 0.9, debias: bool = True) -> Transform:
    """m <- β m + (1 - β) g;  u = m / (1 - β^t), or m without `debias`.

    A running mean of the gradients; not Polyak's averaging of the iterates, which is `averaged`.
    """
    check_decay("decay", decay)

    def init(x: FloatArray, /) -> tuple[int, FloatArray]:
        return 0, np.zeros_like(x)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, tuple[int, FloatArray]]:
        step, mean = state[0] + 1, decay * state[1] + (1 - decay) * updates
        return mean / (1 - decay**step) if debias else mean, (step, mean)

    return Transform(init, update)

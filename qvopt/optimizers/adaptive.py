"""Adagrad, RMSProp and Adam: each parameter divided by the size of its own past gradients."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from .protocol import Transform
from .validation import choice, not_negative
from .validation import decay as check_decay

FloatArray = npt.NDArray[np.float64]
EpsilonPlace = Literal["inside", "outside"]


class SumState(NamedTuple):
    """G: the sum of squared gradients."""

    total: FloatArray


class SquareState(NamedTuple):
    """v: the running mean of squared gradients; m: of gradients (centred form only)."""

    square: FloatArray
    mean: FloatArray | None


class AdamState(NamedTuple):
    """t, m and v: steps so far, running means of gradients and of squared gradients."""

    step: int
    mean: FloatArray
    square: FloatArray


def root(square: FloatArray, epsilon: float, place: EpsilonPlace) -> FloatArray:
    """√(s + ε) with epsilon inside the root, √s + ε with it outside."""
    return np.sqrt(square + epsilon) if place == "inside" else np.sqrt(square) + epsilon


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """A parameter that never had a gradient does not move, also at ε = 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0.0)


def scale_by_adagrad(epsilon: float = 1e-8, epsilon_place: EpsilonPlace = "inside") -> Transform:
    """G <- G + g²;  u = g / √(G + ε)   (or g / (√G + ε) with epsilon_place "outside").

    Reference: J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2121 (2011).
    """
    not_negative("epsilon", epsilon)
    choice("epsilon_place", epsilon_place, ("inside", "outside"))

    def init(x: FloatArray, /) -> SumState:
        return SumState(np.zeros_like(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, SumState]:
        total = state.total + updates * updates
        return _divide(updates, root(total, epsilon, epsilon_place)), SumState(total)

    return Transform(init, update)


def scale_by_rms(
    decay: float = 0.9,
    epsilon: float = 1e-8,
    centered: bool = False,
    epsilon_place: EpsilonPlace = "outside",
) -> Transform:
    """v <- ρ v + (1 - ρ) g²;  u = g / (√v + ε);  centred: v - m² in place of v.

    Reference: T. Tieleman, G. Hinton, Coursera lecture 6.5 (2012); the centred form is
    A. Graves, arXiv:1308.0850.
    """
    check_decay("decay", decay)
    not_negative("epsilon", epsilon)
    choice("epsilon_place", epsilon_place, ("inside", "outside"))

    def init(x: FloatArray, /) -> SquareState:
        return SquareState(np.zeros_like(x), np.zeros_like(x) if centered else None)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, SquareState]:
        square = decay * state.square + (1 - decay) * updates * updates
        if state.mean is None:
            return _divide(updates, root(square, epsilon, epsilon_place)), SquareState(square, None)
        mean = decay * state.mean + (1 - decay) * updates
        spread = np.maximum(square - mean * mean, 0.0)
        scaled = _divide(updates, root(spread, epsilon, epsilon_place))
        return scaled, SquareState(square, mean)

    return Transform(init, update)


def scale_by_adam(
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    bias_correction: bool = True,
    epsilon_place: EpsilonPlace = "outside",
) -> Transform:
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g²;  u = m̂ / (√v̂ + ε).

    m̂ = m / (1 - b1^t) and v̂ = v / (1 - b2^t), or m and v without bias correction.
    Reference: D. P. Kingma, J. Ba, arXiv:1412.6980.
    """
    check_decay("b1", b1)
    check_decay("b2", b2)
    not_negative("epsilon", epsilon)
    choice("epsilon_place", epsilon_place, ("inside", "outside"))

    def init(x: FloatArray, /) -> AdamState:
        return AdamState(0, np.zeros_like(x), np.zeros_like(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, AdamState]:
        step = state.step + 1
        mean = b1 * state.mean + (1 - b1) * updates
        square = b2 * state.square + (1 - b2) * updates * updates
        new = AdamState(step, mean, square)
        if bias_correction:
            mean = mean / (1 - b1**step)
            square = square / (1 - b2**step)
        return _divide(mean, root(square, epsilon, epsilon_place)), new

    return Transform(init, update)

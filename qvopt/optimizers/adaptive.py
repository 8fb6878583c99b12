"""Adagrad, RMSProp and Adadelta: each parameter divided by the size of its own past gradients."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .protocol import Transform
from .validation import choice, not_negative
from .validation import decay as check_decay

EpsilonPlace = Literal["inside", "outside"]


class SumState(NamedTuple):
    """G: the sum of squared gradients."""

    total: FloatArray


class SquareState(NamedTuple):
    """v: the running mean of squared gradients; m: of gradients (centred form only)."""

    square: FloatArray
    mean: FloatArray | None


class DeltaState(NamedTuple):
    """Running means of squared gradients and of squared updates."""

    square: FloatArray
    moved: FloatArray


def divide_by_root(
    numerator: FloatArray, square: FloatArray, epsilon: float, place: EpsilonPlace
) -> FloatArray:
    """Return u/√(s + ε) with epsilon inside the root, u/(√s + ε) with it outside.

    At ε = 0 a parameter that never had a gradient does not move.
    """
    if place == "inside":
        root = square + epsilon
        np.sqrt(root, out=root)
    else:
        root = np.sqrt(square)
        root += epsilon
    if epsilon > 0.0:
        return np.divide(numerator, root, out=root)
    return np.divide(numerator, root, out=np.zeros_like(root), where=root > 0.0)


def running_mean(mean: FloatArray, value: FloatArray, decay: float) -> FloatArray:
    """Return β mean + (1 - β) value, in one new array beside the arguments."""
    new = (1 - decay) * value
    new += decay * mean
    return new


def _check(epsilon: float, place: str) -> None:
    not_negative("epsilon", epsilon)
    choice("epsilon_place", place, ("inside", "outside"))


def scale_by_adagrad(
    epsilon: float = 1e-8, epsilon_place: EpsilonPlace = "inside", initial: float = 0.0
) -> Transform:
    """G <- G + g²;  u = g / √(G + ε)   (or g / (√G + ε) with epsilon_place "outside").

    G starts at `initial`: 0 in the paper and in PyTorch (whose ε is outside), 0.1 in optax.
    Reference: J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2121 (2011).
    """
    _check(epsilon, epsilon_place)
    not_negative("initial", initial)

    def init(x: FloatArray, /) -> SumState:
        return SumState(np.full_like(x, initial))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, SumState]:
        total = updates * updates
        total += state.total
        return divide_by_root(updates, total, epsilon, epsilon_place), SumState(total)

    return Transform(init, update)


def scale_by_rms(
    decay: float = 0.9,
    epsilon: float = 1e-8,
    centered: bool = False,
    epsilon_place: EpsilonPlace = "outside",
) -> Transform:
    """v <- ρ v + (1 - ρ) g²;  u = g / (√v + ε);  centred: v - m² in place of v.

    PyTorch has ε outside the root, Graves and optax (by default) inside.
    References: T. Tieleman, G. Hinton, Coursera lecture 6.5 (2012); the centred form is
    A. Graves, arXiv:1308.0850.
    """
    check_decay("decay", decay)
    _check(epsilon, epsilon_place)

    def init(x: FloatArray, /) -> SquareState:
        return SquareState(np.zeros_like(x), np.zeros_like(x) if centered else None)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, SquareState]:
        square = running_mean(state.square, updates * updates, decay)
        if state.mean is None:
            scaled = divide_by_root(updates, square, epsilon, epsilon_place)
            return scaled, SquareState(square, None)
        mean = running_mean(state.mean, updates, decay)
        # Rounding can take v - m² of a constant gradient below zero.
        spread = np.maximum(square - mean * mean, 0.0)
        scaled = divide_by_root(updates, spread, epsilon, epsilon_place)
        return scaled, SquareState(square, mean)

    return Transform(init, update)


def scale_by_adadelta(decay: float = 0.9, epsilon: float = 1e-6) -> Transform:
    """v <- ρ v + (1 - ρ) g²;  u = g √(d + ε) / √(v + ε);  d <- ρ d + (1 - ρ) u².

    u has the units of x: the paper's learning rate is 1. It starts with steps of about √ε.
    Reference: M. D. Zeiler, arXiv:1212.5701.
    """
    check_decay("decay", decay)
    not_negative("epsilon", epsilon)

    def init(x: FloatArray, /) -> DeltaState:
        return DeltaState(np.zeros_like(x), np.zeros_like(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, DeltaState]:
        square = running_mean(state.square, updates * updates, decay)
        step = divide_by_root(updates, square, epsilon, "inside")
        step *= np.sqrt(state.moved + epsilon)
        return step, DeltaState(square, running_mean(state.moved, step * step, decay))

    return Transform(init, update)

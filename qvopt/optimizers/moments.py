"""Adam and its relatives: running means of the gradient and of its size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .adaptive import EpsilonPlace, divide_by_root, running_mean
from .protocol import Transform
from .validation import choice, flag, not_negative
from .validation import decay as check_decay


class AdamState(NamedTuple):
    """t, m and v: steps so far, running means of gradients and of squared gradients."""

    step: int
    mean: FloatArray
    square: FloatArray


class MaximumState(NamedTuple):
    """Adam's t, m and v, and the largest v so far."""

    step: int
    mean: FloatArray
    square: FloatArray
    largest: FloatArray


class NadamState(NamedTuple):
    """Adam's t, m and v, and the product of the momenta μ so far."""

    step: int
    mean: FloatArray
    square: FloatArray
    product: float


def _start(x: FloatArray, /) -> AdamState:
    return AdamState(0, np.zeros_like(x), np.zeros_like(x))


def _check(b1: float, b2: float, epsilon: float, place: str = "outside") -> None:
    check_decay("b1", b1)
    check_decay("b2", b2)
    not_negative("epsilon", epsilon)
    choice("epsilon_place", place, ("inside", "outside"))


def scale_by_adam(
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    bias_correction: bool = True,
    epsilon_place: EpsilonPlace = "outside",
) -> Transform:
    """m <- β₁ m + (1 - β₁) g;  v <- β₂ v + (1 - β₂) g²;  u = m̂ / (√v̂ + ε).

    m̂ = m / (1 - β₁^t) and v̂ = v / (1 - β₂^t), or m and v without bias correction.
    Reference: D. P. Kingma, J. Ba, arXiv:1412.6980.
    """
    _check(b1, b2, epsilon, epsilon_place)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, AdamState]:
        step = state.step + 1
        mean = running_mean(state.mean, updates, b1)
        square = running_mean(state.square, updates * updates, b2)
        if not bias_correction:
            scaled = divide_by_root(mean, square, epsilon, epsilon_place)
        else:
            scaled = divide_by_root(mean, square / (1 - b2**step), epsilon, epsilon_place)
            scaled /= 1 - b1**step
        return scaled, AdamState(step, mean, square)

    return Transform(_start, update)


def scale_by_amsgrad(
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    maximum_of: str = "corrected",
    bias_correction: bool = True,
) -> Transform:
    """Adam with v̂ replaced by the largest v̂ so far, so that no rate ever grows again.

    `maximum_of` "corrected" takes the maximum after the bias correction (optax), "raw" corrects
    the largest v (PyTorch). Without `bias_correction` it is the paper's u = m / (√max v + ε).
    Reference: S. J. Reddi, S. Kale, S. Kumar, arXiv:1904.09237.
    """
    _check(b1, b2, epsilon)
    choice("maximum_of", maximum_of, ("corrected", "raw"))
    raw = maximum_of == "raw"
    flag("bias_correction", bias_correction)

    def init(x: FloatArray, /) -> MaximumState:
        return MaximumState(*_start(x), np.zeros_like(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, MaximumState]:
        step = state.step + 1
        mean = running_mean(state.mean, updates, b1)
        square = running_mean(state.square, updates * updates, b2)
        correction = 1 - b2**step if bias_correction else 1.0
        largest = np.maximum(state.largest, square if raw else square / correction)
        scaled = divide_by_root(mean, largest / correction if raw else largest, epsilon, "outside")
        if bias_correction:
            scaled /= 1 - b1**step
        return scaled, MaximumState(step, mean, square, largest)

    return Transform(init, update)


def scale_by_adamax(b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8) -> Transform:
    """w <- max(β₂ w, |g| + ε);  u = m̂ / w: Adam with the infinity norm.

    Reference: D. P. Kingma, J. Ba, arXiv:1412.6980, section 7.1.
    """
    _check(b1, b2, epsilon)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, AdamState]:
        step = state.step + 1
        mean = running_mean(state.mean, updates, b1)
        size = np.maximum(b2 * state.square, np.abs(updates) + epsilon)
        scaled = np.divide(mean, size, out=np.zeros_like(mean), where=size > 0.0)
        scaled /= 1 - b1**step
        return scaled, AdamState(step, mean, size)

    return Transform(_start, update)


def scale_by_nadam(
    b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8, momentum_decay: float | None = None
) -> Transform:
    """Adam that looks ahead: m̂ = μ' m / (1 - Π μ μ') + (1 - μ) g / (1 - Π μ).

    With momentum_decay None μ = μ' = β₁ and Π = β₁^t (optax). With ψ a number, μ_t =
    β₁ (1 - ½ 0.96^(tψ)), μ' = μ_{t+1} and Π their product (the paper's schedule, PyTorch's ψ =
    0.004). Reference: T. Dozat, ICLR 2016 workshop.
    """
    _check(b1, b2, epsilon)
    if momentum_decay is not None:
        not_negative("momentum_decay", momentum_decay)

    def momentum(step: int) -> float:
        if momentum_decay is None:
            return b1
        return b1 * (1.0 - 0.5 * float(0.96 ** (step * momentum_decay)))

    def init(x: FloatArray, /) -> NadamState:
        return NadamState(*_start(x), 1.0)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, NadamState]:
        step = state.step + 1
        now, ahead = momentum(step), momentum(step + 1)
        product = state.product * now
        mean = running_mean(state.mean, updates, b1)
        square = running_mean(state.square, updates * updates, b2)
        seen = (ahead / (1 - product * ahead)) * mean
        seen += ((1 - now) / (1 - product)) * updates
        scaled = divide_by_root(seen, square / (1 - b2**step), epsilon, "outside")
        return scaled, NadamState(step, mean, square, product)

    return Transform(init, update)


def scale_by_belief(b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-16) -> Transform:
    """v <- β₂ v + (1 - β₂) (g - m)² + ε;  u = m̂ / (√v̂ + ε): large steps where gradients agree.

    Reference: J. Zhuang et al., arXiv:2010.07468.
    """
    _check(b1, b2, epsilon)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, AdamState]:
        step = state.step + 1
        mean = running_mean(state.mean, updates, b1)
        surprise = updates - mean
        surprise *= surprise
        square = running_mean(state.square, surprise, b2)
        square += epsilon
        scaled = divide_by_root(mean, square / (1 - b2**step), epsilon, "outside")
        scaled /= 1 - b1**step
        return scaled, AdamState(step, mean, square)

    return Transform(_start, update)


def scale_by_yogi(
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-3,
    initial: float = 1e-6,
    bias_correction: bool = True,
) -> Transform:
    """v <- v - (1 - β₂) sign(v - g²) g²;  u = m̂ / (√v̂ + ε): v moves by g² at most.

    v starts at `initial`, and so does m (as in optax). Without `bias_correction` it is the paper's
    u = m / (√v + ε), m starting at 0.
    Reference: M. Zaheer et al., NeurIPS 2018, "Adaptive methods for nonconvex optimization".
    """
    _check(b1, b2, epsilon)
    not_negative("initial", initial)
    flag("bias_correction", bias_correction)
    first = initial if bias_correction else 0.0

    def init(x: FloatArray, /) -> AdamState:
        return AdamState(0, np.full_like(x, first), np.full_like(x, initial))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, AdamState]:
        step = state.step + 1
        mean = running_mean(state.mean, updates, b1)
        squared = updates * updates
        square = state.square - (1 - b2) * np.sign(state.square - squared) * squared
        if not bias_correction:
            scaled = divide_by_root(mean, square, epsilon, "outside")
            return scaled, AdamState(step, mean, square)
        scaled = divide_by_root(mean, square / (1 - b2**step), epsilon, "outside")
        scaled /= 1 - b1**step
        return scaled, AdamState(step, mean, square)

    return Transform(init, update)


def scale_by_lion(b1: float = 0.9, b2: float = 0.99) -> Transform:
    """u = sign(β₁ m + (1 - β₁) g);  m <- β₂ m + (1 - β₂) g.

    Every parameter moves by the learning rate, whatever its gradient: noise too.
    Reference: X. Chen et al., arXiv:2302.06675.
    """
    _check(b1, b2, 0.0)

    def init(x: FloatArray, /) -> FloatArray:
        return np.zeros_like(x)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, FloatArray]:
        return np.sign(running_mean(state, updates, b1)), running_mean(state, updates, b2)

    return Transform(init, update)

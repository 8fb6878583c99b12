"""The quantum natural gradient, as a preconditioner that composes with any rule."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .protocol import MetricKind, MetricNeed, Transform
from .validation import choice, count, not_negative, positive
from .validation import decay as check_decay

Regularization = Literal["tikhonov", "adaptive", "pseudo-inverse"]

KINDS = ("full", "block-diagonal", "diagonal")


class MetricState(NamedTuple):
    """Metrics seen, their running mean, and the variance of its entries."""

    seen: int
    metric: FloatArray | None
    variance: FloatArray | None


def noise_level(variance: FloatArray | None) -> float:
    """Return √(max_i Σ_j Var g_ij), the size in operator norm of a metric's sampling error.

    It bounds that norm up to a logarithm of the dimension: J. A. Tropp, arXiv:1501.01571.
    """
    return 0.0 if variance is None else float(np.sqrt(np.max(np.sum(variance, axis=1), initial=0)))


def solve_metric(
    metric: FloatArray,
    gradient: FloatArray,
    regularization: Regularization,
    damping: float,
    noise: float = 0.0,
) -> FloatArray:
    """Return the regularised inverse of g₊ (g with negative eigenvalues set to zero) times ∇E.

    - "tikhonov": (g₊ + λ)⁻¹, λ = damping.
    - "adaptive": the same with λ = damping · max eigenvalue + noise, so that it follows the
      ansatz's scale, and grows where the metric is measured poorly.
    - "pseudo-inverse": directions with an eigenvalue below damping · max eigenvalue + noise are
      left alone, the others are not damped.
    """
    values, vectors = np.linalg.eigh((metric + metric.T) / 2)
    values = np.maximum(values, 0.0)
    largest = float(values.max(initial=0.0))
    floor = damping * largest + noise
    if regularization == "pseudo-inverse":
        inverse = np.where(values > floor, 1.0, 0.0) / np.where(values > floor, values, 1.0)
    else:
        damped = values + (damping if regularization == "tikhonov" else floor)
        # Without damping the null space is left alone.
        safe = damped > 1e-12 * max(largest, 1e-300)
        inverse = np.where(safe, 1.0, 0.0) / np.where(safe, damped, 1.0)
    return np.asarray(vectors @ (inverse * (vectors.T @ gradient)))


def precondition_by_metric(
    metric: MetricKind = "block-diagonal",
    damping: float = 1e-2,
    max_norm: float | None = 1.0,
    *,
    regularization: Regularization = "tikhonov",
    trust_radius: float | None = None,
    metric_decay: float = 0.0,
    metric_every: int = 1,
    metric_shots: int | None = None,
) -> Transform:
    """u = (g₊ + λ 1)⁻¹ ∇E, with g₊ the Fubini-Study metric made positive semidefinite.

    g is a quarter of the quantum Fisher information. Directions that do not change the state have
    no metric: λ keeps them from exploding.

    Args:
        metric: "full", "block-diagonal" (parameters of one layer) or "diagonal".
        damping: λ, or the fraction of the largest eigenvalue; see `solve_metric`.
        max_norm: bound on the Euclidean norm of u (before the learning rate); None for none.
        regularization: "tikhonov", "adaptive" or "pseudo-inverse"; see `solve_metric`.
        trust_radius: bound on √(uᵀ g u), the distance in state space (radians, before the
            learning rate); None for none.
        metric_decay: β of a running mean ḡ <- β ḡ + (1 - β) g over the steps (bias-corrected).
        metric_every: measure the metric every that many steps, and reuse it between.
        metric_shots: shots of each circuit of a metric; 0 is exact, on simulators only.

    References: J. Stokes, J. Izaac, N. Killoran, G. Carleo, arXiv:1909.02108; damping as in
    J. Martens, arXiv:1412.1193; running mean of metrics: J. Gacon et al., arXiv:2103.09232.
    """
    choice("metric", metric, KINDS)
    choice("regularization", regularization, ("tikhonov", "adaptive", "pseudo-inverse"))
    not_negative("damping", damping)
    check_decay("metric_decay", metric_decay)
    count("metric_every", metric_every)
    for name, bound in (("max_norm", max_norm), ("trust_radius", trust_radius)):
        if bound is not None:
            positive(name, bound)
    if metric_shots is not None:
        not_negative("metric_shots", metric_shots)

    def init(x: FloatArray, /) -> MetricState:
        return MetricState(0, None, None)

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, MetricState]:
        if extra.get("metric") is not None:
            state = _average(state, extra["metric"], extra.get("metric_variance"), metric_decay)
        if state.metric is None:
            raise InputError("the natural gradient needs the metric: update(…, metric=…)")
        correction = 1 - metric_decay**state.seen
        g = state.metric / correction
        noise = noise_level(state.variance) / correction
        out = solve_metric(g, updates, regularization, damping, noise)
        norm = float(np.linalg.norm(out))
        if max_norm is not None and norm > max_norm:
            out = out * (max_norm / norm)
        distance = float(np.sqrt(max(out @ g @ out, 0.0)))
        if trust_radius is not None and distance > trust_radius:
            out = out * (trust_radius / distance)
        return out, state

    return Transform(init, update, MetricNeed(metric, metric_shots, metric_every))


def _average(
    state: MetricState, metric: FloatArray, variance: FloatArray | None, decay: float
) -> MetricState:
    if decay == 0.0 or state.metric is None:
        scaled = None if variance is None else (1 - decay) ** 2 * variance
        return MetricState(state.seen + 1, (1 - decay) * metric, scaled)
    mean = decay * state.metric + (1 - decay) * metric
    spread = None
    if state.variance is not None and variance is not None:
        spread = decay**2 * state.variance + (1 - decay) ** 2 * variance
    return MetricState(state.seen + 1, mean, spread)

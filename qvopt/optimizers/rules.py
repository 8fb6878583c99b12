"""First-order rules by their names in the field: each a chain of transforms, driven by descent.

Learning rates are in units of the parameters (cluster amplitudes or radians).
"""

from __future__ import annotations

from .adaptive import EpsilonPlace, scale_by_adagrad, scale_by_adam, scale_by_rms
from .combine import chain, scale
from .descent import descent
from .momentum import trace
from .natural_gradient import precondition_by_metric
from .protocol import Optimizer
from .validation import positive


def gradient_descent(*, learning_rate: float = 0.02, tolerance: float = 1e-6) -> Optimizer:
    """x <- x - η g.  A. Cauchy (1847)."""
    rate = positive("learning_rate", learning_rate)
    return descent(scale(-rate), tolerance=tolerance)


def momentum(
    *, learning_rate: float = 0.003, decay: float = 0.9, tolerance: float = 1e-6
) -> Optimizer:
    """v <- β v + g;  x <- x - η v.  Polyak, USSR Comput. Math. Math. Phys. 4, 1 (1964)."""
    rate = positive("learning_rate", learning_rate)
    return descent(chain(trace(decay), scale(-rate)), tolerance=tolerance)


def adagrad(
    *,
    learning_rate: float = 0.015,
    epsilon: float = 1e-8,
    epsilon_place: EpsilonPlace = "inside",
    tolerance: float = 1e-6,
) -> Optimizer:
    """G <- G + g²;  x <- x - η g / √(G + ε).  Duchi, Hazan, Singer, JMLR 12, 2121 (2011)."""
    rate = positive("learning_rate", learning_rate)
    return descent(
        chain(scale_by_adagrad(epsilon, epsilon_place), scale(-rate)), tolerance=tolerance
    )


def rmsprop(
    *,
    learning_rate: float = 0.003,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    centered: bool = False,
    epsilon_place: EpsilonPlace = "outside",
    tolerance: float = 1e-6,
) -> Optimizer:
    """v <- ρ v + (1-ρ) g²;  x <- x - η g / (√v + ε).  Tieleman & Hinton (2012)."""
    rate = positive("learning_rate", learning_rate)
    rule = scale_by_rms(decay, epsilon, centered, epsilon_place)
    return descent(chain(rule, scale(-rate)), tolerance=tolerance)


def adam(
    *,
    learning_rate: float = 0.005,
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    bias_correction: bool = True,
    epsilon_place: EpsilonPlace = "outside",
    tolerance: float = 1e-6,
) -> Optimizer:
    """x <- x - η m̂ / (√v̂ + ε).  Kingma & Ba, arXiv:1412.6980."""
    rate = positive("learning_rate", learning_rate)
    rule = scale_by_adam(b1, b2, epsilon, bias_correction, epsilon_place)
    return descent(chain(rule, scale(-rate)), tolerance=tolerance)


def natural_gradient_descent(
    *,
    learning_rate: float = 0.05,
    metric: str = "block-diagonal",
    damping: float = 1e-2,
    max_norm: float | None = 1.0,
    tolerance: float = 1e-6,
) -> Optimizer:
    """x <- x - η (g + λ)⁻¹ ∇E, g the Fubini-Study metric.  Stokes et al., arXiv:1909.02108."""
    rate = positive("learning_rate", learning_rate)
    rule = precondition_by_metric(metric, damping, max_norm)
    return descent(chain(rule, scale(-rate)), tolerance=tolerance)

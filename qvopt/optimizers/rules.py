"""First-order rules by their names in the field: each a chain of transforms, driven by descent.

Every rule takes, beside its own, the hyper-parameters of `first_order`. Learning rates are in
units of the parameters (cluster amplitudes or radians); their defaults come from the search in
`benchmarks/tuning.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

from qvopt_molecules.errors import unknown_name

from .adaptive import EpsilonPlace, scale_by_adadelta, scale_by_adagrad, scale_by_rms
from .clipping import clip, clip_by_global_norm, clip_by_noise, clip_by_rms
from .combine import add_decayed_weights, chain, scale
from .descent import averaged, descent
from .gradient_trace import trace
from .grouped import group_of, scale_by_blocks, scale_by_factored_rms, scale_by_size
from .hessian import classical_hessian, precondition_by_hessian
from .moments import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_lion,
    scale_by_nadam,
    scale_by_yogi,
)
from .natural_gradient import precondition_by_metric
from .protocol import Landscape, Optimizer, Transform
from .schedules import get_schedule, scale_by_schedule
from .validation import decay as check_decay
from .validation import flag, not_negative, positive

UpdateRule = Transform | Callable[[Landscape], Transform]


class Factory(Protocol):
    """Makes an optimizer from keyword hyper-parameters."""

    def __call__(self, **hyperparameters: Any) -> Optimizer:
        """Return the optimizer."""
        ...


def assemble(
    rule: UpdateRule,
    *,
    learning_rate: float,
    schedule: str = "constant",
    schedule_steps: int = 300,
    warm_up: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    clip_noise: float | None = None,
    weight_decay: float = 0.0,
    averaging: float = 0.0,
    reject: float | None = None,
    precondition: bool = False,
    tolerance: float = 1e-6,
) -> Optimizer:
    """Drive x <- x - η f(t) [rule(clip(∇E)) + λ x].

    Args:
        rule: a transform without learning rate, or a function that makes one for a landscape.
        learning_rate: η.
        schedule: f: "constant", "step", "exponential", "cosine" or "inverse-time".
        schedule_steps: steps that the schedule is shaped to; give the run's max_steps.
        warm_up: first steps over which the rate rises linearly.
        clip_value, clip_norm: bounds on each component, and on the norm, of the gradient.
        clip_noise: bound on the gradient's norm in units of its standard error.
        weight_decay: λ, decoupled.
        averaging: β of a running mean of the iterates that is reported in their place; 0 is off.
        precondition: hand P⁻¹∇E to the rule, P the Hessian at the reference, which is known without
            shots for circuits of excitations (`classical_hessian`).
        reject: take back steps that raise the measured energy by that many standard errors.
        tolerance: exact gradients stop the run at this norm.
    """
    rate = positive("learning_rate", learning_rate)
    not_negative("weight_decay", weight_decay)
    check_decay("averaging", averaging)
    flag("precondition", precondition)
    before: list[Transform] = []
    if clip_value is not None:
        before.append(clip(clip_value))
    if clip_norm is not None:
        before.append(clip_by_global_norm(clip_norm))
    if clip_noise is not None:
        before.append(clip_by_noise(clip_noise))
    after = [add_decayed_weights(weight_decay)] if weight_decay else []
    plain = schedule == "constant" and warm_up == 0
    after.append(
        scale(-rate)
        if plain
        else scale_by_schedule(get_schedule(schedule, schedule_steps, warm_up), -rate)
    )

    def whole(landscape: Landscape) -> Transform:
        inner = rule if isinstance(rule, tuple) else rule(landscape)
        if not precondition:
            return chain(*before, inner, *after)
        hessian = precondition_by_hessian(classical_hessian(landscape))
        return chain(*before, hessian, inner, *after)

    at_once = rule if isinstance(rule, tuple) and not precondition else None
    transform = whole if at_once is None else chain(*before, at_once, *after)
    optimizer = descent(transform, tolerance=tolerance, reject=reject)
    return averaged(optimizer, averaging) if averaging else optimizer


def first_order(**defaults: float) -> Callable[[Callable[..., UpdateRule]], Factory]:
    """Make the factory of a named optimizer from a function that returns its rule."""

    def decorate(rule: Callable[..., UpdateRule]) -> Factory:
        own = inspect.signature(rule, eval_str=True).parameters
        common = {
            name: p.replace(default=defaults.get(name, p.default))
            for name, p in inspect.signature(assemble, eval_str=True).parameters.items()
            if name != "rule"
        }
        first = {"learning_rate": common.pop("learning_rate")}
        parameters = [*first.values(), *own.values(), *common.values()]
        known = [p.name for p in parameters]

        def factory(**hyperparameters: Any) -> Optimizer:
            for key in hyperparameters:
                if key not in known:
                    raise unknown_name("hyper-parameter", key, known)
            values = {**defaults, **hyperparameters}
            mine = {k: values.pop(k) for k in tuple(values) if k in own}
            return assemble(rule(**mine), **values)

        factory.__name__ = factory.__qualname__ = rule.__name__
        factory.__doc__ = rule.__doc__
        factory.__module__ = rule.__module__
        factory.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return factory

    return decorate


@first_order(learning_rate=0.02)
def gradient_descent() -> UpdateRule:
    """x <- x - η g.  A. Cauchy, C. R. Acad. Sci. 25, 536 (1847)."""
    return scale(1.0)


@first_order(learning_rate=0.003)
def momentum(*, decay: float = 0.9) -> UpdateRule:
    """v <- β v + g;  x <- x - η v.  Polyak, USSR Comput. Math. Math. Phys. 4, 1 (1964)."""
    return trace(decay)


@first_order(learning_rate=0.003)
def nesterov(*, decay: float = 0.9) -> UpdateRule:
    """v <- β v + g;  x <- x - η (g + β v).  Nesterov, Dokl. AN SSSR 269, 543 (1983)."""
    return trace(decay, nesterov=True)


@first_order(learning_rate=0.02)
def adagrad(
    *, epsilon: float = 1e-8, epsilon_place: EpsilonPlace = "inside", initial: float = 0.0
) -> UpdateRule:
    """G <- G + g²;  x <- x - η g / √(G + ε).  Duchi, Hazan, Singer, JMLR 12, 2121 (2011)."""
    return scale_by_adagrad(epsilon, epsilon_place, initial)


@first_order(learning_rate=0.002)
def rmsprop(
    *,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    centered: bool = False,
    momentum: float = 0.0,
    epsilon_place: EpsilonPlace = "outside",
) -> UpdateRule:
    """v <- ρ v + (1-ρ) g²;  x <- x - η g / (√v + ε).  Tieleman & Hinton (2012)."""
    rule = scale_by_rms(decay, epsilon, centered, epsilon_place)
    return chain(rule, trace(momentum)) if momentum else rule


@first_order(learning_rate=1.0)
def adadelta(*, decay: float = 0.9, epsilon: float = 1e-6) -> UpdateRule:
    """x <- x - η g √(d + ε) / √(v + ε), d the mean of u².  Zeiler, arXiv:1212.5701."""
    return scale_by_adadelta(decay, epsilon)


@first_order(learning_rate=0.002)
def adam(
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    bias_correction: bool = True,
    epsilon_place: EpsilonPlace = "outside",
) -> UpdateRule:
    """x <- x - η m̂ / (√v̂ + ε).  Kingma & Ba, arXiv:1412.6980."""
    return scale_by_adam(b1, b2, epsilon, bias_correction, epsilon_place)


@first_order(learning_rate=0.005)
def amsgrad(
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    maximum_of: str = "corrected",
    bias_correction: bool = True,
) -> UpdateRule:
    """Adam with the largest v̂ so far.  Reddi, Kale, Kumar, arXiv:1904.09237.

    The paper's own form is without `bias_correction`.
    """
    return scale_by_amsgrad(b1, b2, epsilon, maximum_of, bias_correction)


@first_order(learning_rate=0.005)
def adamax(*, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8) -> UpdateRule:
    """w <- max(β₂ w, |g| + ε);  x <- x - η m̂ / w.  Kingma & Ba, arXiv:1412.6980."""
    return scale_by_adamax(b1, b2, epsilon)


@first_order(learning_rate=0.002)
def nadam(
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
    momentum_decay: float | None = None,
) -> UpdateRule:
    """Adam with Nesterov's look-ahead.  Dozat, ICLR workshop (2016)."""
    return scale_by_nadam(b1, b2, epsilon, momentum_decay)


@first_order(learning_rate=0.002, weight_decay=0.01)
def adamw(*, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8) -> UpdateRule:
    """x <- x - η (m̂ / (√v̂ + ε) + λ x).  Loshchilov & Hutter, arXiv:1711.05101."""
    return scale_by_adam(b1, b2, epsilon)


@first_order(learning_rate=0.001)
def adabelief(*, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-16) -> UpdateRule:
    """Adam with v the mean of (g - m)².  Zhuang et al., arXiv:2010.07468."""
    return scale_by_belief(b1, b2, epsilon)


@first_order(learning_rate=0.002)
def yogi(
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-3,
    initial: float = 1e-6,
    bias_correction: bool = True,
) -> UpdateRule:
    """Adam with v <- v - (1-β₂) sign(v - g²) g².  Zaheer et al., NeurIPS (2018).

    The paper's own form is without `bias_correction`.
    """
    return scale_by_yogi(b1, b2, epsilon, initial, bias_correction)


@first_order(learning_rate=0.005)
def lion(*, b1: float = 0.9, b2: float = 0.99) -> UpdateRule:
    """x <- x - η sign(β₁ m + (1-β₁) g).  Chen et al., arXiv:2302.06675."""
    return scale_by_lion(b1, b2)


@first_order(learning_rate=0.003)
def adafactor(
    *,
    rows: str = "row",
    columns: str = "column",
    decay_power: float = 0.8,
    epsilon: float = 1e-30,
    momentum: float = 0.9,
    clip_update: float = 1.0,
    relative_step: bool = False,
    smallest_scale: float = 1e-3,
) -> UpdateRule:
    """x <- x - η clip(g / √(R C / mean R)), R, C means of g².  Shazeer, Stern, arXiv:1804.04235.

    `rows` and `columns` name groupings of the parameters: for excitations the orbitals emptied
    and filled. `momentum` averages the updates (the paper's β₁, which costs n numbers; 0 is off).
    With `relative_step` every step is multiplied by max(ε₂, RMS(x)) · min(1, 100/√t), ε₂ being
    `smallest_scale`: at learning_rate = 0.01 that is the paper's ρ_t = min(10⁻², 1/√t). It is off,
    since amplitudes start at zero, where the size of x says nothing.
    """
    check_decay("momentum", momentum)
    flag("relative_step", relative_step)
    positive("smallest_scale", smallest_scale)
    relative = [scale_by_size(smallest_scale)] if relative_step else []

    def make(landscape: Landscape) -> Transform:
        rule = scale_by_factored_rms(
            group_of(landscape, rows), group_of(landscape, columns), decay_power, epsilon
        )
        means = [scale(1 - momentum), trace(momentum)] if momentum else []
        return chain(rule, clip_by_rms(clip_update), *relative, *means)

    return make


@first_order(learning_rate=0.002)
def blockwise(
    *, groups: str = "class", b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8
) -> UpdateRule:
    """Adam with one v for each block, the mean of g² over it.  Zheng & Kwok, arXiv:1905.09899.

    `groups` names the grouping: "class" (kinds of excitations), "layer", "row" or "column".
    """
    return lambda landscape: scale_by_blocks(group_of(landscape, groups), b1, b2, epsilon)


def _with_metric() -> Callable[[Callable[..., UpdateRule]], Callable[..., UpdateRule]]:
    """Give a rule the hyper-parameters of the metric in its signature."""

    def decorate(rule: Callable[..., UpdateRule]) -> Callable[..., UpdateRule]:
        metric = inspect.signature(precondition_by_metric, eval_str=True).parameters.values()
        keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in metric]
        own = [
            p
            for p in inspect.signature(rule, eval_str=True).parameters.values()
            if p.kind != p.VAR_KEYWORD
        ]
        rule.__signature__ = inspect.Signature([*own, *keyword])  # type: ignore[attr-defined]
        return rule

    return decorate


@first_order(learning_rate=0.05)
@_with_metric()
def natural_gradient_descent(**metric: Any) -> UpdateRule:
    """x <- x - η (g + λ)⁻¹ ∇E, g the Fubini-Study metric.  Stokes et al., arXiv:1909.02108."""
    return precondition_by_metric(**metric)


@first_order(learning_rate=0.006)
@_with_metric()
def natural_gradient_momentum(*, decay: float = 0.9, **metric: Any) -> UpdateRule:
    """v <- β v + (g + λ)⁻¹ ∇E;  x <- x - η v.  Borysenko et al., arXiv:2409.01978."""
    return chain(precondition_by_metric(**metric), trace(decay))


@first_order(learning_rate=0.005)
@_with_metric()
def natural_gradient_adam(
    *, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8, **metric: Any
) -> UpdateRule:
    """Adam on the natural gradient (g + λ)⁻¹ ∇E.  A composition of the two papers' rules."""
    return chain(precondition_by_metric(**metric), scale_by_adam(b1, b2, epsilon))

"""What each hyper-parameter of our optimizers means: its range, its unit, one line of meaning.

One word means one thing in all optimizers, but for the few in `_SPECIAL`. `check_options` refuses a
value out of its range before an optimizer is made; `qvopt list optimizers NAME` prints the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from qvopt_molecules.errors import InputError, unknown_name

from .validation import (
    choice,
    count,
    decay,
    flag,
    fraction,
    not_negative,
    positive,
    repeats,
    several,
    whole,
)

_RANGES: Final[Mapping[str, Callable[[str, Any], object]]] = MappingProxyType(
    {
        "> 0": positive,
        ">= 0": not_negative,
        "[0, 1)": decay,
        "true or false": flag,
        "whole, >= 1": count,
        "whole, 1 to 10,000": repeats,
        "whole, 2 to 10,000": several,
        "whole, >= 0": whole,
        "(0, 1)": fraction,
    }
)


@dataclass(frozen=True)
class Option:
    """A hyper-parameter: its range (or the words it takes), its unit, and what it means.

    Attributes:
        range: a key of the ranges above, a tuple of words, or free text that nothing checks here.
        unit: of its value; empty for pure numbers.
        meaning: one line, with the symbol of the formula where it has one.
    """

    range: str | tuple[str, ...]
    unit: str
    meaning: str

    @property
    def range_text(self) -> str:
        """The range in words."""
        return ", ".join(self.range) if isinstance(self.range, tuple) else self.range

    def check(self, name: str, value: Any) -> None:
        """Raise InputError where a value is out of range."""
        if isinstance(self.range, tuple):
            choice(name, value, self.range)
        elif self.range in _RANGES:
            _RANGES[self.range](name, value)


_X: Final = "parameters"  # cluster amplitudes, or radians
_NORM: Final = "Hartree per parameter"
_STEPS: Final = "steps"

_OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        # of every first-order rule
        "learning_rate": Option("> 0", "", "η, the length of a step for an update of one"),
        "schedule": Option(
            ("constant", "step", "exponential", "cosine", "inverse-time"), "",
            "how the learning rate falls",
        ),
        "schedule_steps": Option("whole, >= 1", _STEPS, "length the schedule is shaped to"),
        "warm_up": Option("whole, >= 0", _STEPS, "steps over which the rate rises linearly"),
        "clip_value": Option("> 0", _NORM, "bound on each component of the gradient"),
        "clip_norm": Option("> 0", _NORM, "bound on the norm of the gradient"),
        "clip_noise": Option("> 0", "standard errors", "bound on the gradient's norm"),
        "weight_decay": Option(">= 0", "", "λ, decoupled: x <- x - η λ x"),
        "averaging": Option("[0, 1)", "", "β of the running mean of iterates; 0 is off"),
        "reject": Option(">= 0", "standard errors", "rise of the energy that takes a step back"),
        "precondition": Option("true or false", "", "P⁻¹∇E instead of ∇E, P the classical Hessian"),
        "tolerance": Option(">= 0", _NORM, "norm of an exact gradient that ends the run"),
        # of moments
        "b1": Option("[0, 1)", "", "β₁, decay of the mean of gradients"),
        "b2": Option("[0, 1)", "", "β₂, decay of the mean of squared gradients"),
        "decay": Option("[0, 1)", "", "decay of the running mean"),
        "epsilon": Option(">= 0", "", "ε, which keeps divisors from zero"),
        "epsilon_place": Option(("inside", "outside"), "", "ε inside or outside the root"),
        "initial": Option(">= 0", "", "where the mean of squares starts"),
        "bias_correction": Option("true or false", "", "divide the means by 1 - β^t"),
        "centered": Option("true or false", "", "subtract the squared mean: a variance"),
        "maximum_of": Option(("corrected", "raw"), "", "which second moment's maximum is kept"),
        "momentum": Option("[0, 1)", "", "decay of the mean of updates; 0 is off"),
        "momentum_decay": Option(">= 0", "", "schedule of β₁ as in the paper; none is constant"),
        "decay_power": Option("> 0", "", "β_t = 1 - t^(-power)"),
        "clip_update": Option("> 0", "", "bound on the root mean square of an update"),
        "rows": Option("a grouping", "", "grouping of the parameters that makes the rows"),
        "columns": Option("a grouping", "", "grouping of the parameters that makes the columns"),
        "groups": Option("a grouping", "", "class, layer, row or column"),
        # of the natural gradient
        "metric": Option(("full", "block-diagonal", "diagonal"), "", "which entries are measured"),
        "damping": Option(">= 0", "", "λ added to the metric, or the share of its largest value"),
        "max_norm": Option("> 0", _X, "bound on the update's norm, before the learning rate"),
        "regularization": Option(
            ("tikhonov", "adaptive", "pseudo-inverse"), "", "how a singular metric is solved"
        ),
        "trust_radius": Option("> 0", "radians", "bound on the distance in state space"),
        "metric_decay": Option("[0, 1)", "", "decay of the running mean of metrics"),
        "metric_every": Option("whole, >= 1", _STEPS, "how often the metric is measured"),
        "metric_shots": Option("whole, >= 0", "shots", "of each circuit of a metric; 0 is exact"),
        # of SPSA
        "perturbation": Option("> 0", _X, "c, how far the two points are apart at first"),
        "alpha": Option("> 0", "", "exponent of the falling rate"),
        "gamma": Option(">= 0", "", "exponent of the falling perturbation"),
        "stability": Option(">= 0", _STEPS, "A, which tames the first steps"),
        "averages": Option("whole, 1 to 10,000", "", "perturbations averaged in a step"),
        "target_step": Option("> 0", _X, "first move of each parameter, for the calibration"),
        "calibration_pairs": Option("whole, 1 to 10,000", "", "pairs of energies to calibrate"),
        "blocking": Option("true or false", "", "refuse a step that raises the energy"),
        "allowed_increase": Option(">= 0", "standard errors", "rise that blocking allows"),
        "curvature_bound": Option(
            "true or false", "", "bound the calibrated gain by the curvature that the pairs show"
        ),
        "second_order": Option("true or false", "", "2-SPSA: estimate the Hessian as well"),
        "fidelity_shots": Option("whole, >= 1", "shots", "of a fidelity; none: of an energy"),
        # of single rules
        "relative_step": Option("true or false", "", "steps in proportion to the parameters"),
        "smallest_scale": Option("> 0", _X, "ε₂, the least size that they are in proportion to"),
        "negative_curvature": Option(("damp", "skip"), "", "what a pair of it is treated with"),
        # of coordinate solvers
        "shuffle": Option("true or false", "", "a new order for each sweep"),
        "reuse": Option("true or false", "", "take the energy from the minimum just found"),
        "reset": Option("whole, >= 1", "parameters", "after which it is measured again"),
        "significance": Option(">= 0", "standard errors", "least gain or curvature that counts"),
        # of shot-frugal rules
        "lipschitz": Option("> 0", "Hartree per parameter²", "L, bound on the curvature"),
        "min_shots": Option("whole, >= 1", "shots", "least of one component"),
        "max_shots": Option("whole, >= 1", "shots", "most of one component"),
        "bias": Option("> 0", "", "b of the floor b μ^k under the squared gradient"),
        "careful_start": Option("true or false", "", "let no noise lead the first steps uphill"),
        # of quasi-Newton methods and searches
        "memory": Option("whole, >= 1", "pairs", "steps that the curvature is made of"),
        "first_step": Option("> 0", _X, "length of the first trial step"),
        "max_line_search": Option("whole, >= 1", "", "trial points in one line search"),
        "max_step": Option("> 0", _X, "longest step"),
        "min_curvature": Option("> 0", "Hartree per parameter²", "least curvature of the model"),
        "max_backtracking": Option("whole, >= 1", "", "halvings before a step is given up"),
        "relaxation": Option(">= 0", "standard errors", "noise that the line search lets pass"),
        "step": Option("> 0", _X, "first standard deviation of the search"),
        "population": Option("whole, 2 to 10,000", "points", "points of a round; none: 4 + 3 ln n"),
        "noisy": Option("true or false", "", "restart, and fit where noise rules"),
        "adaptive": Option("true or false", "", "scale the simplex's moves with n"),
        # of the Kalman-Newton method
        "expected_error": Option(
            "> 0", "Hartree", "expected error that ends the run; none: that of [stopping], under "
            "shots 0.0016 by default, and no end but the budget's where optimizer and budget are "
            "given",
        ),
        "confidence": Option(
            "(0, 1)", "", "end at this probability of that error instead; none: that of "
            "[stopping], 0.95 with its default error",
        ),
        "shrink": Option("(0, 1)", "", "factor by which a round lowers the expected error"),
        "remainder": Option(">= 0", "", "share of a step that a quadratic model leaves out"),
        "longest_step": Option("> 0", "radians", "bound on a step of each parameter"),
        "classical_start": Option("true or false", "", "begin at the best classical start"),
        "start_shots": Option("whole, >= 1", "shots", "of the energy of each classical start"),
        "learn_curvature": Option("true or false", "", "measure second derivatives"),
    }
)  # fmt: skip

_CHANGE: Final = Option("> 0", "", "relative change of the energy that ends the search")
_RADIUS: Final = Option(">= 0", _X, "radius of the trust region that ends the search")
_GRADIENT: Final = Option("> 0", _NORM, "norm of the gradient that ends the search")
_SIZE: Final = Option("> 0", "Hartree, parameters", "spread of the points that ends the search")
_SWEEP: Final = Option(">= 0", "Hartree", "gain of a sweep of exact energies that ends the run")
_SHIFT: Final = Option("> 0", "", "added to the absolute Hessian or metric")
_PLAIN: Final = replace(_OPTIONS["learning_rate"], unit="parameters² per Hartree")
_NORMED: Final = Option("> 0", _X, "η, about the length of each parameter's step")
_GAIN: Final = Option("> 0", "parameters² per Hartree", "a, the gain; none calibrates it")


def _for(names: str, option: str, entry: Option) -> dict[tuple[str, str], Option]:
    return {(name, option): entry for name in names.split()}


_SPECIAL: Final[Mapping[tuple[str, str], Option]] = MappingProxyType(
    {
        **_for("powell slsqp tnc", "tolerance", _CHANGE),
        **_for("bobyqa", "tolerance", _RADIUS),
        **_for("cobyla", "tolerance", replace(_RADIUS, range="> 0")),
        **_for("bfgs conjugate-gradient", "tolerance", _GRADIENT),
        **_for("nelder-mead cma-es", "tolerance", _SIZE),
        **_for("rotosolve excitation-solve", "tolerance", _SWEEP),
        **_for("spsa qn-spsa", "regularization", _SHIFT),
        **_for("spsa qn-spsa", "learning_rate", _GAIN),
        **_for(
            "gradient-descent momentum nesterov icans gcans rosalin", "learning_rate", _PLAIN
        ),
        **_for(
            "adagrad rmsprop adam amsgrad adamax nadam adamw adabelief yogi lion adafactor "
            "blockwise qng-adam", "learning_rate", _NORMED,
        ),
    }
)  # fmt: skip


def steps_by_its_rate(optimizer: str) -> bool:
    """Whether each step of an optimizer is about its learning rate long in every parameter."""
    return _SPECIAL.get((optimizer, "learning_rate")) is _NORMED


def option_of(optimizer: str, name: str) -> Option | None:
    """The entry of a hyper-parameter; None for a third party's."""
    return _SPECIAL.get((optimizer, name), _OPTIONS.get(name))


def check_options(optimizer: str, values: Mapping[str, Any], optional: Container[str]) -> None:
    """Raise InputError for a value out of range, or of another type.

    Args:
        optimizer: registered name of one of ours.
        values: hyper-parameters that are given.
        optional: those that may be None.
    """
    for name, value in values.items():
        option = option_of(optimizer, name)
        if option is None or (value is None and name in optional):
            continue
        if name == "schedule" and isinstance(value, str) and value not in option.range:
            raise unknown_name("schedule", value, option.range)
        if value is None:
            raise InputError(f"{name} of {optimizer} must be {option.range_text}, got none")
        option.check(name, value)

"""Optimizers by name, with what a user wants to know before choosing one."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from qvopt_molecules.arguments import checked_arguments
from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.handed import is_recorded
from qvopt_molecules.options import checked_options, made

from .adapters import as_optimizer
from .objects import NamedOptimizer, recorded_factory
from .option_table import Option, check_options, option_of
from .protocol import Optimizer

GROUP: Final = "qvopt.optimizers"
"""Entry-point group of third parties: name = a factory with keyword hyper-parameters.

It returns an Optimizer, a Transform, an optax transformation or an object with ask and tell. Its
attributes `family`, `needs` and `cost`, where it has them, are shown by `qvopt list optimizers`.
"""

LEGEND: Final = (
    "cost: circuit settings a step, each run once for every measurement group; n parameters; "
    "R = 1 for Pauli rotations, 2 for excitations (an exact gradient counts as one evaluation)"
)


@dataclass(frozen=True)
class OptimizerEntry:
    """A registered optimizer: its factory, and what `qvopt list optimizers` shows.

    `needs` names the queries that it asks; `cost` is the number of circuit settings of a step, see
    `LEGEND`.
    """

    name: str
    factory: Callable[..., Any]
    family: str
    needs: str
    cost: str

    @property
    def defaults(self) -> dict[str, Any]:
        """Hyper-parameters and their defaults."""
        parameters = inspect.signature(self.factory).parameters.values()
        return {
            p.name: None if p.default is p.empty else p.default
            for p in parameters
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        }

    @property
    def optional(self) -> frozenset[str]:
        """Hyper-parameters that may be None, by their annotations."""
        parameters = inspect.signature(self.factory).parameters.values()
        return frozenset(p.name for p in parameters if "None" in str(p.annotation))

    @property
    def options(self) -> dict[str, Option | None]:
        """What each hyper-parameter means; None where a third party does not say."""
        ours = self.name in _OWN
        return {name: option_of(self.name, name) if ours else None for name in self.defaults}

    @property
    def open_ended(self) -> bool:
        """Whether the factory takes hyper-parameters that its signature does not name."""
        parameters = inspect.signature(self.factory).parameters.values()
        return any(p.kind == p.VAR_KEYWORD for p in parameters)

    @property
    def reference(self) -> str:
        """First line of the factory's documentation: formula and paper."""
        return (inspect.getdoc(self.factory) or "").partition("\n")[0]

    def document(self) -> dict[str, Any]:
        """The entry as plain data."""
        return {
            "name": self.name,
            "family": self.family,
            "needs": self.needs,
            "cost": self.cost,
            "defaults": self.defaults,
            "reference": self.reference,
        }


_FIRST: Final = ("gradients", "2R n")
_METRIC: Final = ("gradients, metric", "2R n + Σ_b [R b + 2R² b(b-1)], blocks of b")
_CLOSED: Final = ("energies, gradients", "1 + 2R n for each trial point")

_OWN: Final[dict[str, tuple[str, str, str, str, str]]] = {
    # name: (module, factory, family, needs, cost of a step)
    "gradient-descent": ("rules", "gradient_descent", "first order", *_FIRST),
    "momentum": ("rules", "momentum", "first order", *_FIRST),
    "nesterov": ("rules", "nesterov", "first order", *_FIRST),
    "adagrad": ("rules", "adagrad", "adaptive", *_FIRST),
    "rmsprop": ("rules", "rmsprop", "adaptive", *_FIRST),
    "adadelta": ("rules", "adadelta", "adaptive", *_FIRST),
    "adam": ("rules", "adam", "adaptive", *_FIRST),
    "amsgrad": ("rules", "amsgrad", "adaptive", *_FIRST),
    "adamax": ("rules", "adamax", "adaptive", *_FIRST),
    "nadam": ("rules", "nadam", "adaptive", *_FIRST),
    "adamw": ("rules", "adamw", "adaptive", *_FIRST),
    "adabelief": ("rules", "adabelief", "adaptive", *_FIRST),
    "yogi": ("rules", "yogi", "adaptive", *_FIRST),
    "lion": ("rules", "lion", "adaptive", *_FIRST),
    "adafactor": ("rules", "adafactor", "adaptive, grouped", *_FIRST),
    "blockwise": ("rules", "blockwise", "adaptive, grouped", *_FIRST),
    "qng": ("rules", "natural_gradient_descent", "natural gradient", *_METRIC),
    "qng-momentum": ("rules", "natural_gradient_momentum", "natural gradient", *_METRIC),
    "qng-adam": ("rules", "natural_gradient_adam", "natural gradient", *_METRIC),
    "l-bfgs": ("lbfgs", "lbfgs", "quasi-Newton", *_CLOSED),
    "recycled-bfgs": ("dense_bfgs", "recycled_bfgs", "quasi-Newton", *_CLOSED),
    "noise-aware-l-bfgs": (
        "noise_aware_lbfgs", "noise_aware_lbfgs", "quasi-Newton", "energies, gradients", "2 + 2R n"
    ),
    "spsa": ("perturbation", "spsa", "stochastic", "energies", "2"),
    "qn-spsa": ("perturbation", "qn_spsa", "stochastic", "energies, fidelities", "8"),
    "rotosolve": ("coordinate", "rotosolve", "coordinate", "energies", "2R n"),
    "excitation-solve": ("coordinate", "excitation_solve", "coordinate", "energies", "2R n"),
    "icans": ("frugal", "icans", "shot-frugal", "gradients", "2R n, shots by component"),
    "gcans": ("frugal", "gcans", "shot-frugal", "gradients", "2R n, shots by component"),
    "rosalin": ("frugal", "rosalin", "shot-frugal", "gradients", "2R n, random groups"),
    "kalman-newton": (
        "kalman.optimizer", "kalman_newton", "Bayesian", "energies",
        "1 + 2R for each parameter that is worth it",
    ),
    "cobyla": ("libraries", "cobyla", "gradient-free", "energies", "1"),
    "nelder-mead": ("libraries", "nelder_mead", "gradient-free", "energies", "1 to n + 2"),
    "powell": ("libraries", "powell", "gradient-free", "energies", "n line searches"),
    "cma-es": ("libraries", "cma_es", "gradient-free", "energies", "4 + 3 ln n"),
    "bobyqa": ("libraries", "bobyqa", "gradient-free", "energies", "1"),
    "slsqp": ("libraries", "slsqp", "quasi-Newton", *_CLOSED),
    "bfgs": ("libraries", "bfgs", "quasi-Newton", *_CLOSED),
    "tnc": ("libraries", "tnc", "Newton", *_CLOSED),
    "conjugate-gradient": ("libraries", "conjugate_gradient", "first order", *_CLOSED),
}  # fmt: skip


def optimizer_names() -> tuple[str, ...]:
    """Names that `get_optimizer` knows, plug-ins included."""
    return tuple(sorted({e.name for e in entry_points(group=GROUP)} | set(_OWN)))


def describe(name: str) -> OptimizerEntry:
    """Return the entry of an optimizer; raise InputError with the nearest names if unknown."""
    if is_recorded(name):
        return OptimizerEntry(name, recorded_factory(name), "object", "see its source", "-")
    key = name.strip().lower().replace("_", "-")
    if key in _OWN:
        module, factory, family, needs, cost = _OWN[key]
        build = getattr(importlib.import_module(f"qvopt.optimizers.{module}"), factory)
        return OptimizerEntry(key, build, family, needs, cost)
    for entry in entry_points(group=GROUP):
        if entry.name.lower().replace("_", "-") == key:
            return _plug_in(entry.name, entry)
    raise unknown_name("optimizer", name, optimizer_names())


def _plug_in(name: str, entry: EntryPoint) -> OptimizerEntry:
    """Load a third party's factory.

    Raises InputError if its package is broken.
    """
    try:
        factory = entry.load()
        inspect.signature(factory)
    except Exception as error:  # whatever a third party's import raises
        raise InputError(
            f"the plug-in {entry.value} of optimizer {name} cannot be loaded: {error}"
        ) from None
    return OptimizerEntry(
        name,
        factory,
        str(getattr(factory, "family", "plug-in")),
        str(getattr(factory, "needs", "see its documentation")),
        str(getattr(factory, "cost", "-")),
    )


def shared_defaults() -> dict[str, Any]:
    """Hyper-parameters that every first-order rule takes, and their defaults."""
    from .rules import assemble

    parameters = inspect.signature(assemble).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


@checked_arguments
def get_optimizer(name: str, **hyperparameters: Any) -> Optimizer:
    """Return the optimizer called `name`.

    Raises InputError for an unknown name or hyper-parameter (with the nearest known one), and for
    a value out of range.
    """
    entry = describe(name)
    values = checked_options("hyper-parameter", entry.name, entry.factory, hyperparameters)
    if entry.name in _OWN:
        check_options(entry.name, values, entry.optional)
    optimizer = as_optimizer(made(f"optimizer {entry.name}", entry.factory, values))
    return optimizer if is_recorded(name) else NamedOptimizer(entry.name, values, optimizer)


def factory(name: str) -> Callable[..., Optimizer]:
    """Return what makes the optimizer called `name`, with the signature of its hyper-parameters.

    Raises InputError for an unknown name.
    """
    entry = describe(name)

    @functools.wraps(entry.factory)
    def make(*args: Any, **hyperparameters: Any) -> Optimizer:
        if args:
            raise InputError(
                f"hyper-parameters of {entry.name} are given by name, as in "
                f"{make.__name__}({next(iter(entry.defaults), 'name')}=...)"
            )
        return get_optimizer(entry.name, **hyperparameters)

    make.__name__ = make.__qualname__ = entry.name.replace("-", "_")
    make.__module__ = "qvopt.optimizers"
    signature = inspect.signature(entry.factory)
    make.__signature__ = signature.replace(return_annotation="Optimizer")  # type: ignore[attr-defined]
    return make

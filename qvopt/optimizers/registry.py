"""Optimizers by name, with what a user wants to know before choosing one."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final

from qvopt_molecules.errors import InputError, unknown_name

from .protocol import Optimizer

GROUP: Final = "qvopt.optimizers"
"""Entry-point group of third parties: name = a factory with keyword-only hyper-parameters."""


@dataclass(frozen=True)
class OptimizerEntry:
    """What there is to know of an optimizer.

    `cost` is what a step asks for, n being the number of parameters: E one energy, ∇ one gradient
    (2n energies for Pauli rotations, 4n for excitations), g one metric.
    """

    name: str
    factory: Callable[..., Optimizer]
    family: str
    needs: str
    cost: str

    @property
    def defaults(self) -> dict[str, Any]:
        """Hyper-parameters and their defaults."""
        parameters = inspect.signature(self.factory).parameters.values()
        return {p.name: p.default for p in parameters}

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


_OWN: Final = {
    # name: (module, factory, family, needs, cost of a step)
    "gradient-descent": ("rules", "gradient_descent", "first order", "gradients", "∇"),
    "momentum": ("rules", "momentum", "first order", "gradients", "∇"),
    "adagrad": ("rules", "adagrad", "adaptive", "gradients", "∇"),
    "rmsprop": ("rules", "rmsprop", "adaptive", "gradients", "∇"),
    "adam": ("rules", "adam", "adaptive", "gradients", "∇"),
    "l-bfgs": ("lbfgs", "lbfgs", "quasi-Newton", "energies, gradients", "about E + ∇"),
    "spsa": ("spsa", "spsa", "stochastic", "energies", "2 E"),
    "qng": ("rules", "natural_gradient_descent", "natural gradient", "gradients, metric", "∇ + g"),
}


def optimizer_names() -> tuple[str, ...]:
    """Names that `get_optimizer` knows, plug-ins included."""
    return tuple(sorted({e.name for e in entry_points(group=GROUP)} | set(_OWN)))


def describe(name: str) -> OptimizerEntry:
    """Return the entry of an optimizer; raise InputError with the nearest names if unknown."""
    key = name.strip().lower().replace("_", "-")
    if key in _OWN:
        module, factory, family, needs, cost = _OWN[key]
        found = getattr(importlib.import_module(f"qvopt.optimizers.{module}"), factory)
        return OptimizerEntry(key, found, family, needs, cost)
    for entry in entry_points(group=GROUP):
        if entry.name == key:
            return OptimizerEntry(key, entry.load(), "plug-in", "see its documentation", "-")
    raise unknown_name("optimizer", name, optimizer_names())


def get_optimizer(name: str, **hyperparameters: Any) -> Optimizer:
    """Return the optimizer called `name`.

    Raises InputError for an unknown name or hyper-parameter (with the nearest known one), and for
    a value out of range.
    """
    entry = describe(name)
    for key in hyperparameters:
        if key not in entry.defaults:
            raise unknown_name(f"hyper-parameter of {entry.name}", key, entry.defaults)
    try:
        return entry.factory(**hyperparameters)
    except TypeError as error:
        raise InputError(f"optimizer {entry.name}: {error}") from None

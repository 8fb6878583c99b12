"""The ways to measure a gradient, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from qvopt.backends.batch import Point
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, unknown_name

from .parameter_shift import GradientExpansion, expand_gradient, linear_expansion
from .shift_rules import rule_for
from .stochastic import expand_directions, expand_subset

GradientRule = Callable[[Circuit, FloatArray, Callable[[], np.random.Generator]], GradientExpansion]
"""Expands a gradient of a circuit at x; the function gives the generator of random rules."""

RULES: Final = ("parameter-shift", "whole-parameter-shift", "spsa", "directional", "subset")
SYSTEMATIC: Final = ("parameter-shift", "whole-parameter-shift")
"""Those that shift alike at every point."""

_OPTIONS: Final[dict[str, dict[str, int | float]]] = {
    "spsa": {"directions": 1, "step": 0.1},
    "directional": {"directions": 1, "step": 0.1},
    "subset": {"components": 1},
}


def get_gradient_rule(name: str = "parameter-shift", **options: Any) -> GradientRule:
    """Return the rule of that name.

    - "parameter-shift": every gate shifted on its own; exact.
    - "whole-parameter-shift": parameters shifted, with the general equidistant rule for all
      frequencies of the gates that share one; exact. Fewer circuits where many gates share.
    - "spsa", "directional": `directions` random ones, two energies each, `step` radians away;
      biased by O(step²).
    - "subset": `components` partial derivatives drawn at random; unbiased.

    Raises InputError for an unknown name or option.
    """
    if name not in RULES:
        raise unknown_name("gradient rule", name, RULES)
    known = _OPTIONS.get(name, {})
    for key, value in options.items():
        if key not in known:
            raise unknown_name(f"option of gradient rule {name}", key, known)
        whole = isinstance(known[key], int)
        right = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, right) or not 0 < value < 1e9:
            kind = "integer" if whole else "number"
            raise InputError(
                f"gradient rule {name}: {key} must be a positive {kind}, got {value!r}"
            )
    settings: dict[str, Any] = {**known, **options}
    if name == "parameter-shift":
        return lambda circuit, x, _: expand_gradient(circuit, x)
    if name == "whole-parameter-shift":
        return lambda circuit, x, _: expand_whole(circuit, x)
    draw = expand_subset if name == "subset" else partial(expand_directions, kind=name)
    return lambda circuit, x, rng: draw(circuit, x, rng(), **settings)


def expand_whole(circuit: Circuit, x: FloatArray) -> GradientExpansion:
    """Shift parameters rather than gates: 2R energies for R multiples of a common frequency."""
    x = circuit.check_parameters(x)
    terms = []
    for i, frequencies in enumerate(circuit.frequencies):
        for shift, weight in rule_for(frequencies):
            shifted = x.copy()
            shifted[i] += shift
            terms.append((i, weight, Point(shifted)))
    return linear_expansion(circuit.n_parameters, terms)

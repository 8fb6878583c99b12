"""What does not change during a run, and the rounds that measure it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, IntArray

from ..protocol import ClassicalModel, Landscape
from .derivatives import (
    DerivativeReading,
    DerivativeRound,
    DerivativeRule,
    GradientRound,
    derivative_rule,
)
from .design import rounded
from .prior import active_parameters

_CENTER_SHARE: Final = 0.15
"""Share of a round's shots for the energy at the point itself."""


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; see `kalman_newton`."""

    expected_error: float | None
    confidence: float | None
    shrink: float
    remainder: float
    longest_step: float
    starts: bool
    start_shots: int
    learn_curvature: bool
    tolerance: float


@dataclass(frozen=True, eq=False)
class SearchProblem:
    """What does not change during a run."""

    landscape: Landscape
    model: ClassicalModel | None
    rules: tuple[DerivativeRule | None, ...] | None
    active: IntArray
    least: FloatArray
    unit: FloatArray

    @classmethod
    def of(cls, landscape: Landscape, x: FloatArray) -> SearchProblem:
        """Read a landscape; x is where the run starts."""
        model = None if landscape.classical is None else landscape.classical()
        frequencies = landscape.frequencies
        moves: BoolArray = np.ones(len(x), dtype=np.bool_)
        unit: FloatArray = np.ones(len(x))
        least: FloatArray = np.ones(len(x))
        rules: tuple[DerivativeRule | None, ...] | None = None
        if frequencies is not None:
            moves = np.array([bool(f) for f in frequencies], dtype=np.bool_)
            rules = tuple(derivative_rule(f) if f else None for f in frequencies)
            unit = np.array([1.0 / max(f) if f else 1.0 for f in frequencies])
            energies = [0 if rule is None else rule.n_energies for rule in rules]
            least = landscape.least_energy_shots * np.array(energies, dtype=np.float64)
        elif landscape.least_shots is not None:
            least = np.array(landscape.least_shots, dtype=np.float64)
        active = active_parameters(model, x, moves)
        return cls(landscape, model, rules, active, np.maximum(least, 1.0)[active], unit[active])

    def round(
        self, x: FloatArray, chosen: IntArray, shots: IntArray
    ) -> DerivativeRound | GradientRound:
        """The round that measures derivatives of some active parameters."""
        index = self.active[chosen]
        if self.rules is None:
            return GradientRound(x, index, shots)
        least = self.landscape.least_energy_shots
        center = min(_CENTER_SHARE * float(shots.sum()), 2 * float(np.median(shots)))
        center_shots = max(least, int(rounded(np.array([center]))[0]))
        return DerivativeRound(x, self.rules, index, shots, center_shots, least)


def measure(
    problem: SearchProblem, x: FloatArray, chosen: IntArray, shots: IntArray
) -> Generator[Any, Any, DerivativeReading]:
    """Ask for derivatives; the reading numbers the active parameters."""
    asked = problem.round(x, chosen, shots)
    answers = yield asked.queries()
    reading = asked.read(answers)
    return DerivativeReading(chosen, *list(vars(reading).values())[1:])

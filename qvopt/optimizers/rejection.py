"""Whether a step goes up: two energies, asked in one round."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from qvopt_molecules.arrays import FloatArray

from .protocol import Energy
from .statistics import significantly_above


def rises(x: FloatArray, trial: FloatArray, sigmas: float) -> Generator[Any, Any, bool]:
    """Measure E(x) and E(trial), and say whether the step raises it by over `sigmas` errors."""
    before, after = yield [
        Energy(x, purpose="line-search"),
        Energy(trial, purpose="line-search"),
    ]
    return significantly_above(after, before, sigmas)

"""Final summary of a run: its averaged iterate, and whether its energy rose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from qvopt.optimizers.protocol import Scalar
from qvopt.optimizers.statistics import significantly_above
from qvopt_molecules.arrays import FloatArray

TAIL: Final = 100
"""Iterates that the average at the end is taken over, at most."""

RISE: Final = 0.01
"""Hartree, or the problem's unit, above its start, and significantly so, at which a run counts as
diverged."""


def mean_of_tail(iterates: Sequence[FloatArray], steps: int, last: FloatArray) -> FloatArray:
    """Return the mean of the last quarter of a run's iterates; `last` if there are none."""
    tail = list(iterates)[-max(1, steps // 4) :]
    return np.asarray(np.mean(tail, axis=0)) if tail else last


def describe_rise(last: Scalar, first: Scalar | None, unit: str = "Ha") -> str | None:
    """Say so if a run ended significantly, and by more than `RISE`, above where it began.

    `unit` is that of the energies; "" where they have none.
    """
    if first is None or not significantly_above(last, first, 5.0):
        return None
    rise = last.value - first.value
    if rise < RISE:
        return None
    amount = f"{rise:.4f} {unit}".strip()
    return (
        f"the energy ended {amount} above where it began; try a smaller learning rate or more shots"
    )

"""Whether a step goes up: two energies, asked in one round."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt

from .protocol import Energy
from .statistics import significantly_above

FloatArray = npt.NDArray[np.float64]


def rises(x: FloatArray, trial: FloatArray, sigmas: float) -> Generator[Any, Any, bool]:
    """Measure E(x) and E(trial), and say whether the step raises it by over `sigmas` errors."""
    before, after = yield [
        Energy(x, purpose="line-search"),
        Energy(trial, purpose="line-search"),
    ]
    return significantly_above(after, before, sigmas)

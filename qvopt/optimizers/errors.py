"""How an optimizer says that it cannot go on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import all_finite
from qvopt_molecules.errors import QvoptError


class DivergedError(QvoptError):
    """The iterate left every sensible range: a number is NaN or infinite."""


def check_finite(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return x, or raise DivergedError if it holds NaN or infinity."""
    if not all_finite(x):
        raise DivergedError(
            "the parameters are no longer finite numbers; try a smaller learning rate"
        )
    return x

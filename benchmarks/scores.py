"""Scores of runs whose true errors are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def shots_to_stay(shots: npt.ArrayLike, errors: npt.ArrayLike, target: float) -> float:
    """Shots after which the error is at most the target for good; infinite where it is not."""
    above = np.flatnonzero(~(np.asarray(errors) <= target))
    first = 0 if not len(above) else int(above[-1]) + 1
    spent = np.asarray(shots)
    return float(spent[first]) if first < len(spent) else float("inf")

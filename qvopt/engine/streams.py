"""Random streams by name, so that no draw depends on how many went before."""

from __future__ import annotations

from typing import Final

import numpy as np

OPTIMIZER_STREAM: Final = 0
ROUND_STREAM: Final = 1
MONITOR_STREAM: Final = 2
FINAL_STREAM: Final = 3
START_STREAM: Final = 4
# 5 was that of calibrations in journals of version 0.1.0. Tasks have 5, 6, 8 and 9.
FINAL_ESTIMATE_STREAM: Final = 10


def stream(seed: int, *key: int) -> np.random.SeedSequence:
    """Return the random stream named by `key`; it never depends on draws made before."""
    return np.random.SeedSequence(entropy=seed, spawn_key=key)

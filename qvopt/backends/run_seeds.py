"""Seeds of a round's runs on Aer."""

from __future__ import annotations

from typing import Any

import numpy as np


def run_seeds(seed: np.random.SeedSequence, n: int) -> Any:
    """Return seeds(group, level, noise scale): independent, whatever else is run."""
    words = seed.generate_state(2 * n, np.uint64)

    def pick(group: int, level: int = 0, scale: float = 1.0) -> int:
        entropy = [int(words[2 * group]), int(words[2 * group + 1]), level]
        if scale != 1.0:
            entropy.append(int(scale * 1e6))
        # Aer numbers the circuits of a run from the seed on: leave room below 2^63.
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(2))

    return pick

"""The one policy of waiting between tries: pauses that grow, each varied by chance."""

from __future__ import annotations

import random
import time


class Backoff:
    """Waits longer each time, so that a provider in trouble is not asked in a burst.

    Chance varies each pause, so that many clients do not ask together; no number of a run depends
    on it.

    Args:
        first: the first pause in seconds.
        longest: the longest one.
        factor: by which a pause grows.
        spread: largest relative change of a pause by chance.
    """

    def __init__(
        self, first: float, longest: float, *, factor: float = 2.0, spread: float = 0.5
    ) -> None:
        self._first, self._longest = first, longest
        self._factor, self._spread = factor, spread
        self._random = random.Random()
        self.pause = first

    def wait(self) -> None:
        """Wait, and make the next pause longer."""
        time.sleep(self.pause * self._random.uniform(1.0 - self._spread, 1.0 + self._spread))
        self.pause = min(self._factor * self.pause, self._longest)

    def reset(self) -> None:
        """Begin again with the first pause: something has moved."""
        self.pause = self._first

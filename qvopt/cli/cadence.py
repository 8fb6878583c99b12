"""When progress gets its next line in a log file: less and less often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 30.0
"""Between the first lines that time alone brings."""

GROWTH: Final = 0.1
"""Of the time so far that passes before the next: a day of work has about 70 lines."""


class Cadence:
    """Says when a line is due: `first` seconds after the last, later a tenth of the time so far.

    Args:
        clock: seconds of a monotonic clock.
        first: the shortest time between lines.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, first: float = FIRST_SECONDS
    ) -> None:
        self._clock, self._least = clock, first
        self._began = self._last = clock()

    def due(self) -> bool:
        """Whether time has brought a line."""
        now = self._clock()
        return now - self._last > max(self._least, GROWTH * (now - self._began))

    def shown(self) -> None:
        """Take note of a line, whatever brought it."""
        self._last = self._clock()

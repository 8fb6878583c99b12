"""What a command wants done with a run's jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .desk import Mode


@dataclass(frozen=True)
class JobHandling:
    """Wait, submit one round or fetch only; submit failed jobs again; where to say so."""

    mode: Mode = "wait"
    resubmit: bool = False
    tell: Callable[[str], None] | None = None

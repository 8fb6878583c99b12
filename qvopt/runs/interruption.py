"""Ctrl-C while a run optimises: the first ends it in order, the second at once."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from qvopt.backends.protocol import DurableProgram
from qvopt.runs.session import Session

_NOTICE: Final = (
    "Ctrl-C: the round in flight and the final estimate are still measured; Ctrl-C again stops at "
    "once"
)


def notify(text: str) -> None:
    """Print a line on standard error, wherever a signal has come."""
    with suppress(RuntimeError, OSError, ValueError):  # within another print, or a closed stream
        print(text, file=sys.stderr, flush=True)


@contextmanager
def ends_after_round(session: Session, say: Callable[[str], None] = notify) -> Iterator[None]:
    """Let the first SIGINT end the optimisation after its round, with the final estimate.

    The second one does what it did before: it stops at once, and what the journal holds is safe.
    So does the first where ending in order would send further jobs to a vendor, and where signals
    are not handled here: outside the main thread, or ignored.

    Args:
        session: the run, about to be iterated.
        say: tells of the first one.
    """
    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not callable(before) or _has_jobs_elsewhere(session):
        yield
        return

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        session.driver.stop("by Ctrl-C")
        say(_NOTICE)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _has_jobs_elsewhere(session: Session) -> bool:
    """Whether rounds are jobs at a vendor, which go on without this process and may cost."""
    program = session.assembly.program
    return isinstance(program, DurableProgram) and program.durable

"""How the command line ends: its exit codes, and what signals do from the first import on."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""Exit code after SIGINT (Ctrl-C)."""

REQUEUE: Final = 75
"""Exit code after SIGTERM: the same command, or `qvopt resume`, goes on."""

INTERNAL: Final = 70
"""Exit code after an error that is qvopt's own."""


class Terminated(BaseException):
    """SIGTERM came."""


class Interrupted(BaseException):
    """SIGINT came, and no command ended in order by itself."""


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that a batch system's notice ends the work in order."""

    def raise_it(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread sets handlers
        return
    before = signal.signal(signal.SIGTERM, raise_it)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def ends_in_order(work: Callable[[], int]) -> int:
    """Run a command and return its exit code; a signal that it does not handle ends it in a line.

    What the command made under a temporary name is removed on the way out.
    """
    try:
        with terminable():
            return work()
    except (KeyboardInterrupt, Interrupted):
        code = INTERRUPTED
    except Terminated:
        code = REQUEUE
    finally:
        atexit.register(_ignore_signals)
    print("qvopt: interrupted; the same command starts again", file=sys.stderr)
    return code


def _ignore_signals() -> None:
    """Let the interpreter end: what a command does is done, and its exit code stands."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)

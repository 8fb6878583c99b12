"""How the command line ends: its exit codes, and what signals do from the first import on."""

from __future__ import annotations

import atexit
import os
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
    hook, sys.unraisablehook = sys.unraisablehook, _send_lost_signals_again
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = hook


def _send_lost_signals_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat a signal that came within a callback from C, where no exception can leave.

    LLVM's object cache calls back while kernels are compiled, and finalizers are such callbacks.
    """
    numbers = {Terminated: signal.SIGTERM, KeyboardInterrupt: signal.SIGINT}
    number = numbers.get(lost.exc_type)
    if number is None:
        sys.__unraisablehook__(lost)
        return
    threading.Timer(0.02, os.kill, (os.getpid(), number)).start()


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
    print("qvopt: interrupted; the same command starts again, from what is kept", file=sys.stderr)
    return code


def signal_behind(error: BaseException) -> BaseException | None:
    """Return the signal's exception that another was made of, as compiled extensions do."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Terminated | KeyboardInterrupt | Interrupted):
        cause = cause.__cause__ or cause.__context__
    return cause


def _ignore_signals() -> None:
    """Let the interpreter end: what a command does is done, and its exit code stands."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)

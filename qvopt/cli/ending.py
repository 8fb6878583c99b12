"""How the command line ends: its exit codes, and what signals do from the first import on."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, NoReturn

INTERRUPTED: Final = 130
"""Exit code after SIGINT (Ctrl-C)."""

REQUEUE: Final = 75
"""Exit code after SIGTERM: the same command, or `qvopt resume`, goes on."""

_STARTS_AGAIN: Final = "qvopt: interrupted; the same command starts again, from what is kept"

_NOTHING_KEPT: Final = "qvopt: interrupted before anything was kept; the same command starts again"
"""A run prints where it is kept as soon as its folder is there, and then ends by itself."""

INTERNAL: Final = 70
"""Exit code after an error that is qvopt's own."""


class Terminated(BaseException):
    """SIGTERM came."""


class Interrupted(KeyboardInterrupt):
    """SIGINT came.

    A kind of its own: where Python's passes through text that is executed, as dataclasses do, the
    interpreter ends by the signal in place of the exit code.
    """


class Unhandled(BaseException):
    """SIGINT came, and no command ended in order by itself; typer knows it not."""


_SIGNALS: Final[dict[type[BaseException], signal.Signals]] = {
    Terminated: signal.SIGTERM,
    Interrupted: signal.SIGINT,
    KeyboardInterrupt: signal.SIGINT,
}
_came: set[int] = set()


def _raiser(kind: type[BaseException]) -> Callable[[int, FrameType | None], None]:
    def raise_it(number: int, frame: FrameType | None) -> None:
        _came.add(number)
        raise kind

    return raise_it


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that a batch system's notice ends the work in order."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread sets handlers
        return
    before = signal.signal(signal.SIGTERM, _raiser(Terminated))
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
    number = _SIGNALS.get(lost.exc_type)
    if number is None:
        sys.__unraisablehook__(lost)
        return
    threading.Timer(0.02, os.kill, (os.getpid(), number)).start()


def ends_in_order(work: Callable[[], int]) -> NoReturn:
    """Run a command and exit with its code; a signal that it does not handle ends it in a line.

    What the command made under a temporary name is removed on the way out.
    """
    _came.clear()  # what came before is not this command's
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _raiser(Interrupted))
    code = 0
    try:
        with terminable():
            code = work()
    except (KeyboardInterrupt, Unhandled):
        code = INTERRUPTED
        print(_said(), file=sys.stderr)
    except Terminated:
        code = REQUEUE
        print(_said(), file=sys.stderr)
    if _came:
        _leave(code)
    atexit.register(_ignore_signals)
    sys.exit(code)


def _said() -> str:
    """What an interrupted command leaves; `run` has handled what comes after its folder."""
    return _NOTHING_KEPT if sys.argv[1:2] == ["run"] else _STARTS_AGAIN


def _leave(code: int) -> None:
    """Exit without finalizers: those of a library that was stopped in compiled code may crash."""
    _ignore_signals()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def signal_behind(error: BaseException) -> BaseException | None:
    """Return the signal's exception that another was made of, as compiled extensions do."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Terminated | KeyboardInterrupt | Unhandled):
        cause = cause.__cause__ or cause.__context__
    return cause


def _ignore_signals() -> None:
    """Let the interpreter end: what a command does is done, and its exit code stands."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)

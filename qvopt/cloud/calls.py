"""Calls to a provider with a deadline, so that one that hangs never hangs a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from qvopt_molecules.errors import QvoptError

from .provider import ProviderError

T = TypeVar("T")


@dataclass(frozen=True)
class Timeouts:
    """How long is waited for what, in seconds.

    Attributes:
        call: one call to the provider.
        submit: one submission.
        give_up: all tries of a call together.
        grace: how long a job whose submission is in doubt is looked for by its key, before it is
            submitted (again). A listing that lags by more can make a duplicate.
        poll, longest_poll: between looks at a job that waits: first and longest.
    """

    call: float = 60.0
    submit: float = 300.0
    give_up: float = 900.0
    grace: float = 120.0
    poll: float = 1.0
    longest_poll: float = 30.0


class Pending(Generic[T]):
    """A call in a thread of its own. A hung one is left behind; it may still end later."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._value: list[T] = []
        self._error: Exception | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._value.append(self._work())
        except Exception as error:
            self._error = error
        finally:
            self._done.set()

    def wait(self, seconds: float | None) -> bool:
        """Whether it has ended, after waiting at most so long; None waits for its end."""
        return self._done.wait(seconds)

    def get(self) -> T:
        """Return what came back, or raise what was raised."""
        if self._error is not None:
            raise self._error
        return self._value[0]


def within(seconds: float, work: Callable[[], T], what: str) -> T:
    """Run `work` for at most `seconds`.

    Raises ProviderError at the deadline. Of a foreign exception the message has the
    class alone: its text may hold a credential.
    """
    pending = Pending(work)
    if not pending.wait(seconds):
        raise ProviderError(f"{what} did not answer within {seconds:g} s")
    return own_errors(pending, what)


def own_errors(pending: Pending[T], what: str) -> T:
    """Return what came back, with foreign exceptions as ProviderError."""
    try:
        return pending.get()
    except QvoptError:
        raise
    except Exception as error:
        raise ProviderError(f"{what} failed: {type(error).__name__}") from None


def in_one_line(error: Exception) -> str:
    """Class and text of an exception, for one whose text can hold no credential."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__

"""One policy for everything that is tried again: growing pauses with jitter, until a deadline."""

from __future__ import annotations

import random
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception, retry_if_result
from tenacity.stop import stop_before_delay

from qvopt_molecules.errors import InputError

from .provider import ProviderError, RefusedError, SessionClosedError

_JITTER = 0.5


class Pauses:
    """Seconds before each further try: `first`, then `growth` times as many, up to `longest`.

    Each is varied by up to half, so that many runs do not call at once. No number of a run depends
    on them.
    """

    def __init__(self, first: float, longest: float, growth: float = 2.0) -> None:
        self._first, self._longest, self._growth = first, longest, growth
        self._nominal = min(first, longest)

    def restart(self) -> None:
        """Begin with the first pause again."""
        self._nominal = min(self._first, self._longest)

    def __call__(self, state: RetryCallState | None = None) -> float:
        """The next pause."""
        pause = self._nominal
        self._nominal = min(self._growth * pause, self._longest)
        return pause * random.uniform(1 - _JITTER, 1 + _JITTER)


def may_pass(error: BaseException) -> bool:
    """Whether a provider's error may pass: it is no refusal, and no mistake in what is asked."""
    lasting = isinstance(error, RefusedError | SessionClosedError | InputError)
    return isinstance(error, ProviderError) and not lasting


def retrying(pauses: Pauses, seconds: float, report: Callable[[str], None]) -> Retrying:
    """Calls again while errors may pass, for at most `seconds`; then the last one is raised.

    Args:
        pauses: between the tries.
        seconds: of all tries together.
        report: is called with each error that is tried again.
    """
    return Retrying(
        wait=pauses,
        stop=stop_before_delay(seconds),
        retry=retry_if_exception(may_pass),
        before_sleep=lambda state: report(f"trying again: {_error(state)}"),
        reraise=True,
    )


def looking(pauses: Pauses, over: Callable[[], bool] = lambda: False) -> Retrying:
    """Calls again while it returns False; returns whether it came to return True.

    Args:
        pauses: between the looks.
        over: is asked after each look in vain, and ends them.
    """
    return Retrying(
        wait=pauses,
        stop=lambda _: over(),
        retry=retry_if_result(lambda seen: not seen),
        retry_error_callback=lambda _: False,
    )


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()

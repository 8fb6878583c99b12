"""Submits one job, so that it is neither lost nor made twice.

A submission that fails may have arrived. The job is then looked for by its key until a listing has
had time to show it (`Timeouts.grace`, counted from the last attempt, which is in the journal), and
only what no listing shows is submitted again. While a listing cannot be had, nothing is submitted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from qvopt_molecules.errors import InputError

from .calls import Pending, Timeouts, own_errors, within
from .job_journal import JobJournal
from .provider import (
    FoundJob,
    JobSpec,
    Provider,
    ProviderError,
    RefusedError,
    SessionClosedError,
    TransientError,
    UncertainError,
)
from .retries import Pauses, looking, retrying

T = TypeVar("T")

_LONGEST_PAUSE, _LONGEST_LOOK = 60.0, 10.0


class Submitter:
    """Submits the jobs of one run.

    Args:
        provider: where.
        timeouts: how long is waited.
        jobs: their records.
        report: is called with a line when something changes.
    """

    def __init__(
        self,
        provider: Provider,
        timeouts: Timeouts,
        jobs: JobJournal,
        report: Callable[[str], None],
    ) -> None:
        self._provider, self._timeouts, self._jobs, self._report = provider, timeouts, jobs, report
        self._device = provider.describe()
        self._local = self._device.simulator and not self._device.durable
        self._calls: dict[str, Pending[str]] = {}
        self._tried: set[str] = set()

    def submit(self, key: str, spec: JobSpec, *, fresh: bool) -> None:
        """Submit a job whose intent is in the journal, or adopt it where it is there already.

        Args:
            key: of the job.
            spec: what it runs.
            fresh: whether the intent is of this moment; an earlier one's submission may have
                arrived.

        Raises RefusedError, SessionClosedError or InputError where it will not be taken,
        ProviderError where no attempt came through in time.
        """
        if not fresh:
            self._tried.add(key)
            if self._device.durable and self._adopt(key):
                return
        tries = retrying(
            Pauses(self._timeouts.poll, _LONGEST_PAUSE), self._timeouts.give_up, self._report
        )
        try:
            tries(self._attempt, key, spec)
        except (RefusedError, SessionClosedError, InputError) as error:
            self._jobs.write(key, "refused", reason=str(error))
            raise
        except ProviderError as error:
            raise ProviderError(
                f"could not submit: {error}; the journal knows, and `qvopt resume` continues"
            ) from None

    def call(self, work: Callable[[], T], what: str) -> T:
        """Call the provider with a deadline, again where an error may pass."""
        pauses = Pauses(self._timeouts.poll, _LONGEST_PAUSE)
        seconds = 0.0 if self._local else self._timeouts.give_up
        try:
            tries = retrying(pauses, seconds, self._report)
            answer: T = tries(within, self._timeouts.call, work, what)
        except (RefusedError, InputError):
            raise
        except ProviderError as error:
            if self._local:
                raise
            raise ProviderError(
                f"{error}; nothing is lost: `qvopt resume` continues from the journal"
            ) from None
        return answer

    def _attempt(self, key: str, spec: JobSpec) -> None:
        """Send the job once; look for it where that is in doubt."""
        durable, earlier = self._device.durable, self._calls.get(key)
        # What one listing did not show yet, a later one may.
        if durable and earlier is not None and self._adopt(key, grace=0.0):
            return
        if earlier is not None and not earlier.wait(0.0):
            raise UncertainError("a submission has not answered, and no other is made beside it")
        if key in self._tried:
            self._jobs.write(key, "attempt", time=time.time())
        self._tried.add(key)
        call = self._calls[key] = Pending(lambda: self._provider.submit(spec, key))
        try:
            # A simulation here takes as long as it takes; one beside it would not be faster.
            if not call.wait(None if self._local else self._timeouts.submit):
                raise UncertainError("the submission did not answer")
            job = str(own_errors(call, "submission"))
        except (RefusedError, SessionClosedError, TransientError):
            del self._calls[key]
            if earlier is not None:  # which stays in doubt
                self._calls[key] = earlier
            raise
        except ProviderError as error:
            if not durable:
                # It cannot be looked for, and a second one might be paid as well.
                raise RefusedError(
                    f"{self._device.full_name} did not run the job: {error}; `qvopt resume` runs "
                    f"it again"
                ) from None
            self._report(f"submission in doubt ({error}); looking for the job by its key")
            if not self._adopt(key):
                raise
            return
        del self._calls[key]
        self._jobs.write(key, "submitted", id=job)
        if durable:  # others have ended with the call
            self._report(f"job {job} submitted to {self._device.full_name}")

    def _adopt(self, key: str, grace: float | None = None) -> bool:
        """Look for a job by its key until the grace is over; adopt the oldest, cancel the rest."""
        seconds = self._timeouts.grace if grace is None else grace
        # It may have arrived until its deadline. A clock that was set back shortens no wait, and
        # one that is set while this process looks changes none.
        before = max(time.time() - self._jobs.records[key].since - self._timeouts.submit, 0.0)
        began = time.monotonic()
        elapsed = 0.0

        def look() -> bool:
            nonlocal elapsed
            # Before it asks: what comes later is not in the list.
            elapsed = before + time.monotonic() - began
            return self._take(key, self.call(lambda: self._provider.find(key), "the list of jobs"))

        adopted = looking(
            Pauses(self._timeouts.poll, _LONGEST_LOOK, 1.5), lambda: elapsed >= seconds
        )(look)
        if adopted:
            self._calls.pop(key, None)
        return bool(adopted)

    def _take(self, key: str, jobs: Sequence[FoundJob]) -> bool:
        """Adopt the oldest of the jobs that carry the key; or the one that answers late."""
        if not jobs:
            call = self._calls.get(key)
            if call is None or not call.wait(0.0):
                return False
            try:
                job = str(call.get())
            except Exception:
                return False
            self._jobs.write(key, "submitted", id=job)
            return True
        self._jobs.write(key, "submitted", id=jobs[0].id, adopted=True)
        self._report(f"job {jobs[0].id} found by its key and adopted")
        for extra in jobs[1:]:
            self._jobs.write(key, "extra", extra=extra.id)
            self.call(lambda e=extra: self._provider.cancel(e.id), "cancelling")  # type: ignore[misc]
        return True

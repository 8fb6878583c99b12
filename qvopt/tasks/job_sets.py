"""Runs side by side on hardware: their jobs queue together, not one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TypeGuard

from qvopt.cloud.backend import HardwareBackend
from qvopt.cloud.calls import Timeouts
from qvopt.cloud.job_manager import JobFailedError, JobsPendingError
from qvopt.cloud.retries import Pauses
from qvopt.runs.session import Session
from qvopt.runs.steps import Step


def outlives(backend: object) -> TypeGuard[HardwareBackend]:
    """Whether a backend's jobs wait at a provider, to be found again by another process."""
    return isinstance(backend, HardwareBackend) and backend.provider.describe().durable


def in_job_sets(
    runs: Sequence[int], open_run: Callable[[int], Session], timeouts: Timeouts
) -> Iterator[Step]:
    """Run all to their ends, and yield each step when it is new.

    Every sweep fetches what is done and submits the next round of each run before any is waited
    for: one wait a step for all of them. The journals are the only state, so a sweep that is cut
    off anywhere is resumed.

    Args:
        runs: their numbers.
        open_run: begins or resumes one, with the conduct "submit". All sessions of a sweep are
            open together: where the provider has batches, they share one.
        timeouts: how long is waited between sweeps.

    Raises JobFailedError for the first job that failed, once the other runs have ended.
    """
    waiting = list(runs)
    pauses = Pauses(timeouts.poll, timeouts.longest_poll, 1.5)
    failed: JobFailedError | None = None
    while waiting:
        moved = False
        with ExitStack() as sweep:
            for number in tuple(waiting):
                session = sweep.enter_context(open_run(number))
                try:
                    for step in session:
                        if not step.replayed:
                            moved = True
                            yield step
                except JobsPendingError:
                    continue
                except JobFailedError as error:
                    failed = failed or error
                else:
                    session.result()
                waiting.remove(number)
                moved = True
        if waiting:
            if moved:
                pauses.restart()
            time.sleep(pauses())
    if failed is not None:
        raise failed

"""Worker processes on this machine, one executor for each.

`concurrent.futures` gives up a whole executor when one of its processes dies. With one process in
each executor a death is that of one batch, and the other workers go on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from qvopt_molecules.errors import BackendError

from .engine import Report, Task
from .execution import run_batch
from .worker_process import WorkerContext, set_up_worker

_MAX_FAILED_STARTS: Final = 3


class LocalWorkers:
    """A fixed number of worker processes; those that die are replaced."""

    def __init__(self, count: int) -> None:
        self._workers = [_Worker() for _ in range(count)]
        self._failed_starts = 0

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self._workers)

    @property
    def capacity(self) -> int:
        """One batch for each: the next is given out within a millisecond."""
        return len(self._workers)

    @property
    def process_ids(self) -> list[int]:
        """The running processes."""
        return [pid for worker in self._workers if (pid := worker.process_id()) is not None]

    def submit(self, folder: Path, batch: Sequence[Task]) -> None:
        """Give a batch to a free worker."""
        next(w for w in self._workers if w.batch is None).begin(folder, batch)

    def next_finished(self) -> tuple[Sequence[Task], list[Report] | None]:
        """Wait for a batch; None instead of reports where its worker died.

        Raises BackendError if worker processes end before they can work.
        """
        running = {w.future: w for w in self._workers if w.future is not None}
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        worker = running[next(iter(done))]
        assert worker.batch is not None
        batch = worker.batch
        has_worked = worker.has_worked
        reports = worker.finish()
        if reports is not None or has_worked:
            self._failed_starts = 0
        else:
            self._failed_starts += 1
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise BackendError(
                    "worker processes end as they start; --workers 1 runs the comparison in one "
                    "process, and says why"
                )
        return batch, reports

    def close(self) -> None:
        """End the processes at once."""
        for worker in self._workers:
            worker.kill()


class _Worker:
    """One process and what it works on; started with its first batch."""

    def __init__(self) -> None:
        self.batch: Sequence[Task] | None = None
        self.future: Future[list[Report]] | None = None
        self._context = WorkerContext()
        self._executor: ProcessPoolExecutor | None = None
        self._hello: Future[int] | None = None

    @property
    def has_worked(self) -> bool:
        """Whether the process came so far as to take work."""
        hello = self._hello
        return hello is not None and hello.done() and hello.exception() is None

    def process_id(self) -> int | None:
        return self._hello.result() if self._hello is not None and self.has_worked else None

    def begin(self, folder: Path, batch: Sequence[Task]) -> None:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(1, self._context, initializer=set_up_worker)
            self._hello = self._executor.submit(os.getpid)
        self.batch = batch
        self.future = self._executor.submit(run_batch, str(folder), batch)

    def finish(self) -> list[Report] | None:
        assert self.future is not None
        future, self.future, self.batch = self.future, None, None
        try:
            return future.result()
        except BrokenProcessPool:
            self.kill()
            return None

    def kill(self) -> None:
        self._context.kill()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
        self._context, self._executor, self._hello = WorkerContext(), None, None

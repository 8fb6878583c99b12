"""Many processes by Dask: embedded workers, an existing scheduler, or a batch system's jobs.

A task is the path of a comparison, paths of run folders and plain data; its function is named,
never pickled from here. Results are in the run folders: whatever Dask loses or does twice changes
nothing, as a run folder has one owner at a time and an ended run is found, not repeated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from qvopt_molecules.errors import BackendError, InputError

from .engine import Report, Task, batches
from .execution import run_batch
from .stored_outcome import StoredOutcome, read_outcome, write_outcome

_IN_FLIGHT: Final = 3
"""Batches that each worker has or waits for: none idles, and the scheduler's memory is bounded."""

_MOST_DEATHS: Final = 3
"""Times that a run may end its worker, alone and without a new line in its journal."""


class DaskEngine:
    """Runs tasks on a Dask client's workers; closes what it was given to close.

    Args:
        client: a connected `distributed.Client`.
        close: what ends with it: client, cluster, in this order.
        workers: how many there will be; None asks the scheduler.
    """

    def __init__(self, client: Any, close: Sequence[Any] = (), workers: int | None = None) -> None:
        self._client = client
        self._close = list(close)
        self._workers = workers

    @property
    def workers(self) -> int:
        """How many work, or are to come."""
        if self._workers is not None:
            return self._workers
        return max(sum(int(n) for n in self._client.nthreads().values()), 1)

    def run(self, folder: Path, tasks: Sequence[Task], seconds: float) -> Iterator[Report]:
        """Run tasks and report each as its batch ends."""
        suspects: list[Task] = []
        yield from self._pass(folder, batches(tasks, seconds, self.workers), _IN_FLIGHT, suspects)
        deaths: dict[str, tuple[int, int]] = {}
        while suspects:
            # Alone on its worker, a run that ends its worker is told from one that was beside it.
            again, suspects = suspects, []
            yield from self._pass(folder, ([task] for task in again), 1, suspects)
            blamed = []
            for task in suspects:
                path = folder / task["run"]
                size = _journal_size(path)
                before, count = deaths.get(task["run"], (-1, 0))
                count = 1 if size > before else count + 1
                deaths[task["run"]] = (size, count)
                if count >= _MOST_DEATHS:
                    blamed.append(task)
                    yield {"run": task["run"], **_record_death(path).brief()}
            suspects = [task for task in suspects if task not in blamed]

    def _pass(
        self, folder: Path, work: Iterator[list[Task]], depth: int, suspects: list[Task]
    ) -> Iterator[Report]:
        """Hand batches out as workers are free; those that lost their workers become suspects."""
        from distributed import KilledWorker, as_completed

        running = as_completed(loop=self._client.loop)
        batch_of: dict[Any, list[Task]] = {}
        waiting = deque(work)
        try:
            while waiting or batch_of:
                while waiting and len(batch_of) < depth * self.workers:
                    batch = waiting.popleft()
                    future = self._client.submit(run_batch, str(folder), batch, pure=False)
                    batch_of[future] = batch
                    running.add(future)
                future = next(running)
                batch = batch_of.pop(future)
                try:
                    reports = future.result()
                except KilledWorker:
                    suspects.extend(batch)
                    continue
                except OSError as error:
                    raise BackendError(
                        f"the Dask scheduler does not answer ({error}); the runs that have ended "
                        f"are kept, the same command goes on"
                    ) from None
                yield from reports
        finally:
            for future in batch_of:
                future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for part in self._close:
            part.close()
        self._close = []


def connect(address: str, seconds: float = 10.0) -> DaskEngine:
    """Use an existing scheduler; its workers need qvopt and the comparison's file system.

    Raises InputError where none answers.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise InputError(f"no Dask scheduler answers at {address}: {reason}") from None
    return DaskEngine(client, [client])


def _journal_size(path: Path) -> int:
    try:
        return (path / "journal.jsonl").stat().st_size
    except OSError:
        return 0


def _record_death(path: Path) -> StoredOutcome:
    """Write down that a run cannot be run: its worker dies each time."""
    outcome = read_outcome(path)
    if outcome is None:
        outcome = StoredOutcome(
            "crashed",
            f"its worker process died {_MOST_DEATHS} times on this run alone (out of memory?)",
            np.zeros(0, dtype=np.int64),
            np.zeros(0),
        )
        path.mkdir(parents=True, exist_ok=True)
        write_outcome(path, outcome)
    return outcome

"""Runs a comparison on many workers, any of which may die at any time.

A task is the path of a comparison, the path of a run folder and plain data. Results are in the
run folders: a batch whose worker died is given out again, and what had ended is not repeated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import numpy as np

from .engine import Report, Task, batches
from .stored_outcome import StoredOutcome, read_outcome, write_outcome

MAX_DEATHS: Final = 3
"""Times that a run may end its worker, alone and without a new line in its journal."""


class WorkerPool(Protocol):
    """Workers that are given batches of tasks."""

    @property
    def workers(self) -> int:
        """How many there are, or are to come."""
        ...

    @property
    def capacity(self) -> int:
        """Batches that may be given out at a time."""
        ...

    def submit(self, folder: Path, batch: Sequence[Task]) -> None:
        """Give a batch to a free worker."""
        ...

    def next_finished(self) -> tuple[Sequence[Task], list[Report] | None]:
        """Wait for a batch to finish; None instead of reports where its worker died.

        Raises BackendError if no worker can be started or reached.
        """
        ...

    def close(self) -> None:
        """End the workers at once: their journals hold everything."""
        ...


class PooledEngine:
    """Runs tasks on a pool of workers, and closes the pool.

    A batch that lost its worker is given out again run by run, so that a run that ends its worker
    is told from those beside it. A run that does so three times without progress is recorded as
    crashed.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool

    @property
    def workers(self) -> int:
        """How many run at a time."""
        return self.pool.workers

    def run(self, folder: Path, tasks: Sequence[Task], seconds: float) -> Iterator[Report]:
        """Run tasks and report each as its batch ends."""
        waiting = deque(batches(tasks, seconds, self.workers))
        deaths = _Deaths(folder)
        given_out = 0
        while waiting or given_out:
            while waiting and given_out < self.pool.capacity:
                self.pool.submit(folder, waiting.popleft())
                given_out += 1
            batch, reports = self.pool.next_finished()
            given_out -= 1
            if reports is not None:
                yield from reports
            elif len(batch) > 1 or not deaths.is_last(batch[0]):
                waiting.extendleft([task] for task in reversed(batch))
            else:
                yield {"run": batch[0]["run"], **_record_death(folder / batch[0]["run"]).brief()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.pool.close()


class _Deaths:
    """Counts how often each run ended its worker without writing to its journal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: dict[str, tuple[int, int]] = {}  # journal size, deaths at that size

    def is_last(self, task: Task) -> bool:
        """Count a death; return whether the run may not be tried again."""
        size = _journal_size(self._folder / task["run"])
        former_size, count = self._counts.get(task["run"], (-1, 0))
        count = 1 if size > former_size else count + 1
        self._counts[task["run"]] = (size, count)
        return count >= MAX_DEATHS


def _journal_size(path: Path) -> int:
    try:
        return (path / "journal.jsonl").stat().st_size
    except OSError:
        return 0


def _record_death(path: Path) -> StoredOutcome:
    """Record that a run cannot be run: its worker dies each time."""
    outcome = read_outcome(path)
    if outcome is None:
        outcome = StoredOutcome(
            "crashed",
            f"its worker process died {MAX_DEATHS} times on this run alone (out of memory?)",
            np.zeros(0, dtype=np.int64),
            np.zeros(0),
        )
        path.mkdir(parents=True, exist_ok=True)
        write_outcome(path, outcome)
    return outcome

"""Workers of a Dask scheduler: an existing one, or one whose workers are jobs of a batch system.

The function that a task runs is named, never pickled from here. Whatever Dask loses or does twice
changes nothing, as a run folder has one owner at a time and an ended run is found, not repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from qvopt_molecules.errors import BackendError, InputError, missing_extra

from .engine import Report, Task
from .execution import run_batch
from .pooled_engine import PooledEngine

_BATCHES_EACH: Final = 3
"""Batches that each worker has or waits for: none idles, and the scheduler's memory is bounded."""


class DaskWorkers:
    """The workers of a Dask client; closes what it was given to close.

    Args:
        client: a connected `distributed.Client`.
        close: what ends with it: client, cluster, in this order.
        workers: how many there will be; None asks the scheduler.
    """

    def __init__(self, client: Any, close: Sequence[Any] = (), workers: int | None = None) -> None:
        from distributed import as_completed

        self._client = client
        self._close = list(close)
        self._workers = workers
        self._running = as_completed(loop=client.loop)
        self._batches: dict[Any, Sequence[Task]] = {}

    @property
    def workers(self) -> int:
        """How many work, or are to come."""
        if self._workers is not None:
            return self._workers
        return max(sum(int(n) for n in self._client.nthreads().values()), 1)

    @property
    def capacity(self) -> int:
        """Batches that may be given out at a time."""
        return _BATCHES_EACH * self.workers

    def submit(self, folder: Path, batch: Sequence[Task]) -> None:
        """Give a batch to the scheduler. One that loses its worker comes back here."""
        future = self._client.submit(run_batch, str(folder), list(batch), pure=False, retries=0)
        self._batches[future] = batch
        self._running.add(future)

    def next_finished(self) -> tuple[Sequence[Task], list[Report] | None]:
        """Wait for a batch; None instead of reports where its worker died.

        Raises BackendError if the scheduler does not answer.
        """
        from distributed import KilledWorker

        future = next(self._running)
        batch = self._batches.pop(future)
        try:
            reports: list[Report] = future.result()
        except KilledWorker:
            return batch, None
        except OSError as error:
            raise BackendError(
                f"the Dask scheduler does not answer ({error}); the runs that have ended are "
                f"kept, and the same command resumes the comparison"
            ) from None
        return batch, reports

    def close(self) -> None:
        """Cancel what runs, and close."""
        for future in self._batches:
            future.cancel()
        self._batches = {}
        for part in self._close:
            part.close()
        self._close = []


def connect(address: str, seconds: float = 10.0) -> PooledEngine:
    """Use an existing scheduler; its workers need qvopt and the comparison's file system.

    Raises InputError without the package distributed, and where no scheduler answers.
    """
    require_distributed("--scheduler")
    from distributed import Client

    try:
        client = Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise InputError(f"no Dask scheduler answers at {address}: {reason}") from None
    return PooledEngine(DaskWorkers(client, [client]))


def require_distributed(option: str) -> None:
    """Raise InputError, naming what needs it, where the package distributed is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise missing_extra(f"{option} needs distributed", "cluster") from None

"""Which engine runs a comparison: this process for little work, else as many as there are cores."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from qvopt_molecules.errors import InputError

from .engine import Engine, InProcess
from .forecast import SweepForecast, usable_cores

_WORTH_STARTING: Final = 8.0
"""Seconds of work below which starting processes, a second or two each, gains nothing."""


def choose_engine(
    expected: SweepForecast,
    folder: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    cluster: Path | None = None,
) -> Engine:
    """Return what runs a comparison.

    Args:
        expected: what there is to do.
        folder: the comparison's.
        workers: processes on this machine; 1 is this process, None as many as help.
        scheduler: address of an existing Dask scheduler.
        cluster: file that describes jobs of a batch system.

    Raises InputError where several are asked for, or what is asked for is not available.
    """
    if sum(option is not None for option in (workers, scheduler, cluster)) > 1:
        raise InputError("give one of workers, scheduler and cluster")
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}")
    if cluster is not None:
        from .batch_cluster import read_cluster_file, submit_workers

        return submit_workers(read_cluster_file(cluster), folder)
    if scheduler is not None:
        from .dask_workers import connect

        return connect(scheduler)
    if workers is None:
        worth = expected.seconds >= _WORTH_STARTING
        workers = min(usable_cores(), max(expected.missing, 1)) if worth else 1
    if workers == 1:
        return InProcess()
    from .local_workers import LocalWorkers
    from .pooled_engine import PooledEngine

    return PooledEngine(LocalWorkers(workers))

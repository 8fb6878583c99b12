"""Threads for work over independent tiles."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from threading import Lock
from typing import Any

from qvopt_molecules.errors import InputError

_WORTH_SHARING = 1e5
"""Nanoseconds of work below which waking another thread costs more than it saves."""

_PIECE = 2e7
"""Nanoseconds of a piece at most, roughly, so that an interrupt is heard soon."""

_MOST_PIECES = 64


def default_threads() -> int:
    """OMP_NUM_THREADS where it is set, as for other numerical libraries; else the cores at hand."""
    value = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if value.isdigit() and int(value) > 0:
        return int(value)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Runs kernels that release the interpreter over ranges of tiles.

    Results must not depend on who does which tile, or when; then they do not depend on the number
    of threads either. An interrupt stops after the pieces that are under way.
    """

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads must be a positive number, got {threads}")
        self.threads = default_threads() if threads is None else threads
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def run(
        self, kernel: Callable[..., Any], n_tiles: int, *arguments: Any, work: float = 1e12
    ) -> None:
        """Call kernel(*arguments, first, last) until all tiles are done.

        `work` says in nanoseconds, roughly, what all of it takes one thread.
        """
        if n_tiles == 1:
            kernel(*arguments, 0, 1)
            return
        threads = self.threads if work > _WORTH_SHARING else 1
        least = 1 if threads == 1 else 4 * threads
        pieces = min(n_tiles, max(least, min(int(work / _PIECE), _MOST_PIECES)))
        if pieces == 1:
            kernel(*arguments, 0, n_tiles)
            return
        ends = [n_tiles * k // pieces for k in range(pieces + 1)] if pieces else []
        ranges = pairwise(ends)
        if threads == 1:
            for first, last in ranges:
                kernel(*arguments, first, last)
            return
        lock = Lock()

        def take() -> None:
            while True:
                with lock:
                    piece = next(ranges, None)
                if piece is None:
                    return
                kernel(*arguments, *piece)

        futures = [self._threads().submit(take) for _ in range(threads - 1)]
        try:
            take()
        finally:
            with lock:
                for _ in ranges:  # after an interrupt nobody takes another piece
                    pass
            wait(futures)
        for future in futures:
            future.result()

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None or self._process != os.getpid():  # threads do not survive a fork
            self._process = os.getpid()
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="qvopt-sector")
        return self._pool

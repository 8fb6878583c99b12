"""Threads for work over independent tiles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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
        threads = self.threads if self.shares(work) else 1
        if threads == 1:
            self.run_in_order(kernel, n_tiles, *arguments, work=work)
            return
        ranges = _pieces(n_tiles, work, 4 * threads)
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

    def shares(self, work: float) -> bool:
        """Whether so much work, in nanoseconds on one thread, is worth several threads."""
        return self.threads > 1 and work > _WORTH_SHARING

    def run_in_order(
        self, kernel: Callable[..., Any], n_tiles: int, *arguments: Any, work: float = 1e12
    ) -> None:
        """Do the same on this thread, from the first tile to the last."""
        for first, last in _pieces(n_tiles, work, 1):
            kernel(*arguments, first, last)

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None or self._process != os.getpid():  # threads do not survive a fork
            self._process = os.getpid()
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="qvopt-sector")
        return self._pool


def _pieces(n_tiles: int, work: float, least: int) -> Iterator[tuple[int, int]]:
    """Ranges of tiles, short enough that an interrupt is heard soon."""
    pieces = min(n_tiles, max(least, min(int(work / _PIECE), _MOST_PIECES)))
    return pairwise(n_tiles * k // pieces for k in range(pieces + 1)) if pieces else iter(())

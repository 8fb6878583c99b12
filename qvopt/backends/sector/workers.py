"""Threads for work over independent tiles."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any

from qvopt_molecules.errors import InputError

_CHUNKS = 4
"""Pieces that work is cut into at least, so that an interrupt is heard soon."""


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

    def run(self, kernel: Callable[..., Any], n_tiles: int, *arguments: Any) -> None:
        """Call kernel(*arguments, first, last) until all tiles are done."""
        pieces = min(n_tiles, max(_CHUNKS, 4 * self.threads))
        ends = [n_tiles * k // pieces for k in range(pieces + 1)] if pieces else []
        ranges = list(pairwise(ends))
        if self.threads == 1 or len(ranges) < 2:
            for first, last in ranges:
                kernel(*arguments, first, last)
            return
        if self._pool is None or self._process != os.getpid():  # threads do not survive a fork
            self._process = os.getpid()
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="qvopt-sector")
        futures = [self._pool.submit(kernel, *arguments, first, last) for first, last in ranges]
        try:
            for future in futures:
                future.result()
        finally:
            for future in futures:
                future.cancel()
            wait(futures)

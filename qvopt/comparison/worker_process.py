"""How a local worker process is started and set up.

A worker is a fresh interpreter ("spawn"). It does not run the caller's script again, so that
`compare` needs no `if __name__ == "__main__"` around it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, Final

THREADS: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Environment of a worker: there is one for each core."""


class WorkerProcess(SpawnProcess):
    """A spawned process that begins without the caller's script and without Ctrl-C."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _starting():
            return SpawnProcess._Popen(process_obj)


class WorkerContext(SpawnContext):
    """What an executor makes its processes with; remembers those that it made."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[WorkerProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> WorkerProcess:  # type: ignore[override]
        """Make a process, as the module's function does."""
        process = WorkerProcess(*args, **kwargs)
        self.started.append(process)
        return process

    def kill(self) -> None:
        """End every process at once, and wait until they are gone."""
        running = [process for process in self.started if process.pid is not None]
        for process in running:
            process.kill()
        for process in running:
            process.join()


def set_up_worker() -> None:
    """Prepare a worker process: it is silent, and ends when the process that started it does."""
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # a live view may be on the terminal
        os.dup2(silence, stream)
    os.close(silence)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _starting() -> Iterator[None]:
    """The state of this process that a child takes over, while one is started.

    Ctrl-C reaches all processes of a terminal; it is for the comparison, which then ends its
    workers. So SIGINT is blocked in a child from its first instruction on.
    """
    main, environment = sys.modules["__main__"], dict(os.environ)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(THREADS)
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name in THREADS:
            if name in environment:
                os.environ[name] = environment[name]
            else:
                del os.environ[name]
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

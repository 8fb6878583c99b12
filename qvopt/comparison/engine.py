"""What runs the tasks of a comparison: this process, or many by Dask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from .execution import run_batch

Task = Mapping[str, Any]
Report = dict[str, Any]

BATCH_SECONDS: Final = 1.0
"""Work that is handed out at a time: enough to hide what handing out costs."""

LARGEST_BATCH: Final = 64


class Engine(Protocol):
    """Runs tasks and reports each as it ends, in any order."""

    @property
    def workers(self) -> int:
        """How many run at a time, as far as is known."""
        ...

    def run(self, folder: Path, tasks: Sequence[Task], seconds: float) -> Iterator[Report]:
        """Run tasks, each of which takes about so many seconds."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class InProcess:
    """Runs tasks here, one after another: nothing to start."""

    workers = 1

    def run(self, folder: Path, tasks: Sequence[Task], seconds: float) -> Iterator[Report]:
        """Run tasks in batches, so that their journals reach the disk together."""
        for batch in batches(tasks, seconds, 1):
            yield from run_batch(str(folder), batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


def batches(tasks: Sequence[Task], seconds: float, workers: int) -> Iterator[list[Task]]:
    """Cut tasks into batches of about a second, smaller ones towards the end."""
    usual = int(min(max(BATCH_SECONDS / max(seconds, 1e-6), 1), LARGEST_BATCH))
    position = 0
    while position < len(tasks):
        fair = -(-(len(tasks) - position) // (2 * workers))
        size = min(usual, max(fair, 1))
        yield list(tasks[position : position + size])
        position += size

"""A bar of steps, in a terminal or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qvopt.runs.steps import Step


def shows_progress(progress: bool | None) -> bool:
    """Whether to show a bar: as asked, and where nothing is said in notebooks alone."""
    return in_notebook() if progress is None else progress


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    active = None if shell is None else shell.get_ipython()
    return type(active).__name__ == "ZMQInteractiveShell"


@contextmanager
def step_bar(shown: bool, total: int) -> Iterator[Callable[[Step], None]]:
    """A function that takes each step, and shows it where `shown`."""
    if not shown:
        yield lambda step: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("step"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[e]}"),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("", total=total, e="")

        def take(step: Step) -> None:
            value = step.exact if step.energy is None else step.energy.value
            text = "" if value is None else f"E = {value:.6f}"
            progress.update(task, completed=step.number, e=text)

        yield take


@contextmanager
def counted(
    progress: bool | Callable[..., object] | None, unit: str, total: int | None = None
) -> Iterator[Callable[..., object]]:
    """A function to call with each piece of a task's work as it is done.

    Args:
        progress: that function itself; or whether to show a bar, None in notebooks alone.
        unit: what is counted, in the plural.
        total: how many there will be, where that is known.
    """
    if callable(progress):
        yield progress
        return
    if not shows_progress(progress):
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn(unit), BarColumn(), MofNCompleteColumn()) as bar:
        task = bar.add_task("", total=total)
        yield lambda *_: bar.advance(task)

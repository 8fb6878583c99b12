"""A bar of steps, in a terminal or a notebook."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from itertools import count
from typing import Any, Final

from qvopt.runs.steps import Step

_DELAY: Final = 1.0  # seconds that a run in a notebook takes before it has a bar
_INTERVAL: Final = 0.2  # seconds between two updates of it


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
    elif in_notebook():
        bar = NotebookBar()
        yield lambda step: bar.show(step_data(step, total))
        bar.close()
    else:
        yield from _terminal_bar(total)


def _terminal_bar(total: int) -> Iterator[Callable[[Step], None]]:
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
            progress.update(task, completed=step.number, e=_energy_text(step))

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
    if in_notebook():
        bar, done = NotebookBar(), count(1)

        def advance(*_: object) -> None:
            bar.show(_counted_data(next(done), total, unit))

        yield advance
        bar.close()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn(unit), BarColumn(), MofNCompleteColumn()) as terminal:
        task = terminal.add_task("", total=total)
        yield lambda *_: terminal.advance(task)


class NotebookBar:
    """A bar below the cell that runs, for which no widgets need be installed.

    It appears after a second, so that short runs leave nothing behind.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._next = time.monotonic() + _DELAY
        self._last: dict[str, str] | None = None

    def show(self, data: dict[str, str]) -> None:
        """Show how far it is, where the last update is long enough ago."""
        self._last = data
        if time.monotonic() >= self._next:
            self._display(data)

    def close(self) -> None:
        """Show what came last, where there is a bar."""
        if self._handle is not None and self._last is not None:
            self._display(self._last)

    def _display(self, data: dict[str, str]) -> None:
        if self._handle is None:
            display = importlib.import_module("IPython.display").display
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
        self._next = time.monotonic() + _INTERVAL


def step_data(step: Step, total: int) -> dict[str, str]:
    """The bar at a step as HTML, and as plain text."""
    energy = _energy_text(step)
    text = ", ".join(filter(None, (f"step {step.number:,} of at most {total:,}", energy)))
    return _bar_data(step.number, total, text)


def _counted_data(done: int, total: int | None, unit: str) -> dict[str, str]:
    of = "" if total is None else f" of {total:,}"
    return _bar_data(done, total, f"{done:,}{of} {unit}")


def _bar_data(done: int, total: int | None, text: str) -> dict[str, str]:
    known = "" if total is None else f' max="{total}"'
    bar = f'<progress value="{done}"{known}></progress>'
    return {"text/plain": text, "text/html": f"{bar} {escape(text)}"}


def _energy_text(step: Step) -> str:
    value = step.exact if step.energy is None else step.energy.value
    return "" if value is None else f"E = {value:.6f}"

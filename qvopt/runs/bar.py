"""A bar of steps, in a terminal or a notebook."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
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
        bar = NotebookBar(total)
        yield bar
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


class NotebookBar:
    """A bar below the cell that runs, for which no widgets need be installed.

    It appears after a second, so that short runs leave nothing behind.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._handle: Any = None
        self._next = time.monotonic() + _DELAY
        self._last: Step | None = None

    def __call__(self, step: Step) -> None:
        """Take a step, and show it where the last update is long enough ago."""
        self._last = step
        if time.monotonic() >= self._next:
            self._show(step)

    def close(self) -> None:
        """Show the last step, where there is a bar."""
        if self._handle is not None and self._last is not None:
            self._show(self._last)

    def _show(self, step: Step) -> None:
        data = bar_data(step, self._total)
        if self._handle is None:
            display = importlib.import_module("IPython.display").display
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
        self._next = time.monotonic() + _INTERVAL


def bar_data(step: Step, total: int) -> dict[str, str]:
    """The bar at a step as HTML, and as plain text."""
    energy = _energy_text(step)
    text = ", ".join(filter(None, (f"step {step.number:,} of at most {total:,}", energy)))
    bar = f'<progress value="{step.number}" max="{total}"></progress>'
    return {"text/plain": text, "text/html": f"{bar} {escape(text)}"}


def _energy_text(step: Step) -> str:
    value = step.exact if step.energy is None else step.energy.value
    return "" if value is None else f"E = {value:.6f}"

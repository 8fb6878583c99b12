"""The live view of a comparison: progress by optimizer, time left, best so far."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from statistics import median
from types import TracebackType
from typing import Any, Self

from qvopt.comparison.labels import listed
from qvopt.comparison.sweep import Sweep, SweepProgress
from qvopt.runs.wording import thousandth

from .cadence import Cadence

_LINE_SECONDS = 5.0


class ComparisonView:
    """Shows runs as they end, on standard error: a live table on a terminal, else a line now and
    then (`Cadence`).

    "Best so far" is the optimizer with the lowest median true error; single lucky runs count for
    nothing.
    """

    def __init__(self, sweep: Sweep, *, quiet: bool) -> None:
        self._quiet = quiet
        self._sweep = sweep
        self._unit = thousandth(problem.unit for problem in sweep.problems)
        self._stage: str | None = None
        self._errors: dict[str, list[float]] = defaultdict(list)
        self._failed: dict[str, int] = defaultdict(int)
        self._ended: dict[str, int] = {}
        self._planned: dict[str, int] = {}
        self._left = 0
        self._fresh = 0
        self._began = self._next = self._shown = time.monotonic()
        self._live: Any = None
        self._cadence = Cadence(first=_LINE_SECONDS)

    def show(self, progress: SweepProgress) -> None:
        """Take note of a run."""
        if self._quiet:
            return
        if progress.stage != self._stage:
            self._start(progress.stage)
        run, report = progress.run, progress.report
        self._ended[run.optimizer] = self._ended.get(run.optimizer, 0) + 1
        self._left -= 1
        self._fresh += 1
        if report["status"] in ("crashed", "diverged") or report.get("final") is None:
            self._failed[run.optimizer] += 1
            self._errors[run.optimizer].append(float("inf"))
        else:
            self._errors[run.optimizer].append(report["final"] - run.problem.reference)
        now = self._next = time.monotonic()
        if self._live is not None:
            if now - self._shown > 0.2 or self._left == 0:
                self._live.update(self._table(), refresh=True)
                self._shown = now
        elif self._cadence.due() or self._left == 0:
            self._cadence.shown()
            print(self._heading(), file=sys.stderr, flush=True)

    def _start(self, stage: str) -> None:
        self._stage = stage
        self._errors.clear()
        self._failed.clear()
        self._planned = dict(self._sweep.planned)
        self._ended = dict(self._sweep.ended)
        self._left = sum(self._planned.values()) - sum(self._ended.values())
        self._fresh = 0
        self._began, self._next = self._next, time.monotonic()
        if sys.stderr.isatty() and self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, markup=False, emoji=False)
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()

    def _seconds_left(self) -> float:
        spent = time.monotonic() - self._began
        return spent / max(self._fresh, 1) * self._left

    def _best(self) -> tuple[list[str], float] | None:
        """The optimizers of the lowest median, and that median."""
        medians = {name: median(values) for name, values in self._errors.items() if values}
        if not medians:
            return None
        lowest = min(medians.values())
        return [name for name, middle in medians.items() if middle == lowest], lowest

    def _heading(self) -> str:
        total = sum(self._planned.values())
        what = "search of hyper-parameters" if self._stage == "tuning" else "scored runs"
        text = f"{what}: {total - self._left} of {total}, {clock(self._seconds_left())} left"
        best = self._best()
        if best is None:
            return text
        return f"{text}, best so far {listed(best[0])} ({1e3 * best[1]:.3g} {self._unit})"

    def _table(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table(box=None, pad_edge=False, title=self._heading(), title_justify="left")
        for name in ("optimizer", "runs", "", f"median error ({self._unit})", "diverged, crashed"):
            table.add_column(name, justify="left" if name in ("optimizer", "") else "right")
        for name, total in self._planned.items():
            values = self._errors.get(name)
            middle = "-" if not values else f"{1e3 * median(values):.3g}"
            bar = ProgressBar(total=total, completed=self._ended.get(name, 0), width=24)
            done = f"{self._ended.get(name, 0)}/{total}"
            table.add_row(name, done, bar, middle, str(self._failed[name] or ""))
        return table

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()


def clock(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"

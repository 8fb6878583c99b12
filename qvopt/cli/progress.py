"""The live display: one line a step, thinned out where steps are fast, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self, runtime_checkable

from qvopt.measurement.estimate import Estimate
from qvopt.runs.steps import Step
from qvopt.runs.wording import Wording, wording_of

from .cadence import Cadence

_HARTREE: Final = wording_of({})
_LIVE_SECONDS: Final = 0.1
_LIVE_SHARE_SECONDS: Final = 0.5


@runtime_checkable
class Foreseen(Protocol):
    """A program that may say beforehand what it will take, and how far a long piece of work is."""

    tell: Callable[[float], None] | None

    @property
    def forecast(self) -> object | None:
        """What an evaluation takes, in words; None where that is nothing."""
        ...


class ProgressDisplay:
    """Prints steps.

    On a terminal the last line is live. In a file lines come at doubling step numbers, and less and
    less often by the time (`Cadence`).
    """

    def __init__(self, fci: float | None, *, quiet: bool, words: Wording = _HARTREE) -> None:
        self._fci = fci
        self._words = words
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._shown = 0.0
        self._cadence = Cadence()
        self._next = 1
        self._pending: str | None = None
        self._headed = False

    def show(self, step: Step) -> None:
        """Take note of a step."""
        if self._quiet:
            return
        line = self._format(step)
        landmark = step.number in (0, self._next)
        if landmark and step.number:
            self._next *= 2
        if landmark or self._due(_LIVE_SECONDS):
            self._print(line, keep=landmark or not self._live)
            self._pending = None
        else:
            self._pending = line

    def announce(self, program: Foreseen) -> None:
        """Print a program's forecast, and show how far its long evaluations are."""
        if self._quiet or program.forecast is None:
            return
        print(program.forecast, file=sys.stderr)
        program.tell = self._share

    def _share(self, done: float) -> None:
        """Show the share of an evaluation that is done: live, or as often as steps."""
        if self._due(_LIVE_SHARE_SECONDS):
            self._print(f"{'':>6}  {100 * done:.0f} % of an evaluation", keep=not self._live)

    def _due(self, live_seconds: float) -> bool:
        if self._live:
            return time.monotonic() - self._shown > live_seconds
        return self._cadence.due()

    def _format(self, step: Step) -> str:
        energy = step.exact if step.energy is None else step.energy.value
        text = "-"
        if energy is not None:
            variance = 0.0 if step.energy is None else step.energy.variance
            text = str(Estimate(energy, variance))
        best = step.exact if step.exact is not None else energy
        error = "-"
        if best is not None and self._fci is not None:
            scale, digits = (1e3, 4) if self._words.in_hartree else (1.0, 7)
            error = f"{scale * (best - self._fci):z.{digits}f}"
            if step.exact is None and step.energy is not None and step.energy.variance:
                variance = scale**2 * step.energy.variance
                error = str(Estimate(scale * (best - self._fci), variance))
        norm = "-" if step.gradient_norm is None else f"{step.gradient_norm:.2e}"
        return (
            f"{step.number:>6}  {text:>16}  {error:>12}  {norm:>10}  {step.shots:>13,}  "
            f"{step.seconds:>6.1f} s{'  ' + step.note if step.note else ''}"
        )

    def _heading(self) -> str:
        energy, error = f"energy{self._words.bracketed}", f"error{self._words.bracketed}"
        error = "error (mHa)" if self._words.in_hartree else error
        return (
            f"{'step':>6}  {energy:>16}  {error:>12}  {'|gradient|':>10}  {'shots':>13}  "
            f"{'time':>8}"
        )

    def _print(self, line: str, *, keep: bool) -> None:
        if not self._headed:
            print(self._heading(), file=sys.stderr)
            self._headed = True
        self._shown = time.monotonic()
        self._cadence.shown()
        start = "\r\x1b[2K" if self._live else ""
        print(start + line, end="\n" if keep else "", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._quiet or not self._headed:
            return
        if self._pending is not None:
            self._print(self._pending, keep=True)
        elif self._live:
            print(file=sys.stderr)

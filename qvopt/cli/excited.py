"""`qvopt excited`: the lowest states of a molecule."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qvopt.measurement.estimate import Estimate
from qvopt.runs.result import HARTREE_IN_EV
from qvopt.runs.steps import Step
from qvopt.tasks.excited.result import ExcitedState, ExcitedStates
from qvopt.tasks.excited.states import excited_states
from qvopt.tasks.task_folder import EXCITED

from .cadence import Cadence
from .folders import asked_of, interruptible, print_notes
from .output import print_json, print_table
from .spending import terminal

_SAME = 0.5  # overlap with a lower state from which on a state is not another one


class _Progress:
    """A line for the first step of each minimisation, and one about every other second.

    In a file the latter come less and less often (`Cadence`).
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._shown, self._state = 0.0, -1
        self._live, self._cadence = sys.stderr.isatty(), Cadence()

    def __call__(self, state: int, step: Step) -> None:
        now = time.monotonic()
        due = now - self._shown > 2.0 if self._live else self._cadence.due()
        if state == self._state and not due:
            return
        self._shown, self._state = now, state
        self._cadence.shown()
        value = step.exact if step.energy is None else step.energy.value
        shown = "-" if value is None else f"{value:.8f} {self._unit}".rstrip()
        print(f"minimisation {state}  step {step.number:>5}  {shown}", file=sys.stderr, flush=True)


def excited_command(
    what: str,
    data: Mapping[str, Any] | None,
    given: Mapping[str, Any],
    out: Path | None,
    as_json: bool,
    yes: bool = False,
) -> int:
    """Find the states and print them; the journals are in `out`, or a folder of the question's.

    A new search on hardware is asked for first.
    """
    usual = {"method": "vqd", "states": 3, "beta": 3.0}
    experiment, asked, folder = asked_of(EXCITED, what, data, given, usual, out)

    print_notes(experiment)
    approve = terminal(yes=yes, quiet=False, question="submit them?")

    def work() -> int:
        spectrum = excited_states(
            experiment,
            **asked,
            out=folder,
            progress=_Progress(experiment.molecule.energy_unit),
            approve=approve,
        )
        return _report(spectrum, folder, as_json)

    return interruptible(work, folder)


def _report(states: ExcitedStates, folder: Path, as_json: bool) -> int:
    if as_json:
        print_json(states.document() | {"folder": str(folder)})
        return 0
    lowest = states.states[0].energy
    print_table([_row(k, s, lowest, states) for k, s in enumerate(states.states)])
    for line in _remarks(states):
        print(line)
    print(f"{states.method}, {states.shots:,} shots")
    print(f"folder   {folder}")
    return 0


def _row(number: int, state: ExcitedState, lowest: float, found: ExcitedStates) -> dict[str, Any]:
    best = state.energy if state.exact is None else state.exact
    in_hartree, unit = found.unit == "Ha", f" ({found.unit})" if found.unit else ""
    difference = None if state.fci is None else best - state.fci
    above, scale = state.energy - lowest, 1e3 if in_hartree else 1.0
    digits = 4 if in_hartree else 6
    first = found.states[0]
    spread = 0.0 if number == 0 else math.hypot(state.stderr, first.stderr)
    bar = 0.0 if state.exact is not None else state.stderr
    return {
        "state": number,
        f"energy{unit}": str(Estimate(state.energy, state.stderr**2)),
        "above (eV)" if in_hartree else f"above{unit}": (
            _measured(above, spread, HARTREE_IN_EV, 4)
            if in_hartree
            else _measured(above, spread, 1.0, 6)
        ),
        found.exact_method: "-" if state.fci is None else f"{state.fci:.6f}",
        "error (mHa)" if in_hartree else f"error{unit}": (
            None if difference is None else _measured(difference, bar, scale, digits)
        ),
        "S²": "-" if state.spin_squared is None else f"{state.spin_squared:z.3f}",
        "spin": state.multiplicity,
        "steps": state.steps,
    }


def _measured(value: float, stderr: float, scale: float, digits: int) -> str:
    """A scaled number: to its error bar where it has one, else to so many digits."""
    if stderr:
        return str(Estimate(scale * value, (scale * stderr) ** 2))
    return f"{scale * value:z.{digits}f}"


def _remarks(states: ExcitedStates) -> list[str]:
    lines = []
    late = [str(k) for k, s in enumerate(states.states) if s.status == "max-steps"]
    if late:
        most = max(s.steps for s in states.states)
        lines.append(f"not at a minimum after {most} steps: {_named(late)}; give --max-steps")
    again = [str(k) for k, s in enumerate(states.states) if (s.overlap or 0.0) > _SAME]
    if again:
        hint = "; give a larger --beta, above the gap" if states.method == "vqd" else ""
        lines.append(f"much like a lower state: {_named(again)}{hint}")
    mixed = [str(k) for k, s in enumerate(states.states) if s.multiplicity == "mixed"]
    if mixed:
        lines.append(f"of no one spin: {_named(mixed)}; the ansatz cannot make that state, or "
                     f"states of one energy are mixed")  # fmt: skip
    return lines


def _named(numbers: list[str]) -> str:
    return f"state{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"

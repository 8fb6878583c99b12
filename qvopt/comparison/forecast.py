"""What a comparison will take: runs, shots, time and disk, before any of it runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from qvopt_molecules.errors import InputError

from .planned_runs import PlannedRun, step_energies

_RUN_SECONDS: Final = 0.02  # begin and end of a run
_ROUND_SECONDS: Final = 3e-4  # optimizer, expansion and journal of a round
_RUN_BYTES: Final = 12 << 10
_SPARE: Final = 200 << 20


@dataclass(frozen=True)
class SweepForecast:
    """An estimate to a factor of about two; shots are the most that the budgets allow.

    Attributes:
        runs, done: runs, and those that are there already.
        shots: of the missing ones.
        seconds: of the runs, for one core; without the start of processes, which compile or load
            their kernels, and without the report.
        bytes: on disk.
    """

    runs: int
    done: int
    shots: int
    seconds: float
    bytes: float

    @property
    def missing(self) -> int:
        """Cells that are to be run."""
        return self.runs - self.done

    def document(self) -> dict[str, Any]:
        """The forecast as plain data."""
        return {**asdict(self), "missing": self.missing}


class _Estimate(NamedTuple):
    seconds: float
    bytes: float
    shots: int


def forecast(runs: Sequence[PlannedRun], missing: Sequence[PlannedRun]) -> SweepForecast:
    """Add up what the missing runs will take."""
    seconds = disk = 0.0
    shots = 0
    estimates: dict[tuple[int, str, int | None, str], _Estimate] = {}
    for run in missing:
        experiment = run.experiment
        name = experiment.optimizer_spec.name
        key = (id(run.problem), name, experiment.measurement.shots, str(experiment.budget))
        if key not in estimates:
            estimates[key] = _of_run(run)
        seconds += estimates[key].seconds
        disk += estimates[key].bytes
        shots += estimates[key].shots
    return SweepForecast(len(runs), len(runs) - len(missing), shots, seconds, disk)


def _of_run(run: PlannedRun) -> _Estimate:
    """A run that spends its budget on what its optimizer asks for."""
    shots = run.experiment.measurement.shots or 1
    problem = run.problem
    energies = step_energies(problem, run.experiment.optimizer_spec.name)
    kind = "gradient" if energies > 1 else "energy"
    paid = run.budget.energies(shots, problem.sizes["groups"])
    rounds = min(paid / max(energies, 1), 3.0 * run.experiment.max_steps, run.budget.rounds)
    prices = problem.prices
    return _Estimate(
        seconds=rounds * (prices[f"{kind}_seconds"] + _ROUND_SECONDS) + _RUN_SECONDS,
        bytes=rounds * prices[f"{kind}_bytes"] + _RUN_BYTES,
        shots=run.budget.shots or int(rounds * energies * shots),
    )


def check_disk(expected: SweepForecast, folder: Path, most_bytes: float | None) -> None:
    """Raise InputError if a comparison would write more than it may, or than there is room for."""
    if most_bytes is not None and expected.bytes > most_bytes:
        raise InputError(
            f"the comparison would write about {expected.bytes / 1e9:.1f} GB, and may write "
            f"{most_bytes / 1e9:.1f} GB; take smaller budgets, fewer seeds, or --max-gb"
        )
    free = free_bytes(folder)
    if expected.bytes + _SPARE > free:
        raise InputError(
            f"the comparison would write about {expected.bytes / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free at {folder}; choose another --out"
        )


def free_bytes(folder: Path) -> float:
    """Free disk at a folder, or at the nearest one above it that exists."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return float(shutil.disk_usage(place).free)


def disk_is_full(folder: Path) -> bool:
    """Whether too little is left to go on."""
    return free_bytes(folder) < _SPARE


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1

"""A comparison in its folder: which runs there are, which are missing, and running those.

comparison.toml   the specification, in full; `qvopt compare` on it repeats the comparison
problems.json     what was found of the problems; integrals/ holds their integrals, frozen
runs/             one run folder for each run, named by its content
tuning.json       what the search of hyper-parameters chose
history.jsonl     commands and times, a line each
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import BackendError, InputError

from .cautions import cautions
from .engine import Engine, Report
from .execution import VERSION
from .forecast import SweepForecast, check_disk, disk_is_full, forecast
from .frozen import FrozenProblem, ProblemStore
from .planned_runs import Entrant, PlannedRun, entrants, scored_runs, trial_runs
from .problems import prepare_problems
from .specification import ComparisonSpec
from .stored_outcome import NAME, StoredOutcome, read_outcome
from .tuning import choose, chosen_options

SweepStage = Literal["tuning", "scored"]
_LOOK_SECONDS: Final = 5.0
_WAIT_SECONDS: Final = 0.5


@dataclass(frozen=True)
class SweepProgress:
    """One run that has ended: in which stage, and how."""

    stage: SweepStage
    run: PlannedRun
    report: Report


@dataclass
class Sweep:
    """A comparison, checked and ready.

    Attributes:
        spec: what is compared.
        folder: where; None for one that is only looked at.
        problems, practice: those that are scored, and those of the search.
        entrants: the optimizers.
        most_bytes: what it may write; None for no cap.
        planned, ended: runs of the stage that runs, by optimizer, and those that it found.
    """

    spec: ComparisonSpec
    folder: Path | None
    problems: list[FrozenProblem]
    practice: list[FrozenProblem]
    entrants: list[Entrant]
    most_bytes: float | None = None
    planned: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    _written: float = field(default=0.0, repr=False)

    @classmethod
    def prepare(
        cls,
        spec: ComparisonSpec,
        folder: Path | None,
        *,
        most_bytes: float | None = None,
        writable: bool = True,
    ) -> Sweep:
        """Check everything, and freeze what is computed in `folder` if `writable`; nothing runs.

        Raises InputError for whatever cannot run.
        """
        store = ProblemStore(folder, writable=writable)
        problems = prepare_problems(spec.problems, store, spec.shots, spec.budget)
        who = entrants(spec, problems)
        practice: list[FrozenProblem] = []
        if any(entrant.spec.tuned for entrant in who):
            practice = problems
            if spec.tuning.problems is not None:
                practice = prepare_problems(spec.tuning.problems, store, spec.shots, spec.budget)
        sweep = cls(spec, folder, problems, practice, who, most_bytes)
        for _ in sweep.runs("tuning"):
            break
        for _ in scored_runs(spec, problems, who, {}):
            break
        return sweep

    def runs(self, stage: SweepStage) -> list[PlannedRun]:
        """The runs of a stage; scored ones of optimizers that are not tuned yet are left out."""
        if stage == "tuning":
            return list(trial_runs(self.spec, self.practice, self.entrants))
        chosen = chosen_options(self.tuned())
        ready = [e for e in self.entrants if not e.spec.tuned or e.label in chosen]
        return list(scored_runs(self.spec, self.problems, ready, chosen))

    def tuned(self) -> dict[str, dict[str, Any]]:
        """What the search found, of the optimizers for which it is complete."""
        trials = self.runs("tuning")
        if not trials:
            return {}
        ended = [(run, self.outcome(run)) for run in trials]
        done = [(run, outcome) for run, outcome in ended if outcome is not None]
        missing = {run.optimizer for run, outcome in ended if outcome is None}
        complete = [e for e in self.entrants if e.label not in missing]
        return choose(self.spec, complete, done)

    def outcome(self, run: PlannedRun) -> StoredOutcome | None:
        """How a run ended; None if it has not."""
        return None if self.folder is None else read_outcome(self.folder / run.path)

    def missing(self, runs: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Those of the runs that have no outcome, equal ones once."""
        missing: dict[str, PlannedRun] = {}
        for run in runs:
            path = run.path
            if path not in missing and self.outcome(run) is None:
                missing[path] = run
        return list(missing.values())

    def forecast(self) -> SweepForecast:
        """What the whole comparison has left to do; tuned optimizers count with their defaults."""
        runs = self.planned_runs()
        return forecast(runs, self.missing(runs))

    def planned_runs(self) -> list[PlannedRun]:
        """All runs, those that have ended included; tuned optimizers have their defaults."""
        chosen = chosen_options(self.tuned())
        scored = scored_runs(self.spec, self.problems, self.entrants, chosen)
        return [*self.runs("tuning"), *scored]

    def cautions(self) -> list[str]:
        """What makes it say less than it seems to, each in a sentence."""
        return cautions(self.spec, self.problems, self.entrants)

    def stray(self) -> int:
        """How many runs in the folder are none of this comparison's: of a former file's."""
        if self.folder is None:
            return 0
        known = {run.path for stage in ("tuning", "scored") for run in self.runs(stage)}
        folders = (path.parent for path in (self.folder / "runs").glob(f"*/*/{NAME}"))
        return sum(str(path.relative_to(self.folder)) not in known for path in folders)

    def run(self, engine: Engine, *, shared: bool = False) -> Iterator[SweepProgress]:
        """Run what is missing, yielding each run as it ends: the search first, then the rest.

        With `shared`, other workers do the same, and each begins somewhere else.

        Raises InputError where the disk will not do, and BackendError where a worker cannot work.
        """
        if self.folder is None:
            raise InputError("a comparison needs a folder to run in")
        check_disk(self.forecast(), self.folder, self.most_bytes)
        if self.practice:
            yield from self._stage("tuning", engine, shared)
            text = json.dumps(self.tuned(), indent=1) + "\n"
            write_file(self.folder / "tuning.json", text, durable=True)
        yield from self._stage("scored", engine, shared)

    def _stage(self, stage: SweepStage, engine: Engine, shared: bool) -> Iterator[SweepProgress]:
        assert self.folder is not None
        runs = self.runs(stage)
        missing = self.missing(runs)
        open_runs = {run.path for run in missing}
        self.planned = dict(Counter(run.optimizer for run in runs))
        self.ended = dict(Counter(run.optimizer for run in runs if run.path not in open_runs))
        if shared and missing:  # nothing needs this to be random: it only spreads the work
            start = random.SystemRandom().randrange(len(missing))
            missing = missing[start:] + missing[:start]
        while missing:
            planned = {run.path: run for run in missing}
            expected = forecast(missing, missing).seconds / len(missing)
            tasks = [{**run.task(), "version": VERSION} for run in missing]
            looked = time.monotonic()
            busy: list[PlannedRun] = []
            for report in engine.run(self.folder.absolute(), tasks, expected):
                run = planned[report["run"]]
                if report["status"] == "busy":
                    busy.append(run)
                    continue
                if report["status"] == "failed":
                    raise WorkerError(report["message"])
                self._written += report.get("bytes", 0)
                yield SweepProgress(stage, run, report)
                if time.monotonic() - looked > _LOOK_SECONDS:
                    looked = time.monotonic()
                    self._check_room()
            # Another process has these: it finishes them, or dies and leaves them to us.
            missing = busy
            if busy:
                time.sleep(_WAIT_SECONDS)

    def _check_room(self) -> None:
        assert self.folder is not None
        if self.most_bytes is not None and self._written > self.most_bytes:
            raise WorkerError(
                f"the comparison has written {self._written / 1e9:.2f} GB, which is all it may; "
                f"continue with a larger --max-gb"
            )
        if disk_is_full(self.folder):
            raise WorkerError(f"the disk at {self.folder} is nearly full; free space and continue")


class WorkerError(BackendError):
    """The comparison cannot go on, though no run is at fault; what has ended is kept."""

"""A comparison in its folder: which runs there are, which are missing, and running those.

comparison.toml   the specification, in full; `qvopt compare` on it repeats the comparison
problems.json     what was found of the problems; integrals/ holds their integrals, frozen
runs/             one run folder for each cell, named by its content
tuning.json       what the search of hyper-parameters chose
history.jsonl     commands and times, a line each
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from qvopt_molecules.errors import BackendError, InputError

from .cells import Cell, Entrant, entrants, scored_cells, trial_cells
from .engine import Engine, Report
from .execution import VERSION
from .forecast import Forecast, check_disk, disk_is_full, forecast
from .frozen import Problem, ProblemStore
from .problems import prepare_problems
from .specification import ComparisonSpec
from .stored_outcome import NAME, StoredOutcome, read_outcome
from .tuning import choose, chosen_options

Stage = Literal["tuning", "scored"]
_LOOK_SECONDS: Final = 5.0
_WAIT_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Progress:
    """One cell that has ended: in which stage, and how."""

    stage: Stage
    cell: Cell
    report: Report


@dataclass
class Sweep:
    """A comparison, checked and ready.

    Attributes:
        spec: what is compared.
        folder: where; None for one that is only looked at.
        problems, practice: those that are scored, and those of the search.
        who: the optimizers.
        most_bytes: what it may write; None for no cap.
    """

    spec: ComparisonSpec
    folder: Path | None
    problems: list[Problem]
    practice: list[Problem]
    who: list[Entrant]
    most_bytes: float | None = None
    _written: float = field(default=0.0, repr=False)

    @classmethod
    def prepare(
        cls, spec: ComparisonSpec, folder: Path | None, *, most_bytes: float | None = None
    ) -> Sweep:
        """Check everything, and freeze what is computed in `folder`; nothing runs.

        Raises InputError for whatever cannot run.
        """
        store = ProblemStore(folder)
        problems = prepare_problems(spec.problems, store, spec.shots)
        who = entrants(spec, problems)
        practice: list[Problem] = []
        if any(entrant.spec.tuned for entrant in who):
            practice = problems
            if spec.tuning.problems is not None:
                practice = prepare_problems(spec.tuning.problems, store, spec.shots)
        sweep = cls(spec, folder, problems, practice, who, most_bytes)
        for _ in sweep.cells("tuning"):
            break
        for _ in scored_cells(spec, problems, who, {}):
            break
        return sweep

    def cells(self, stage: Stage) -> list[Cell]:
        """The cells of a stage; scored ones of optimizers that are not tuned yet are left out."""
        if stage == "tuning":
            return list(trial_cells(self.spec, self.practice, self.who))
        chosen = chosen_options(self.tuned())
        ready = [e for e in self.who if not e.spec.tuned or e.label in chosen]
        return list(scored_cells(self.spec, self.problems, ready, chosen))

    def tuned(self) -> dict[str, dict[str, Any]]:
        """What the search found, of the optimizers for which it is complete."""
        trials = self.cells("tuning")
        if not trials:
            return {}
        ended = [(cell, self.outcome(cell)) for cell in trials]
        done = [(cell, outcome) for cell, outcome in ended if outcome is not None]
        missing = {cell.optimizer for cell, outcome in ended if outcome is None}
        complete = [e for e in self.who if e.label not in missing]
        return choose(self.spec, complete, done)

    def outcome(self, cell: Cell) -> StoredOutcome | None:
        """How a cell ended; None if it has not."""
        return None if self.folder is None else read_outcome(self.folder / cell.path)

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Those of the cells that have no outcome, equal ones once."""
        found: dict[str, Cell] = {}
        for cell in cells:
            path = cell.path
            if path not in found and (
                self.folder is None or not (self.folder / path / NAME).exists()
            ):
                found[path] = cell
        return list(found.values())

    def forecast(self) -> Forecast:
        """What the whole comparison has left to do; tuned optimizers count with their defaults."""
        trials = self.cells("tuning")
        scored = list(
            scored_cells(self.spec, self.problems, self.who, chosen_options(self.tuned()))
        )
        cells = [*trials, *scored]
        return forecast(cells, self.missing(cells))

    def run(self, engine: Engine) -> Iterator[Progress]:
        """Run what is missing, yielding each cell as it ends: the search first, then the rest.

        Raises InputError where the disk will not do, and BackendError where a worker cannot work.
        """
        if self.folder is None:
            raise InputError("a comparison needs a folder to run in")
        check_disk(self.forecast(), self.folder, self.most_bytes)
        if self.practice:
            yield from self._stage("tuning", engine)
            _write_json(self.folder / "tuning.json", self.tuned())
        yield from self._stage("scored", engine)

    def _stage(self, stage: Stage, engine: Engine) -> Iterator[Progress]:
        assert self.folder is not None
        missing = self.missing(self.cells(stage))
        while missing:
            by_run = {cell.path: cell for cell in missing}
            expected = forecast(missing, missing).seconds / len(missing)
            tasks = [{**cell.task(), "version": VERSION} for cell in missing]
            looked = time.monotonic()
            busy: list[Cell] = []
            for report in engine.run(self.folder.absolute(), tasks, expected):
                cell = by_run[report["run"]]
                if report["status"] == "busy":
                    busy.append(cell)
                    continue
                if report["status"] == "failed":
                    raise WorkerError(report["message"])
                self._written += report.get("bytes", 0)
                yield Progress(stage, cell, report)
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
                f"go on with a larger --max-gb"
            )
        if disk_is_full(self.folder):
            raise WorkerError(f"the disk at {self.folder} is nearly full; make room, and go on")


class WorkerError(BackendError):
    """The comparison cannot go on, though no run is at fault; what has ended is kept."""


def open_folder(folder: Path, spec: ComparisonSpec) -> str:
    """Make or reuse a comparison's folder and write its specification; say what was there.

    Raises InputError where it cannot be written or holds something else.
    """
    path = folder / "comparison.toml"
    try:
        if folder.exists() and not path.exists() and any(folder.iterdir()):
            raise InputError(
                f"{folder} exists and holds something else than a comparison; choose another --out"
            )
        folder.mkdir(parents=True, exist_ok=True)
        text = spec.toml()
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if before != text:
            temporary = folder / f".comparison.{os.getpid()}"
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
    if before is None:
        return "new"
    return "same" if before == text else "changed"


def note_history(folder: Path, command: Sequence[str] | None, **facts: Any) -> None:
    """Add a line on who ran what, when."""
    line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "command": command, **facts}
    with (folder / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _write_json(path: Path, document: Any) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)

"""A run on disk: its experiment, its frozen integrals, its environment and its journal.

experiment.toml   what was asked, in full; `qvopt run` on it repeats the run
hamiltonian.npz   the integrals, frozen: recomputed ones may rotate degenerate orbitals
environment.json  versions and machine
journal.jsonl     everything that happened; the only state
result.json       the last result, derived from the journal
convergence.png   its picture, likewise
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import platform
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qvopt.experiment.earlier import as_begun
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml, read_experiment_file
from qvopt.records.derived import read_derived
from qvopt.records.environment import describe_changes, describe_environment
from qvopt.records.journal import Event, Journal, read_journal
from qvopt.records.portable import portable, portable_command
from qvopt_molecules.atomic_files import remove_leftovers, write_file
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian

_TASKS: Final = {
    "scan.toml": ("a scan", "scan"),
    "excited.toml": ("a search for excited states", "excited"),
    "relaxation.toml": ("a relaxation", "relax"),
    "relax.json": ("a relaxation", "relax"),
    "orbitals.toml": ("an orbital optimisation", "oo-vqe"),
    "oo-vqe.json": ("an orbital optimisation", "oo-vqe"),
    "comparison.toml": ("a comparison", "compare"),
}
"""Files that mark folders of tasks: what they hold, and the command that goes on with it."""


def task_of(path: Path, wanted: str = "run") -> str:
    """Say what a folder of a task holds, and which command is for it; "" for any other folder.

    `wanted` is what it was taken for.
    """
    for file, (noun, command) in _TASKS.items():
        if (path / file).is_file() and not (path / "experiment.toml").is_file():
            page = f"; `qvopt report {path}` makes its page" if command == "compare" else ""
            line = f"{noun}, and no {wanted}; `qvopt {command} {path}` shows and continues it"
            return line + page
    return ""


class RunFolder:
    """Paths and parts of one run folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def journal_path(self) -> Path:
        """Where the journal is."""
        return self.path / "journal.jsonl"

    @classmethod
    def create(
        cls,
        path: Path | None,
        experiment: Experiment,
        hamiltonian: Hamiltonian,
        name: str,
        begin: Mapping[str, Any],
        *,
        command: list[str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> tuple[RunFolder, Journal]:
        """Make a new folder, its journal begun; return both.

        The folder appears complete or not at all: it is written beside its place and then moved
        there. `path` None makes runs/<name>-<number> below the working directory. `begin` is the
        journal's first event, `files` are others to keep, by name. Raises InputError where the
        path exists or cannot be written.
        """
        place = _free_number(Path("runs"), name) if path is None else path
        draft = _draft(place, ours=path is None)
        folder = cls(draft)
        journal: Journal | None = None
        try:
            record = describe_environment() | {
                "command": None if command is None else portable_command(command),
                "experiment": experiment.content_hash(),
                "hamiltonian": hamiltonian.content_hash(),
            }
            folder.write_text("experiment.toml", dump_toml(experiment.document()))
            folder.write_text("environment.json", json.dumps(record, indent=2) + "\n")
            for file, text in (files or {}).items():
                folder.write_text(file, text)
            save_hamiltonian(hamiltonian, draft / "hamiltonian.npz")
            journal = Journal(folder.journal_path, create=True)
            journal.append(begin, durable=True)
            while not _moved(draft, place):
                if path is not None:
                    raise _taken(path)
                place = _free_number(Path("runs"), name)
        except BaseException as error:
            if journal is not None:
                journal.close()
            shutil.rmtree(draft, ignore_errors=True)
            if isinstance(error, OSError):
                raise InputError(
                    f"cannot make the run folder {place}: {reason(error)}; nothing has begun"
                ) from None
            raise
        journal.path = place / journal.path.name
        return cls(place), journal

    @classmethod
    def begun(cls, path: Path) -> bool:
        """Whether a run has begun there: its journal has a first event."""
        try:
            return bool(read_journal(path / "journal.jsonl")[0])
        except InputError:
            if (path / "journal.jsonl").is_file():
                raise
            return False

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return an existing run folder, or raise InputError saying what it lacks."""
        if not path.is_dir():
            raise InputError(f"{path} is not a run folder: there is no such directory")
        other = task_of(path)
        if other:
            raise InputError(f"{path} holds {other}")
        for part in ("experiment.toml", "hamiltonian.npz", "journal.jsonl"):
            if not (path / part).is_file():
                raise InputError(
                    f"{path} is not a run folder: it has no {part}"
                    + (
                        "; the run was killed before it began, run its experiment.toml again"
                        if part == "journal.jsonl" and (path / "experiment.toml").is_file()
                        else ""
                    )
                )
        return cls(path)

    def experiment(self) -> Experiment:
        """Read the experiment as it is written."""
        data = read_experiment_file(self.path / "experiment.toml")
        return make_experiment(data, recorded=True)

    def begun_experiment(self) -> Experiment:
        """Read the experiment of a run, with the defaults of the version that began it."""
        return as_begun(self.experiment())

    def hamiltonian(self) -> Hamiltonian:
        """Read the frozen integrals, or spins."""
        return load_hamiltonian(self.path / "hamiltonian.npz")

    def events(self) -> list[Event]:
        """Read the journal without locking it."""
        return read_journal(self.journal_path)[0]

    def environment_changes(self) -> str:
        """What differs from where the run began, in a line; empty if nothing, or unknown."""
        recorded = read_derived(self.path / "environment.json")
        return describe_changes(recorded) if recorded else ""

    def open_journal(self) -> Journal:
        """Open the journal to go on, locking it and cutting a torn tail off.

        Temporary files of a process that was killed are removed.
        """
        journal = Journal(self.journal_path)
        remove_leftovers(self.path)
        return journal

    def write_text(self, name: str, text: str) -> None:
        """Write a derived file so that a reader sees either the old or the new one."""
        write_file(self.path / name, text)

    def write_json(self, name: str, document: dict[str, Any]) -> None:
        """Write a derived JSON file, places in it relative to the folder."""
        text = json.dumps(portable(document, self.path), indent=2)
        self.write_text(name, text + "\n")

    def keep_result(self, document: dict[str, Any]) -> None:
        """Write result.json where it is missing, unreadable or of an earlier end of the run."""
        kept = read_derived(self.path / "result.json")
        if kept and all(kept.get(k) == document[k] for k in ("status", "steps", "energy")):
            return
        self.write_json("result.json", document)


def _draft(place: Path, ours: bool) -> Path:
    """Make the folder that a new run folder is written in, beside its place.

    Those of processes on this machine that were killed are removed: drafts of this place, and of
    every place where the parent is `ours` alone.
    """
    suffix = f".{platform.node()}-"
    draft = place.parent / f".{place.name}{suffix}{os.getpid()}"
    drafts = f".{'*' if ours else glob.escape(place.name)}{glob.escape(suffix)}*"
    try:
        if place.exists():
            raise _taken(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        for left in place.parent.glob(drafts):
            number = left.name.rpartition("-")[2]
            if number.isdigit() and not _alive(int(number)):
                shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"cannot make the run folder {place}: {reason(error)}") from None
    return draft


def _moved(draft: Path, place: Path) -> bool:
    """Move a folder to its place; False where that is taken."""
    try:
        os.rename(draft, place)
    except OSError as error:
        if place.exists():
            return False
        raise InputError(f"cannot make the run folder {place}: {reason(error)}") from None
    return True


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def reason(error: OSError | ValueError) -> str:
    """Why a file or folder cannot be made, in a few words."""
    return str(error.strerror if isinstance(error, OSError) else error)


def _taken(path: Path) -> InputError:
    return InputError(
        f"{path} exists already and is not overwritten; choose another --out, or "
        f"`qvopt resume {path}` to continue it"
    )


def default_name(experiment: Experiment, label: str) -> str:
    """Return a folder's name, without its number.

    It has molecule, ansatz and optimizer; a backend other than the default one, and shots.
    """
    parts = [label, experiment.ansatz.name, experiment.optimizer_spec.name]
    if experiment.backend.name != Experiment.model_fields["backend"].default.name:
        parts.append(experiment.backend.name)
    if experiment.measurement.shots is not None:
        parts.append(f"{experiment.measurement.shots}shots")
    return "-".join(parts)


def _free_number(parent: Path, name: str) -> Path:
    safe = re.sub(r"[^A-Za-z0-9+.-]+", "-", name).strip("-.")[:80] or "run"
    paths = (parent / f"{safe}-{number}" for number in itertools.count(1))
    return next(path for path in paths if not path.exists())

"""A run on disk: its experiment, its frozen integrals, its environment and its journal.

experiment.toml   what was asked, in full; `qvopt run` on it repeats the run
hamiltonian.npz   the integrals, frozen: recomputed ones may rotate degenerate orbitals
environment.json  versions and machine
journal.jsonl     everything that happened; the only state
result.json       the last result, derived from the journal
convergence.png   its picture, likewise
"""

from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml, read_experiment_file
from qvopt.records.environment import describe_environment
from qvopt.records.journal import Event, Journal, read_journal
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian


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
        command: list[str] | None = None,
    ) -> RunFolder:
        """Make a new folder and write everything but the journal.

        `path` None makes runs/<name>-<number> below the working directory. Raises InputError
        where the path exists or cannot be written.
        """
        folder = cls(_make_numbered(Path("runs"), name) if path is None else _make(path))
        record = describe_environment() | {
            "command": command,
            "experiment": experiment.content_hash(),
            "hamiltonian": hamiltonian.content_hash(),
        }
        folder.write_text("experiment.toml", dump_toml(experiment.document()))
        folder.write_text("environment.json", json.dumps(record, indent=2) + "\n")
        save_hamiltonian(hamiltonian, folder.path / "hamiltonian.npz")
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return an existing run folder, or raise InputError saying what it lacks."""
        if not path.is_dir():
            raise InputError(f"{path} is not a run folder: there is no such directory")
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
        """Read the experiment."""
        return make_experiment(read_experiment_file(self.path / "experiment.toml"))

    def hamiltonian(self) -> Hamiltonian:
        """Read the frozen integrals, or spins."""
        return load_hamiltonian(self.path / "hamiltonian.npz")

    def events(self) -> list[Event]:
        """Read the journal without locking it."""
        return read_journal(self.journal_path)[0]

    def create_journal(self) -> Journal:
        """Begin the journal."""
        return Journal(self.journal_path, create=True)

    def open_journal(self) -> Journal:
        """Open the journal to go on, locking it and cutting a torn tail off."""
        return Journal(self.journal_path)

    def write_text(self, name: str, text: str) -> None:
        """Write a derived file so that a reader sees either the old or the new one."""
        temporary = self.path / f".{name}.{os.getpid()}"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, self.path / name)

    def write_json(self, name: str, document: dict[str, Any]) -> None:
        """Write a derived JSON file."""
        self.write_text(name, json.dumps(document, indent=2) + "\n")

    def keep_result(self, document: dict[str, Any]) -> None:
        """Write result.json where it is missing, unreadable or of an earlier end of the run."""
        try:
            found = json.loads((self.path / "result.json").read_text())
            if all(found[k] == document[k] for k in ("status", "steps", "energy")):
                return
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.write_json("result.json", document)


def _make(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
    except FileExistsError:
        raise InputError(
            f"{path} exists already and is not overwritten; choose another --out, or "
            f"`qvopt resume {path}` to go on with it"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot make the run folder {path}: {reason}") from None
    return path


def _make_numbered(parent: Path, name: str) -> Path:
    safe = re.sub(r"[^A-Za-z0-9+.-]+", "-", name).strip("-.")[:80] or "run"
    for number in itertools.count(1):
        path = parent / f"{safe}-{number}"
        if not path.exists():
            try:
                return _make(path)
            except InputError:
                if not path.exists():
                    raise
    raise AssertionError("unreachable")

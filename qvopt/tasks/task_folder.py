"""Folders of tasks: what was asked, in a file that names the task and is enough to go on from.

scan.toml, excited.toml, relaxation.toml, orbitals.toml: a table with the task's own settings, and
`[experiment]`, with everything that a file said of the problem taken in. Version 0.1.0 kept the
experiment of a relaxation in relax.json, that of an orbital optimisation in oo-vqe.json, and a
search for excited states as a line such as "vqd 2 3.0".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qvopt.experiment.earlier import with_earlier_order
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml, read_experiment_file
from qvopt.runs.folder import reason
from qvopt_molecules.atomic_files import remove_leftovers, write_file
from qvopt_molecules.errors import InputError
from qvopt_molecules.frozen import frozen
from qvopt_molecules.storage import save_hamiltonian

_OLD: Final = 60.0  # seconds after which a temporary file has no writer any more


@dataclass(frozen=True)
class TaskKind:
    """A kind of task.

    Attributes:
        name: of its table, and of its file.
        noun: how messages call it.
        place: folder below which the command line keeps it.
        defines: settings that make it another question; the others may change on the way.
        earlier: the file of version 0.1.0, where it had another.
    """

    name: str
    noun: str
    place: str
    defines: tuple[str, ...] = ()
    earlier: str | None = None

    @property
    def article(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun.startswith('o') else 'a'} {self.noun}"

    @property
    def file(self) -> str:
        """The file that marks a folder of this task."""
        return f"{self.name}.toml"

    def in_folder(self, folder: Path) -> Path | None:
        """Return the file that makes a folder one of this task; None where it is not."""
        names = [self.file] + ([self.earlier] if self.earlier else [])
        return next((folder / name for name in names if (folder / name).is_file()), None)


SCAN: Final = TaskKind("scan", "scan", "scans", ("parameter", "values", "warm"))
EXCITED: Final = TaskKind(
    "excited", "search for excited states", "excited", ("method", "states", "beta")
)
RELAXATION: Final = TaskKind("relaxation", "relaxation", "relaxations", earlier="relax.json")
ORBITALS: Final = TaskKind("orbitals", "orbital optimisation", "orbitals", earlier="oo-vqe.json")
KINDS: Final = (SCAN, EXCITED, RELAXATION, ORBITALS)


def claim_task(
    folder: Path,
    kind: TaskKind,
    settings: Mapping[str, Any],
    experiment: Experiment,
    *,
    unresolved: Experiment | None = None,
) -> None:
    """Make the folder of a task, or check that it is of the same question.

    Args:
        folder: of the task.
        kind: which task.
        settings: its own settings.
        experiment: what is run.
        unresolved: the experiment as it was asked, which version 0.1.0 wrote down.

    Raises InputError where it holds another one, or something else.
    """
    asked = {kind.name: dict(settings), "experiment": experiment.document()}
    if kind.in_folder(folder) is None:
        _claim_folder(folder, kind.file, dump_toml(asked), kind.article)
    else:
        remove_leftovers(folder, older_than=_OLD)
    _keep_problem(folder, experiment.molecule.content)
    before, recorded = read_task(folder, kind)
    same = all(before.get(key) == asked[kind.name].get(key) for key in kind.defines)
    hashes = {e.content_hash() for e in (experiment, unresolved) if e is not None}
    if not same or recorded.content_hash() not in hashes:
        raise InputError(
            f"{folder} holds another {kind.noun}; choose another --out, or give the folder in the "
            f"molecule's place to continue that one"
        )


def read_task(folder: str | Path, kind: TaskKind) -> tuple[dict[str, Any], Experiment]:
    """Return a task's own settings, and its experiment.

    Args:
        folder: of the task, or the file in it.
        kind: which task.

    Raises InputError where it is none.
    """
    path = Path(folder)
    file = kind.in_folder(path) or path / kind.file if path.is_dir() else path
    if file.name == kind.earlier:
        data = {kind.name: {}, "experiment": _read_json(file)}
    else:
        data = read_experiment_file(file)
    settings, experiment = data.get(kind.name), data.get("experiment")
    if isinstance(settings, dict) and isinstance(settings.get("question"), str):
        settings = _of_question(settings["question"])
    if not isinstance(settings, dict) or not isinstance(experiment, dict):
        raise InputError(f"{path} does not describe {kind.article}")
    return settings, with_earlier_order(make_experiment(experiment, recorded=True))


def kind_of_folder(folder: Path) -> TaskKind | None:
    """Return the task that a folder is of; None for anything else."""
    return next((kind for kind in KINDS if kind.in_folder(folder)), None)


def is_task(what: str | Path, kind: TaskKind) -> bool:
    """Whether a text names a folder of this task, or its file."""
    path = Path(what)
    if "\n" in str(what) or "\0" in str(what) or len(str(what)) > 1000:
        return False
    named = path.name in (kind.file, kind.earlier) and path.is_file()
    return named or kind.in_folder(path) is not None


def _claim_folder(folder: Path, file: str, text: str, what: str) -> None:
    """Make the folder of a task and write what was asked into `file`, unless that is there.

    Raises InputError where the folder holds something else than `what`, or cannot be made.
    """
    remove_leftovers(folder, older_than=_OLD)
    if (folder / file).is_file():
        return
    drafts = f".{file}."
    if folder.exists() and (
        not folder.is_dir() or any(not p.name.startswith(drafts) for p in folder.iterdir())
    ):
        raise InputError(f"{folder} exists already and is not {what}; choose another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{drafts}*"):  # of a process that was killed
            left.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot make the folder {folder}: {reason(error)}") from None
    write_file(folder / file, text)


def _keep_problem(folder: Path, content: str | None) -> None:
    """Keep a problem that came in as an object beside what was asked of it."""
    path = folder / "hamiltonian.npz"
    if content is not None and not path.is_file():
        save_hamiltonian(frozen(content), path)


def _of_question(text: str) -> dict[str, Any] | None:
    """A search for excited states as version 0.1.0 wrote it: method, states, and β of VQD."""
    try:
        method, states, *beta = text.split()
        return {"method": method, "states": int(states), "beta": float(beta[0]) if beta else 3.0}
    except ValueError:
        return None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

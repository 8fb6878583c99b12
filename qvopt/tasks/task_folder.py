"""Folders of tasks: what was asked, in a file that names the task and is enough to go on from.

scan.toml, excited.toml, relaxation.toml, orbitals.toml: a table with the task's own settings, and
`[experiment]`, with everything that a file said of the problem taken in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml, read_experiment_file
from qvopt.runs.folder import claim_folder, keep_problem
from qvopt_molecules.errors import InputError


@dataclass(frozen=True)
class TaskKind:
    """A kind of task.

    Attributes:
        name: of its table, and of its file.
        noun: how messages call it.
        place: folder below which the command line keeps it.
        defines: settings that make it another question; the others may change on the way.
    """

    name: str
    noun: str
    place: str
    defines: tuple[str, ...] = ()

    @property
    def article(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun.startswith('o') else 'a'} {self.noun}"

    @property
    def file(self) -> str:
        """The file that marks a folder of this task."""
        return f"{self.name}.toml"


SCAN: Final = TaskKind("scan", "scan", "scans", ("parameter", "values", "warm"))
EXCITED: Final = TaskKind(
    "excited", "search for excited states", "excited", ("method", "states", "beta")
)
RELAXATION: Final = TaskKind("relaxation", "relaxation", "relaxations")
ORBITALS: Final = TaskKind("orbitals", "orbital optimisation", "orbitals")
KINDS: Final = (SCAN, EXCITED, RELAXATION, ORBITALS)


def claim_task(
    folder: Path, kind: TaskKind, settings: Mapping[str, Any], experiment: Experiment
) -> None:
    """Make the folder of a task, or check that it is of the same question.

    Raises InputError where it holds another one, or something else.
    """
    asked = {kind.name: dict(settings), "experiment": experiment.document()}
    claim_folder(folder, kind.file, dump_toml(asked), kind.article)
    keep_problem(folder, experiment.molecule.content)
    before, recorded = read_task(folder, kind)
    same = all(before.get(key) == asked[kind.name].get(key) for key in kind.defines)
    if not same or recorded.content_hash() != experiment.content_hash():
        raise InputError(
            f"{folder} holds another {kind.noun}; choose another --out, or give the folder in the "
            f"molecule's place to go on with that one"
        )


def read_task(folder: str | Path, kind: TaskKind) -> tuple[dict[str, Any], Experiment]:
    """Return a task's own settings, and its experiment.

    Args:
        folder: of the task, or the file in it.
        kind: which task.

    Raises InputError where it is none.
    """
    path = Path(folder)
    data = read_experiment_file(path / kind.file if path.is_dir() else path)
    settings, experiment = data.get(kind.name), data.get("experiment")
    if not isinstance(settings, dict) or not isinstance(experiment, dict):
        raise InputError(f"{path} does not describe {kind.article}")
    return settings, make_experiment(experiment, recorded=True)


def kind_of_folder(folder: Path) -> TaskKind | None:
    """Return the task that a folder is of; None for anything else."""
    return next((kind for kind in KINDS if (folder / kind.file).is_file()), None)


def is_task(what: str | Path, kind: TaskKind) -> bool:
    """Whether a text names a folder of this task, or its file."""
    path = Path(what)
    if "\n" in str(what) or "\0" in str(what) or len(str(what)) > 1000:
        return False
    return (path / kind.file).is_file() or (path.name == kind.file and path.is_file())

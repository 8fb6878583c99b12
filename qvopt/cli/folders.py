"""Where tasks keep their runs: the same question finds its folder again."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qvopt.engine.assembly import hamiltonian_of, resolve_molecule
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.tasks.task_folder import TaskKind, read_task

from .ending import REQUEUE, Terminated, terminable


def default_folder(kind: str, experiment: Experiment, asked: Mapping[str, Any]) -> Path:
    """Return `kind`/MOLECULE-HASH, the hash that of the experiment and of what else was asked."""
    name = Path(experiment.molecule.name.removeprefix("object:")).stem
    if not re.fullmatch(r"[\w.+-]+", name):  # an inline geometry: its formula
        molecule = resolve_molecule(experiment.molecule)
        name = "molecule" if molecule is None else molecule.name
    text = json.dumps([dict(asked), experiment.document()], sort_keys=True)
    return Path(kind) / f"{name[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def asked_of(
    kind: TaskKind,
    what: str,
    data: Mapping[str, Any] | None,
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
    out: Path | None,
) -> tuple[Experiment, dict[str, Any], Path]:
    """Return a task's experiment, its settings and its folder.

    Args:
        kind: the task.
        what: the molecule, or a folder of the task or its file where `data` is None.
        data: plain data of the experiment.
        given: the task's settings by option, None where not given.
        usual: their defaults.
        out: the folder that was asked for.
    """
    chosen = {key: value for key, value in given.items() if value is not None}
    if data is not None:
        experiment, settings = make_experiment(data), {**usual, **chosen}
        return experiment, settings, out or default_folder(kind.place, experiment, settings)
    before, experiment = read_task(what, kind)
    settings = {**usual, **{key: before[key] for key in usual if key in before}, **chosen}
    if out is not None or not Path(what).is_dir():
        return experiment, settings, out or default_folder(kind.place, experiment, settings)
    return experiment, settings, Path(what)


def print_notes(experiment: Experiment) -> None:
    """Print what to know of the reference determinant and the active space, on standard error."""
    hamiltonian = hamiltonian_of(experiment.molecule)
    for note in getattr(hamiltonian, "notes", ()):
        print(f"note: {note}", file=sys.stderr)


def interruptible(work: Callable[[], int], folder: Path) -> int:
    """Run a command's work; interrupted, say that the same command goes on. Exit code."""
    try:
        with terminable():
            return work()
    except KeyboardInterrupt:
        code = 130
    except Terminated:
        code = REQUEUE
    print(f"interrupted; the same command continues from {folder}", file=sys.stderr)
    return code

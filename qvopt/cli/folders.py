"""Where tasks keep their runs: the same question finds its folder again."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qvopt.engine.assembly import resolve_molecule
from qvopt.experiment.specification import Experiment

from .ending import REQUEUE, Terminated, terminable


def default_folder(kind: str, experiment: Experiment, asked: Mapping[str, Any]) -> Path:
    """Return `kind`/MOLECULE-HASH, the hash that of the experiment and of what else was asked."""
    name = Path(experiment.molecule.name.removeprefix("object:")).stem
    if not re.fullmatch(r"[\w.+-]+", name):  # an inline geometry: its formula
        molecule = resolve_molecule(experiment.molecule)
        name = "molecule" if molecule is None else molecule.name
    text = json.dumps([dict(asked), experiment.document()], sort_keys=True)
    return Path(kind) / f"{name[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def interruptible(work: Callable[[], int], folder: Path) -> int:
    """Run a command's work; interrupted, say that the same command goes on. Exit code."""
    try:
        with terminable():
            return work()
    except KeyboardInterrupt:
        code = 130
    except Terminated:
        code = REQUEUE
    print(f"interrupted; the same command goes on from {folder}", file=sys.stderr)
    return code

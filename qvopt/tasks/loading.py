"""`load`: what a folder holds, as the function that made it returned it; nothing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qvopt.comparison.compare import ComparisonResult
from qvopt.comparison.compare import load as load_comparison
from qvopt.comparison.comparison_folder import SPECIFICATION
from qvopt.runs.result import Result
from qvopt.runs.stored import read_result
from qvopt.tasks.excited.result import ExcitedStates
from qvopt.tasks.orbitals_result import OptimizedOrbitals
from qvopt.tasks.relaxation_result import Relaxation
from qvopt.tasks.scan_result import ScanResult
from qvopt.tasks.task_folder import EXCITED, ORBITALS, RELAXATION, SCAN, TaskKind, kind_of_folder
from qvopt_molecules.argument_checks import path_of
from qvopt_molecules.arguments import checked_arguments
from qvopt_molecules.errors import InputError

Loaded = Result | ComparisonResult | ScanResult | ExcitedStates | Relaxation | OptimizedOrbitals
"""What the functions return whose folders are read."""

_RESULTS = {
    EXCITED: ("states.json", "excited"),
    ORBITALS: ("orbitals.json", "oo-vqe"),
    RELAXATION: ("relaxation.json", "relax"),
    SCAN: ("scan.json", "scan"),
}


@checked_arguments
def load(path: str | Path) -> Loaded:
    """Return what a folder holds: of a run, with its trajectory and circuit, or of any task.

        load("runs/h2-uccsd-l-bfgs-1").steps.frame()
        load("scans/h2-bond-3f1c2a90").plot()

    Raises InputError for a folder of something else, and of a task that has not ended.
    """
    folder = path_of(path, "the folder")
    if (folder / SPECIFICATION).is_file():
        return load_comparison(folder)
    kind = kind_of_folder(folder)
    if kind is None:
        return read_result(folder)
    data = _document(folder, kind)
    try:
        if kind is SCAN:
            return ScanResult.of_document(data, folder)
        if kind is EXCITED:
            return ExcitedStates.of_document(data)
        if kind is RELAXATION:
            return Relaxation.of_document(data, folder)
        return OptimizedOrbitals.of_document(data, folder)
    except (KeyError, TypeError, AttributeError):
        file, command = _RESULTS[kind]
        raise InputError(
            f"{folder}/{file} is damaged or of another version; `qvopt {command} {folder}` writes "
            f"it again"
        ) from None


def _document(folder: Path, kind: TaskKind) -> Any:
    file, command = _RESULTS[kind]
    try:
        return json.loads((folder / file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{folder} has not ended; `qvopt {command} {folder}` continues it"
        ) from None

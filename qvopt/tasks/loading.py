"""`load`: what a folder holds, as the function that made it returned it; nothing runs."""

from __future__ import annotations

from pathlib import Path

from qvopt.comparison.compare import ComparisonResult
from qvopt.comparison.compare import load as load_comparison
from qvopt.runs.result import Result
from qvopt.runs.stored import read_result
from qvopt_molecules.arguments import checked_arguments
from qvopt_molecules.errors import InputError


@checked_arguments
def load(path: str | Path) -> Result | ComparisonResult:
    """Return the result of a run's folder, with its trajectory and circuit, or of a comparison's.

        load("runs/h2-uccsd-l-bfgs-1").steps.frame()

    Raises InputError for a folder of something else.
    """
    folder = Path(path)
    if (folder / "comparison.toml").is_file():
        return load_comparison(folder)
    for name, command in (("scan.toml", "scan"), ("excited.toml", "excited")):
        if (folder / name).is_file():
            raise InputError(f"{folder} holds a {command}; call qvopt.{command} again with out=...")
    return read_result(folder)

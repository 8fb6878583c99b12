"""Folders of tasks: made once, with what was asked, and gone on with where that is the same."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from qvopt.experiment.specification import make_experiment
from qvopt.experiment.toml_text import freeze_beside
from qvopt_molecules.atomic_files import remove_leftovers, write_file
from qvopt_molecules.errors import InputError
from qvopt_molecules.frozen import frozen
from qvopt_molecules.storage import save_hamiltonian

from .folder import reason

_OLD: Final = 60.0  # seconds after which a temporary file has no writer any more


def claim_folder(folder: Path, file: str, text: str, what: str) -> None:
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


def claim_question(
    folder: Path, file: str, text: str, what: str, another: str, *, alike: Sequence[str] = ()
) -> None:
    """Make the folder of a task as `claim_folder` does, or check that it asks the same.

    Args:
        folder, file, text, what: as for `claim_folder`.
        another: what the folder holds if not, in words.
        alike: other texts of the same question, as earlier versions wrote it.

    Raises InputError where it asks something else.
    """
    claim_folder(folder, file, text, what)
    path = folder / file
    try:
        kept = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from None
    if kept == text.encode("utf-8"):
        return
    # What another version wrote has other defaults in it, or none.
    asked = [_question(path, t.encode("utf-8")) for t in (text, *alike)]
    if _question(path, kept) not in asked:
        raise InputError(f"{folder} holds {another}; choose another --out")


def _question(path: Path, content: bytes) -> tuple[Any, str] | None:
    """What a task's file asks, with every default filled in; None where it cannot be read."""
    try:
        text = content.decode("utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        asked, experiment = data, data
        if isinstance(data.get("experiment"), dict):
            experiment = data["experiment"]
            asked = {k: v for k, v in data.items() if k != "experiment"}
        else:
            asked = {}
        freeze_beside(experiment.get("molecule"), path.parent / "hamiltonian.npz")
        return asked, make_experiment(experiment).content_hash()
    except (ValueError, AttributeError, RecursionError):
        return None


def keep_problem(folder: Path, content: str | None) -> None:
    """Keep a problem that came in as an object beside what was asked of it."""
    path = folder / "hamiltonian.npz"
    if content is not None and not path.is_file():
        save_hamiltonian(frozen(content), path)

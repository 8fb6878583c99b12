"""Folders of tasks: made once, with what was asked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

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


def keep_problem(folder: Path, content: str | None) -> None:
    """Keep a problem that came in as an object beside what was asked of it."""
    path = folder / "hamiltonian.npz"
    if content is not None and not path.is_file():
        save_hamiltonian(frozen(content), path)

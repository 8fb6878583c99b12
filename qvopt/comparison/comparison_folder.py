"""The folder of a comparison: made so that a kill at any moment leaves one that can be used.

Its lock comes first, as one system call, and makes it a comparison's. Whoever prepares problems
holds it, so that two processes agree on their integrals. comparison.toml comes last, once
everything is checked: readers and workers go by it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from qvopt.records.portable import portable_command
from qvopt_molecules.atomic_files import remove_leftovers, write_file
from qvopt_molecules.errors import InputError

from .specification import ComparisonSpec

SPECIFICATION: Final = "comparison.toml"
_LOCK: Final = "comparison.lock"


@contextmanager
def prepared_folder(folder: Path) -> Iterator[bool]:
    """Make a comparison's folder, or open one, and hold it while the comparison is prepared.

    Yields whether it is new. A new folder is removed if the block fails. Raises InputError where
    it cannot be written or holds something else.
    """
    from filelock import FileLock

    try:
        if holds_something_else(folder):
            raise InputError(
                f"{folder} exists and holds something else than a comparison; choose another --out"
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, mode=0o644)
        lock.acquire()
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
    new = not (folder / SPECIFICATION).exists() and not (folder / "runs").exists()
    try:
        for part in (folder, folder / "integrals", folder / "environments"):
            remove_leftovers(part, older_than=60.0)  # others may be at work
        yield new
    except BaseException:
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        lock.release()


def holds_something_else(folder: Path) -> bool:
    """Whether a folder is there, is not empty, and is none of a comparison."""
    if (folder / SPECIFICATION).exists() or (folder / _LOCK).exists():
        return False
    return folder.exists() and any(folder.iterdir())


def write_specification(folder: Path, spec: ComparisonSpec) -> None:
    """Write what is compared."""
    write_file(folder / SPECIFICATION, spec.toml(), durable=True)


def note_history(folder: Path, command: Sequence[str] | None, **facts: Any) -> None:
    """Add a line on who ran what, when."""
    words = None if command is None else portable_command(command)
    line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "command": words, **facts}
    with (folder / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")

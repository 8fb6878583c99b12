"""Files that are replaced as a whole: a reader sees the old content or the new, never a part."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path
from typing import Final

_TEMPORARY: Final = re.compile(r"\..+\.[0-9a-f]{16}\.tmp")


def write_file(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Replace a file's content in one step.

    Args:
        path: of the file; its folder exists.
        content: text is written as UTF-8.
        durable: wait until the content is on the disk, so that a power cut leaves it whole too.

    Raises OSError with the former content untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = _temporary(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def link_file(source: Path, target: Path) -> None:
    """Make `target` a link to `source`, or a copy where the file system has no links.

    A target that is there stays.
    """
    if target.exists():
        return
    temporary = _temporary(target)
    try:
        os.link(source, temporary)
    except OSError:
        write_file(target, source.read_bytes())
        return
    os.replace(temporary, target)


def remove_leftovers(folder: Path, older_than: float = 0.0) -> None:
    """Remove the temporary files that killed writers left.

    Args:
        folder: where; one that is not there holds none.
        older_than: age in seconds from which on they are removed; 0 only where nobody else writes.
    """
    latest = time.time() - older_than
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = folder / name
        if _TEMPORARY.fullmatch(name) and _is_older(path, latest):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Wait until the folder's new entry is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: Path) -> Path:
    """A hidden name beside a file, different for every process on every machine."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")


def _is_older(path: Path, latest: float) -> bool:
    try:
        return path.lstat().st_mtime <= latest
    except OSError:  # its writer has just finished
        return False

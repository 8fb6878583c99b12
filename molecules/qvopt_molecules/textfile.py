"""Reading a user's text file: of sane size, regular, and in UTF-8."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from .errors import InputError


def expanded(path: str | Path) -> Path:
    """Return a path with its `~` as a home folder; as it is where there is no such folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def read_text_file(
    path: str | Path,
    what: str,
    limit: int = 1 << 20,
    encodings: Sequence[str] = ("utf-8-sig",),
) -> str:
    """Return the text of a regular file of at most `limit` bytes.

    Args:
        path: the file.
        what: names the kind of file in messages.
        limit: bytes.
        encodings: tried in turn.

    Raises:
        InputError: missing, a directory or device, unreadable, too large, or not text.
    """
    shown = f"{what} '{path}'"
    try:
        # Non-blocking, so that a pipe without a writer is refused rather than waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise InputError(f"{shown} is not a regular file")
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise InputError(f"{shown} does not exist") from None
    except IsADirectoryError:
        raise InputError(f"{shown} is a directory, a file is needed") from None
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{what} path is not a valid file name: {error}") from None
    if len(data) > limit:
        raise InputError(f"{shown} is larger than the limit of {limit / 2**20:g} MiB")
    if len(encodings) > 1 and b"\0" in data:
        raise InputError(f"{shown} is not text: it holds NUL bytes")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            position = error.start
    raise InputError(f"{shown} is not UTF-8 text (byte {position})")

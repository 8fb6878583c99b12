"""The append-only record of a run: one JSON object a line, each with a checksum.

A line is `{"n": 17, "type": …, …, "crc": "9f0a11c2"}`: a running number, the event, and the
CRC-32 of every byte before `, "crc"`. A line is acknowledged once its newline is written. After a
crash the file may end in a torn line, which is cut off before anything is appended. Damage
anywhere else is an error that names the line.
"""

from __future__ import annotations

import errno
import json
import os
import time
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from qvopt_molecules.errors import InputError

from .forms import form_fault

_TAIL = len(',"crc":"00000000"}')
_GROUP_COMMIT_SECONDS = 1.0
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))

Event = dict[str, Any]


class EventLog(Protocol):
    """Where events go: a journal, or nothing."""

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Keep one event."""
        ...


def encode_line(number: int, event: Mapping[str, Any]) -> bytes:
    """Write one event as a line, newline included."""
    body = _ENCODER.encode({"n": number, **event})
    head = body[:-1].encode("utf-8")
    return head + b',"crc":"%08x"}\n' % zlib.crc32(head)


def decode_line(line: bytes) -> Event | None:
    """Read one event's line without its newline; None if its checksum or its form is wrong."""
    event = decode_sealed(line)
    return event if event is not None and isinstance(event.get("type"), str) else None


def decode_sealed(line: bytes) -> dict[str, Any] | None:
    """Read an object with a checksum; None if its checksum or its form is wrong."""
    head, tail = line[:-_TAIL], line[-_TAIL:]
    if tail != b',"crc":"%08x"}' % zlib.crc32(head):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    del event["crc"]
    return event


def read_journal(path: Path) -> tuple[list[Event], int]:
    """Return the events of a journal and the number of bytes that hold them.

    A torn last line is left out. Raises InputError for a missing file and for a damaged line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the journal {path}: {error.strerror}") from None
    events: list[Event] = []
    position = 0
    while position < len(data):
        end = data.find(b"\n", position)
        line = data[position:] if end < 0 else data[position:end]
        event = decode_line(line)
        if event is None and end < 0:
            break
        if event is None or event.get("n") != len(events):
            fault = "checksum or form is wrong" if event is None else "number is out of order"
            raise damaged_line(path, len(events), f"its {fault}")
        if fault := form_fault(event):
            raise damaged_line(path, len(events), fault)
        events.append(event)
        position += len(line) + 1
    return events, min(position, len(data))


def damaged_line(path: Path | None, number: int, fault: str) -> InputError:
    """The error of a line that cannot be read; lines of the journal are numbered from 0."""
    place = "" if path is None else f"{path}: "
    return InputError(
        f"{place}line {number + 1} is damaged ({fault}); restore the file from a copy, or start "
        f"the run again in a new folder"
    )


class LockedError(InputError):
    """Another process owns the journal."""


class Journal:
    """An open journal. One process owns it at a time (an exclusive lock on a file beside it).

    `append` returns once the line is handed to the operating system; `durable=True` waits until it
    is on the disk. Other lines reach the disk at most about a second later. With `patient`, the
    owner takes care of that (`sync_journals`), for many short runs in a row: nothing waits for
    the disk at a run's begin and end.
    """

    def __init__(self, path: Path, *, create: bool = False, patient: bool = False) -> None:
        self.path = path
        self._patient = patient
        self._lock = _Lock(path.with_suffix(".lock"))
        self.events: list[Event] = []
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
            if create:
                self._file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
            else:
                self.events, size = read_journal(path)
                self._file = os.open(path, flags)
                self._repair(size)
        except OSError as error:
            self._lock.release()
            raise InputError(f"cannot open the journal {path}: {error.strerror}") from None
        except BaseException:
            self._lock.release()
            raise
        self._count = len(self.events)
        self._size = os.fstat(self._file).st_size
        self._synced = time.monotonic()
        self._dirty = False
        self._failed = False

    def _repair(self, size: int) -> None:
        """Cut a torn tail off, or end a whole last line that lost its newline."""
        actual = os.fstat(self._file).st_size
        if actual > size:
            os.ftruncate(self._file, size)
        if size and _byte_at(self.path, size - 1) != b"\n":
            os.write(self._file, b"\n")
        os.fsync(self._file)

    def append(self, event: Mapping[str, Any], *, durable: bool = False) -> None:
        """Append one event.

        Raises OSError (disk full, for one) with the file cut back to its last whole line.
        """
        if self._failed:
            raise OSError("the journal failed before; nothing more is written")
        line = encode_line(self._count, event)
        written = 0
        try:
            while written < len(line):
                count = os.write(self._file, line[written:])
                if count == 0:
                    raise OSError(errno.EIO, "the journal takes no more bytes")
                written += count
        except OSError:
            self._failed = True
            os.ftruncate(self._file, self._size)
            raise
        self._count += 1
        self._size += len(line)
        self._dirty = True
        if (
            durable and not self._patient
        ) or time.monotonic() - self._synced > _GROUP_COMMIT_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Wait until everything appended is on the disk."""
        if self._dirty:
            os.fsync(self._file)
            self._dirty = False
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync, close and unlock; closing twice is harmless, a failing disk raises again."""
        if self._file < 0:
            return
        try:
            if not self._patient:
                self.sync()
        finally:
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def sync_journals(paths: Sequence[Path]) -> None:
    """Wait until closed journals are on the disk: together, so that the disk can group them."""
    if not paths:
        return
    with ThreadPoolExecutor(min(len(paths), 32)) as pool:
        for _ in pool.map(_sync, paths):
            pass


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


class _Lock:
    """An advisory lock that the operating system drops when its owner dies."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock, Timeout

        if not path.parent.is_dir():  # the lock would make it
            raise InputError(f"cannot open {path}: {os.strerror(errno.ENOENT)}")
        # A journal may be closed by another thread than the one that opened it.
        self._lock = FileLock(path, timeout=0, mode=0o644, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise LockedError(
                f"another process is working on {path.parent}; wait for it or stop it"
            ) from None
        except OSError as error:
            raise InputError(f"cannot open {path}: {error.strerror}") from None

    def release(self) -> None:
        self._lock.release()


def is_locked(path: Path) -> bool:
    """Whether a process is working on a journal now."""
    lock = path.with_suffix(".lock")
    if not lock.exists():
        return False
    try:
        _Lock(lock).release()
    except LockedError:
        return True
    except InputError:  # another user's
        return False
    return False


def _byte_at(path: Path, position: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position)
        return file.read(1)

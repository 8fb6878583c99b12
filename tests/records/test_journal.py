"""The journal keeps every acknowledged line, cuts torn ones off, and names damaged ones."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.records.events import History
from qvopt.records.journal import Journal, decode_line, encode_line, read_journal
from qvopt_molecules.errors import InputError

EVENTS = [{"type": "remark", "round": k, "value": k / 3, "text": "Å\n"} for k in range(5)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path, create=True) as journal:
        for event in EVENTS:
            journal.append(event)
    return path


def numbered(events):
    return [{"n": k, **e} for k, e in enumerate(events)]


def test_what_is_appended_is_read(path):
    assert read_journal(path) == (numbered(EVENTS), path.stat().st_size)


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.text()))
def test_lines_keep_every_bit(value):
    event = decode_line(encode_line(3, {"type": "step", "v": value}).rstrip(b"\n"))
    assert event == {"n": 3, "type": "step", "v": value}


@pytest.mark.parametrize("event", [{}, {"type": None}, {"type": ["step"]}, {"type": 3}])
def test_a_line_that_names_no_event_is_damaged(path, event):
    path.write_bytes(path.read_bytes() + encode_line(len(EVENTS), event))
    with pytest.raises(InputError, match=f"line {len(EVENTS) + 1} is damaged"):
        read_journal(path)


def test_not_a_number_is_refused(path):
    with Journal(path) as journal, pytest.raises(ValueError, match="JSON"):
        journal.append({"value": float("nan")})
    assert len(read_journal(path)[0]) == len(EVENTS)


def test_a_tail_torn_at_any_byte_is_cut_and_the_journal_goes_on(path):
    whole = path.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1
    for size in range(start, len(whole)):
        path.write_bytes(whole[:size])
        for extra in range(2):  # resume twice
            with Journal(path) as journal:
                kept = len(EVENTS) - (size < len(whole) - 1) + extra
                assert len(journal.events) == kept
                journal.append({"type": "more"})
        events, read = read_journal(path)
        assert events[-1]["type"] == "more"
        assert read == path.stat().st_size


def test_every_flipped_byte_is_named_by_its_line(path):
    whole = path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for position in range(last):
        line = whole[:position].count(b"\n") + 1
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(InputError, match=f"line {line} is damaged"):
            read_journal(path)
    path.write_bytes(whole)


def test_a_lost_line_is_noticed(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(InputError, match=r"line 3 is damaged \(its number is out of order"):
        read_journal(path)


def test_one_owner_at_a_time(path):
    with Journal(path), pytest.raises(InputError, match="another process"):
        Journal(path)
    Journal(path).close()


def test_an_existing_journal_is_not_overwritten(path):
    with pytest.raises(InputError, match="File exists"):
        Journal(path, create=True)
    assert len(read_journal(path)[0]) == len(EVENTS)


def test_a_full_disk_loses_nothing_that_was_acknowledged(path, monkeypatch):
    before = path.read_bytes()
    journal = Journal(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda f, data: write(f, data[: (len(data) + 1) // 2]))
    journal.append({"type": "in pieces"})
    grown = path.read_bytes()
    assert grown.startswith(before)

    def full(file, data):
        write(file, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.append({"type": "lost"})
    monkeypatch.undo()
    assert path.read_bytes() == grown
    with pytest.raises(OSError, match="failed before"):
        journal.append({"type": "later"})
    journal.close()
    assert read_journal(path)[0][-1]["type"] == "in pieces"


def test_a_missing_journal_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_journal(tmp_path / "none.jsonl")


REAL = [
    {"type": "begin", "experiment": "a", "hamiltonian": "b", "references": {"hf": -1.0},
     "label": "H2", "format": 2, "seconds": 0.0},
    {"type": "round", "role": "optimizer", "round": 0, "queries": [{"kind": "energy"}],
     "answers": [{"value": 1.0}], "cost": {"energy": [1, 1, 10]}, "seconds": 0.1},
    {"type": "step", "step": 0, "energy": -1.0, "variance": 0.0, "exact": None,
     "gradient_norm": None, "shots": 10, "evaluations": 1, "note": "", "seconds": 0.1},
    {"type": "grow", "operators": ["X"], "seconds": 0.2},
    {"type": "job", "key": "k", "state": "intent", "round": [0, 1], "part": 0, "attempt": 0,
     "time": 1.5, "circuits": 3, "shots": 10, "qpu_seconds": 0.5, "money": None, "seconds": 0.2},
    {"type": "end", "status": "max-steps", "step": 1, "x": [0.0], "energy": -1.0, "variance": 0.0,
     "exact": -1.0, "average": None, "drift": 0.0, "message": "", "seconds": 0.3},
]  # fmt: skip
OF_A_WRONG_KIND = {
    str: (3, None, ["a"]), int: ("3", 1.5, True, None, 2**70), float: ("3", True, [0.5]),
    list: (3, "a", None), dict: (3, "a", [1]), type(None): ("3", True, [0.5]),
}  # fmt: skip


@pytest.mark.parametrize("event", REAL, ids=lambda event: event["type"])
def test_every_field_of_a_wrong_kind_is_named_by_its_line(path, event):
    """A checksum that fits does not make a line right."""
    whole = path.read_bytes()
    path.write_bytes(whole + encode_line(len(EVENTS), event))
    assert len(read_journal(path)[0]) == len(EVENTS) + 1
    for key in set(event) - {"type", "format"}:
        none = [None] if key in ("seconds", "time", "qpu_seconds", "drift") else []
        for value in (*OF_A_WRONG_KIND[type(event[key])], *none):
            path.write_bytes(whole + encode_line(len(EVENTS), {**event, key: value}))
            with pytest.raises(InputError, match=f'line {len(EVENTS) + 1} is damaged.*"{key}"'):
                read_journal(path)


ALSO = [
    {"type": "job", "key": "k", "state": "attempt", "time": 2.5, "seconds": 0.2},
    {"type": "job", "key": "k", "state": "submitted", "id": "7", "seconds": 0.2},
    {"type": "job", "key": "k", "state": "done", "qpu_seconds": 1.0, "money": 0.1, "file": "a",
     "sha256": "b", "reason": "", "seconds": 0.2},
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(REAL) + len(ALSO)))
def test_a_missing_field_has_a_default_or_is_named(path, place):
    """What the forms let pass, the records can read."""
    events = [*REAL, *ALSO]
    for key in set(events[place]) - {"type", "format"}:
        path.write_bytes(b"")
        for n, event in enumerate(events):
            kept = {k: v for k, v in event.items() if n != place or k != key}
            path.write_bytes(path.read_bytes() + encode_line(n, kept))
        message = read_or_refused(path)
        if message:
            assert f"line {place + 1} is damaged" in message
            assert f'"{key}"' in message


def read_or_refused(path):
    """What a journal is refused with; empty where all of it can be read."""
    try:
        events = read_journal(path)[0]
    except InputError as error:
        return str(error)
    History.of(events)
    return ""

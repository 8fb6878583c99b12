"""No decision of a simulated run depends on the clock, wherever it is set to."""

import itertools
import shutil
import time

import pytest

from qvopt import Session, compare, make_experiment, scan
from qvopt.records.journal import read_journal


@pytest.fixture
def leaping(monkeypatch):
    """The wall clock leaps by years, forward and back, every time that it is asked."""
    years = itertools.cycle([0, 3, -20, 17, -1])
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 3.15e7 * next(years))


def finished(session):
    with session:
        steps = list(session)
        return session.result(), steps


def plain(path):
    """The events of a journal without the seconds that they took."""
    return [{k: v for k, v in e.items() if k != "seconds"} for e in read_journal(path)[0]]


@pytest.mark.parametrize("options", [{}, {"shots": 200, "optimizer": "icans"}])
def test_a_run_and_its_resume_are_the_same_by_any_clock(options, tmp_path, monkeypatch, request):
    experiment = make_experiment({"molecule": "h2", "max_steps": 4, "seed": 5, **options})
    by_the_clock, _ = finished(Session.begin(experiment, out=tmp_path / "a"))
    request.getfixturevalue("leaping")
    result, steps = finished(Session.begin(experiment, out=tmp_path / "b"))
    assert result.document()["energy"] == by_the_clock.document()["energy"]
    assert plain(tmp_path / "a" / "journal.jsonl") == plain(tmp_path / "b" / "journal.jsonl")
    assert all(step.seconds >= 0 for step in steps)
    lines = (tmp_path / "b" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    cut = shutil.copytree(tmp_path / "b", tmp_path / "c")
    (cut / "journal.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    again, _ = finished(Session.resume(cut))
    assert again.energy == result.energy
    assert plain(cut / "journal.jsonl") == plain(tmp_path / "a" / "journal.jsonl")


@pytest.mark.usefixtures("leaping")
def test_tasks_and_comparisons_are_too(tmp_path):
    curve = scan("h2", "bond", "0.7:0.8:2", max_steps=1, out=tmp_path / "s")
    again = scan("h2", "bond", "0.7:0.8:2", max_steps=1, out=tmp_path / "s")
    assert curve.frame().drop(columns="seconds").equals(again.frame().drop(columns="seconds"))
    settings = {"problems": ["h2"], "optimizers": ["spsa"], "shots": 50, "budget": 400, "seeds": 2,
                "workers": 1, "out": tmp_path / "c"}  # fmt: skip
    first = compare(**settings)
    journals = {p: p.read_bytes() for p in (tmp_path / "c").rglob("journal.jsonl")}
    assert len(journals) == 2
    second = compare(**settings)
    assert all(path.read_bytes() == text for path, text in journals.items())
    assert [o.error.tolist() for o in first.outcomes] == [o.error.tolist() for o in second.outcomes]

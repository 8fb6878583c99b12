"""Journals of tasks whose lines lack a field, with checksums that fit: one line, nothing twice."""

import pytest

from qvopt import load, make_experiment, resume, run, run_properties
from qvopt.records.journal import encode_line, read_journal
from qvopt.tasks.validation import validate_backend
from qvopt_molecules.errors import InputError


def without(folder, wanted, key):
    """Write the journal anew, without a key of the events that are wanted."""
    path = folder / "journal.jsonl"
    lines = [
        encode_line(n, {k: v for k, v in event.items() if not (k == key and wanted(event))})
        for n, event in enumerate(read_journal(path)[0])
    ]
    path.write_bytes(b"".join(lines))


def test_a_validation_that_does_not_say_how_often(tmp_path):
    experiment = make_experiment({"molecule": "h2", "shots": 20})
    folder = tmp_path / "validated"
    validate_backend(experiment, repeats=20, folder=folder)
    without(folder, lambda event: event["type"] == "begin", "repeats")
    with pytest.raises(InputError, match=r'line 1 is damaged .*"repeats"'):
        validate_backend(experiment, repeats=20, folder=folder)


@pytest.mark.parametrize("key", ["asked", "properties"])
def test_properties_are_not_measured_again_where_their_record_is_damaged(key, tmp_path):
    folder = tmp_path / "run"
    run("h2", shots=100, max_steps=1, optimizer="adam", out=folder)
    run_properties(folder)
    without(folder, lambda event: event.get("role") == "properties", key)
    before = (folder / "journal.jsonl").read_bytes()
    with pytest.raises(InputError, match="is damaged"):
        run_properties(folder)
    assert (folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("rule", ["plateau", "gradient"])
def test_a_stopping_rule_that_looks_back_for_ever_is_refused(rule):
    with pytest.raises(InputError, match=f"stopping.{rule}"):
        run("h2", shots=100, max_steps=1, optimizer="adam", stopping={rule: 2**63})


def test_a_run_without_its_references(tmp_path):
    folder = tmp_path / "run"
    run("h2", max_steps=1, out=folder)
    path = folder / "journal.jsonl"
    events = read_journal(path)[0]
    events[0]["references"].pop("hf")
    path.write_bytes(b"".join(encode_line(n, event) for n, event in enumerate(events)))
    for read in (load, resume):
        with pytest.raises(InputError, match=r'line 1 is damaged .*"hf"'):
            read(folder)

"""Excited states on a device: intents are written down, and nothing is sent twice."""

import json

import pytest

from qvopt import excited_states
from qvopt.cloud.snapshots import SnapshotProvider

SETTINGS = {
    "backend": {"name": "ibm:fake_manila", "optimization_level": 1},
    "optimizer": {"name": "spsa", "learning_rate": 0.1, "perturbation": 0.1},
    "measurement": {"shots": 200, "grouping": "fully-commuting"},
    "max_steps": 1,
}


def events(folder):
    lines = [
        line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()
    ]
    return [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "rounds"), [("vqd", 6), pytest.param("ssvqe", 4, marks=pytest.mark.slow)]
)
def test_a_second_call_sends_nothing(method, rounds, tmp_path, monkeypatch):
    sent = []
    submit = SnapshotProvider.submit

    def counted(self, *arguments, **options):
        sent.append(1)
        return submit(self, *arguments, **options)

    monkeypatch.setattr(SnapshotProvider, "submit", counted)
    first = excited_states("h2", 2, method=method, out=tmp_path / "e", **SETTINGS)
    jobs = [e for e in events(tmp_path / "e") if e["type"] == "job" and e["state"] == "intent"]
    charged = sum(c.jobs for c in first.costs.values())
    assert len(sent) == len(jobs) == charged >= rounds
    again = excited_states("h2", 2, method=method, out=tmp_path / "e", **SETTINGS)
    assert len(sent) == len(jobs)
    assert again.document() == first.document()
    # Killed before the last round was charged: its job is found again, and not sent.
    journal = tmp_path / "e" / "energies.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["type"] == "round"
    journal.write_bytes(b"".join(lines[:-1]))
    third = excited_states("h2", 2, method=method, out=tmp_path / "e", **SETTINGS)
    assert len(sent) == len(jobs)
    assert third.document() == first.document()

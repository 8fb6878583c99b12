"""What the journal says of a run's jobs.

A job's events, each on the disk before the next thing happens:

    intent      it is about to be submitted under its key
    attempt     it is about to be submitted again, the earlier submission being in doubt
    submitted   the provider took it, and this is its id
    running     it left the queue
    done        its results are in a file with this checksum
    failed, cancelled   it ended without results; it is never submitted again by itself
    refused     the provider did not take it: nothing runs, nothing is owed
    extra       a duplicate under the same key, found and cancelled
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qvopt.backends.cost import Cost

Where = tuple[tuple[int, ...], int]
"""Random stream of the round, and number of the part."""


@dataclass(frozen=True)
class JobRecord:
    """A job as the journal knows it.

    `state` is the last event's; `planned` and `used` hold qpu_seconds and money (or None);
    `attempt` counts what a user had submitted again after a failure; `since` is when it was last
    submitted, in seconds.
    """

    key: str
    round: tuple[int, ...]
    part: int
    state: str
    attempt: int = 0
    id: str | None = None
    since: float = 0.0
    circuits: int = 0
    shots: int = 0
    qpu_seconds: float = 0.0
    money: float | None = None
    file: str | None = None
    sha256: str = ""
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether it may be at the provider and not ended."""
        return self.state in ("intent", "submitted", "running")

    def after(self, event: Mapping[str, Any]) -> JobRecord:
        """This record after one more event."""
        if event["state"] == "extra":
            return self
        if event["state"] == "attempt":
            return replace(self, since=event["time"])
        known = {k: event[k] for k in ("state", "id", "qpu_seconds", "money", "file", "sha256",
                                       "reason") if k in event}  # fmt: skip
        return replace(self, **known)


def job_records(events: Iterable[Mapping[str, Any]]) -> dict[str, JobRecord]:
    """Records by key, in the order of their intents."""
    records: dict[str, JobRecord] = {}
    for event in events:
        if event["type"] != "job":
            continue
        key = event["key"]
        if event["state"] == "intent":
            records[key] = JobRecord(
                key,
                tuple(event["round"]),
                event["part"],
                "intent",
                event["attempt"],
                since=event["time"],
                circuits=event["circuits"],
                shots=event["shots"],
                qpu_seconds=event["qpu_seconds"],
                money=event["money"],
            )
        elif key in records:
            records[key] = records[key].after(event)
    return records


def lost_cost(records: Iterable[JobRecord]) -> Cost:
    """What failed and cancelled jobs took."""
    lost = (r for r in records if r.state in ("failed", "cancelled"))
    return sum(
        (Cost(jobs=1, qpu_seconds=r.qpu_seconds, money=r.money or 0.0) for r in lost), Cost()
    )

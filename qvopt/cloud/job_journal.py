"""What a run's journal says of its jobs, and what is written into it next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qvopt.backends.protocol import EventSink
from qvopt.records.jobs import JobRecord, Where, job_records


class JobJournal:
    """The jobs of one run: their records, and their events in its journal.

    Each event is on the disk before the next thing happens. Without a journal they are kept in
    memory, which is enough for jobs that do not outlive the process.

    Args:
        sink: the journal; None keeps nothing.
        events: of the journal so far.
    """

    def __init__(self, sink: EventSink | None, events: Iterable[Mapping[str, Any]] = ()) -> None:
        self._sink = sink
        self.records: dict[str, JobRecord] = job_records(events)
        self._keys: dict[Where, str] = {(r.round, r.part): r.key for r in self.records.values()}

    def at(self, where: Where) -> JobRecord | None:
        """The latest job of a round's part; None where there is none yet."""
        key = self._keys.get(where)
        return None if key is None else self.records[key]

    def add(self, record: JobRecord) -> None:
        """Take up a job that has no event yet."""
        self._keys[record.round, record.part] = record.key
        self.records[record.key] = record

    def of_round(self, where: tuple[int, ...]) -> list[JobRecord]:
        """The latest jobs of a round, part by part."""
        return [self.records[key] for (round_, _), key in self._keys.items() if round_ == where]

    def waiting(self) -> int:
        """Jobs at the provider that have not ended."""
        return sum(r.open and r.id is not None for r in self.records.values())

    def write(self, key: str, state: str, **details: Any) -> JobRecord:
        """Write an event of a job; return its record after it."""
        event = {"type": "job", "key": key, "state": state, **details}
        if self._sink is not None:
            self._sink.append(event, durable=True)
        if state == "intent":
            self.records |= job_records([event])
        else:
            self.records[key] = self.records[key].after(event)
        return self.records[key]

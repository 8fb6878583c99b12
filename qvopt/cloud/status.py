"""Where the jobs of a run stand: what was spent, what is reserved, and by which caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qvopt.backends.catalogue import get_backend
from qvopt.backends.cost import Cost
from qvopt.records.codec import decode_costs
from qvopt.records.events import BESIDE_THE_RUN
from qvopt.records.jobs import JobRecord, job_records, lost_cost
from qvopt.records.journal import Journal
from qvopt.records.ledger import Ledger
from qvopt.runs.folder import RunFolder
from qvopt_molecules.errors import InputError, QvoptError

from .backend import HardwareBackend
from .calls import within
from .provider import JobSpec, JobState, Provider


@dataclass(frozen=True)
class RunStatus:
    """A run's jobs. `spent` is what the journal has charged; `reserved` the forecast of open jobs.

    A job that is done but whose round is not charged yet counts as reserved, with what it took.
    Where the device has no price, `priced` is False and money is unknown.
    """

    path: Path
    device: str
    steps: int
    ended: str | None
    jobs: Sequence[JobRecord]
    spent: Cost
    reserved: Cost
    budget: Mapping[str, Any]
    priced: bool = True
    currency: str = "money"
    durable: bool = True

    def document(self) -> dict[str, Any]:
        """Plain data."""
        amounts: dict[str, dict[str, Any]] = {
            name: {
                "spent": getattr(self.spent, name),
                "reserved": getattr(self.reserved, name),
                "cap": self.budget.get(name),
            }
            for name in ("shots", "jobs", "qpu_seconds", "money")
        }
        if not self.priced:
            amounts["money"] |= {"spent": None, "reserved": None}
        return {
            "run": str(self.path),
            "device": self.device,
            "steps": self.steps,
            "ended": self.ended,
            "open": [
                {"key": j.key, "id": j.id, "state": j.state, "shots": j.shots}
                for j in self.jobs
                if j.open
            ],
            "failed": [
                {"key": j.key, "id": j.id, "state": j.state, "reason": j.reason}
                for j in self.jobs
                if j.state in ("failed", "cancelled", "refused")
            ],
            "budget": amounts,
            "currency": self.currency if self.priced else None,
        }


def run_status(path: Path) -> RunStatus | None:
    """Read the journal of a run; None where it is not on hardware."""
    folder = RunFolder.open(path)
    events = folder.events()
    begun = [e for e in events if e["type"] == "hardware" and "device" in e]
    if not begun:
        return None
    ledger = Ledger()
    ledger.charge({"lost": lost_cost(job_records(events).values())})
    closed: set[str] = set()
    charged: set[str] = set()
    for event in events:
        if event["type"] == "job" and event["state"] != "extra":
            ended = event["state"] not in ("intent", "submitted", "running")
            (closed.add if ended else closed.discard)(event["key"])
        elif event["type"] == "round":
            ledger.charge(decode_costs(event["cost"]))
            charged |= closed
            closed = set()
    jobs = list(job_records(events).values())
    reserved = Cost()
    for job in jobs:
        if job.open or (job.state == "done" and job.key not in charged):
            reserved += Cost(0, job.circuits, job.shots, 1, job.qpu_seconds, job.money or 0.0)
    budget = folder.experiment().budget.model_dump()
    end: str | None = None
    end_before: str | None = None
    for event in events:  # a run that went on after its end has not ended
        if event["type"] == "end":
            end = end_before = event["status"]
        elif event["type"] == "round" and event["role"] in BESIDE_THE_RUN:
            end = end_before  # measured beside the run
        elif event["type"] in ("job", "round", "step"):
            end = None
    return RunStatus(
        path,
        begun[-1]["device"],
        max((e["step"] for e in events if e["type"] == "step"), default=0),
        end,
        jobs,
        ledger.total,
        reserved,
        budget,
        begun[0].get("priced", any(job.money is not None for job in jobs)),
        budget["currency"] or begun[0].get("currency") or "money",
        begun[0].get("durable", ":fake_" not in begun[0]["device"]),
    )


def provider_of(path: Path) -> HardwareBackend:
    """The backend of a run folder's experiment.

    Raises InputError where it is no hardware.
    """
    spec = RunFolder.open(path).experiment().backend
    backend = get_backend(spec.name, **spec.options)
    if not isinstance(backend, HardwareBackend):
        raise InputError(f"{path} is not a run on hardware: its backend is {spec.name}")
    return backend


def states_now(status: RunStatus) -> dict[str, str]:
    """Ask the provider for the states of open jobs, by id; what it says, or why it did not."""
    jobs = [j for j in status.jobs if j.open and j.id is not None]
    if not jobs:
        return {}
    backend = provider_of(status.path)
    states = {}
    for job in jobs:
        states[str(job.id)] = _state(backend.provider, str(job.id), backend.timeouts.call)
    backend.provider.close()
    return states


def _state(provider: Provider, job: str, seconds: float) -> str:
    try:
        now = within(seconds, lambda: provider.status(job), "the provider")
    except QvoptError as error:
        return f"unknown: {error}"
    return f"{now.state}{now.queue}{': ' + now.reason if now.reason else ''}"


def cancel_jobs(path: Path) -> list[tuple[str, JobState]]:
    """Cancel a run's open jobs, those without a known id too, and say so in its journal.

    What a job took that had left the queue is charged: as the provider says, else its forecast.
    Where another process works on the run, that process sees and writes the cancellation.
    Returns the jobs' ids and their states after it: one that had ended already stays as it was.
    """
    status = run_status(path)
    open_jobs = [] if status is None else [j for j in status.jobs if j.open]
    if not open_jobs:
        return []
    backend = provider_of(path)
    provider, seconds = backend.provider, backend.timeouts.call
    try:
        journal: Journal | None = RunFolder.open(path).open_journal()
    except InputError:
        journal = None
    cancelled = []
    try:
        for job in open_jobs:
            ids = [] if job.id is None else [job.id]
            if job.id is None:
                key = job.key
                ids = [f.id for f in within(seconds, lambda: provider.find(key), "the list")]  # noqa: B023
            ends = [_cancel(provider, one, seconds) for one in ids]
            cancelled += [(one, now) for one, (now, _) in zip(ids, ends, strict=True)]
            if journal is None or not ids:
                continue
            now, cost = ends[0]
            if now.final and now is not JobState.DONE:
                event: dict[str, Any] = {"type": "job", "key": job.key, "state": str(now)}
                event |= {"id": ids[0], "reason": "by `qvopt cancel`", **cost}
                journal.append(event, durable=True)
    finally:
        provider.close()
        if journal is not None:
            journal.close()
    return cancelled


def _cancel(provider: Provider, job: str, seconds: float) -> tuple[JobState, dict[str, float]]:
    """Cancel a job; its state then, and what is known of its cost: nothing leaves the forecast."""
    before = within(seconds, lambda: provider.status(job), "the provider")
    if not before.state.final:
        within(seconds, lambda: provider.cancel(job), "cancelling")
    now = within(seconds, lambda: provider.status(job), "the provider")
    if before.state is JobState.QUEUED:
        return now.state, {"qpu_seconds": 0.0, "money": 0.0}
    try:
        spec = JobSpec((), 0)  # vendors that count by it are left at the forecast
        used = within(seconds, lambda: provider.usage(job, spec), "usage")
    except QvoptError:
        return now.state, {}
    if used.qpu_seconds <= 0:
        return now.state, {}
    price = provider.describe().price
    money = used.money
    if money is None and price.per_second:
        money = price.of(spec, used.qpu_seconds)
    cost = {"qpu_seconds": used.qpu_seconds}
    return now.state, cost if money is None else cost | {"money": money}

"""What of the cloud works here: packages, credentials, devices, and one tiny job."""

from __future__ import annotations

import importlib.metadata
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from qvopt.backends.catalogue import get_backend
from qvopt.records.journal import Journal
from qvopt_molecules.errors import InputError, QvoptError, extra_command

from .backend import HardwareBackend
from .credentials import CREDENTIALS, EXTRAS, describe_credentials
from .job_manager import JobManager
from .provider import JobForecast, JobSpec, Pub

HONESTY: Final = (
    "Providers are verified against stub servers, vendors' schemas and recorded device snapshots, "
    "not against live hardware: `qvopt doctor --live --backend PROVIDER:DEVICE` sends one tiny job."
)


def checks() -> list[dict[str, Any]]:
    """A row for every extra and every credential; nothing is sent, and no secret is shown."""
    rows = []
    for extra, packages in EXTRAS.items():
        for package in packages:
            try:
                found = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                found = f"missing: {extra_command(extra)}"
            rows.append({"check": package, "found": found})
    for vendor in CREDENTIALS:
        row = {"check": f"{vendor} credentials", "found": describe_credentials(vendor)}
        rows.append(row)
    return rows


def reach(name: str) -> list[dict[str, Any]]:
    """Facts of a device that a backend name means, asked of its vendor."""
    device = _hardware(name).provider.describe()
    price = device.price
    money = "unknown" if not price.known else (
        f"{price.per_job:g}/job {price.per_shot:g}/shot {price.per_second:g}/s {price.currency}"
    )  # fmt: skip
    return [
        {"check": device.full_name, "found": f"{device.n_qubits} qubits"},
        {"check": "native gates", "found": " ".join(device.basis)},
        {"check": "price", "found": money},
        {"check": "note", "found": device.note},
    ]


def live(name: str, agree: Callable[[JobForecast], bool]) -> dict[int, int] | None:
    """Send one job of one Bell circuit, 100 shots, if its price is agreed to; return the counts.

    Its journal is in runs/doctor: where the command is killed, the next one takes up the same job.
    """
    from qiskit import QuantumCircuit

    backend = _hardware(name)
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    provider = backend.provider
    (lowered,) = provider.lower([circuit], level=1, seed=0, layout=None)
    import numpy as np

    spec = JobSpec((Pub(lowered, np.zeros((1, 0))),), 100)
    if not agree(provider.estimate(spec)):
        return None
    folder = Path("runs") / "doctor" / re.sub(r"[^A-Za-z0-9.-]+", "-", name)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journal.jsonl"
    journal = Journal(path, create=not path.exists())
    try:
        begun = [e["run"] for e in journal.events if e["type"] == "hardware"]
        run = begun[0] if begun else uuid.uuid4().hex
        if not begun:
            event = {"type": "hardware", "run": run, "device": provider.describe().full_name}
            journal.append(event, durable=True)
        jobs = JobManager(
            provider,
            backend.timeouts,
            log=journal,
            folder=folder,
            run=run,
            events=list(journal.events),
        )
        finished = ("done", "failed", "cancelled")
        ended = sum(record.state in finished for record in jobs.records.values())
        (result,) = jobs.run([spec], (ended,))
    finally:
        journal.close()
        provider.close()
    return dict(result.counts[0][0])


def _hardware(name: str) -> HardwareBackend:
    backend = get_backend(name)
    if not isinstance(backend, HardwareBackend):
        raise InputError(f"{name} is a simulator of this machine; name a device, ibm:<device>")
    return backend


def trouble(
    work: Callable[[], list[dict[str, Any]]], what: str
) -> tuple[list[dict[str, Any]], int]:
    """Rows of a check and 0, or one that says why it failed and the exit code."""
    try:
        return work(), 0
    except QvoptError as error:
        return [{"check": what, "found": str(error)}], error.exit_code

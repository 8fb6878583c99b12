"""What of the cloud works here: packages, credentials, devices, and one tiny job."""

from __future__ import annotations

import importlib.metadata
import os
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from qvopt.backends.catalogue import get_backend
from qvopt_molecules.errors import InputError, QvoptError

from .backend import HardwareBackend
from .job_manager import JobManager
from .provider import JobForecast, JobSpec, Pub

EXTRAS: Final = {
    "ibm": ("qiskit-ibm-runtime",),
    "braket": ("amazon-braket-sdk", "qiskit-braket-provider"),
    "ionq": ("qiskit-ionq",),
    "mitigation": ("mthree", "mitiq"),
}
CREDENTIALS: Final = {
    "ibm": (("QISKIT_IBM_TOKEN",), "QISKIT_IBM_TOKEN_FILE", "~/.qiskit/qiskit-ibm.json"),
    "braket": (("AWS_ACCESS_KEY_ID", "AWS_PROFILE"), "", "~/.aws/credentials"),
    "ionq": (("IONQ_API_KEY", "IONQ_API_TOKEN"), "IONQ_API_KEY_FILE", ""),
}
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
                found = f"missing: pip install 'qvopt[{extra}]'"
            rows.append({"check": package, "found": found})
    for vendor, (variables, file_variable, saved) in CREDENTIALS.items():
        rows.append(
            {
                "check": f"{vendor} credentials",
                "found": _credential(variables, file_variable, saved),
            }
        )
    return rows


def _credential(variables: tuple[str, ...], file_variable: str, saved: str) -> str:
    for name in variables:
        if os.environ.get(name):
            return f"in the environment ({name})"
    places = [os.environ.get(file_variable, "") if file_variable else "", saved]
    for place in places:
        path = Path(place).expanduser()
        if place and path.is_file():
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                return f"{path} can be read by others (mode {mode:04o}): chmod 600 it"
            return f"{path} (mode {mode:04o})"
        if place and place != saved:
            return f"{file_variable} names {path}, which does not exist"
    return f"none; set {variables[0]}" + (f" or {file_variable}" if file_variable else "")


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
    """Send one job of one Bell circuit, 100 shots, if its price is agreed to; return the counts."""
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
    desk = JobManager(provider, backend.timeouts, run=uuid.uuid4().hex)
    (result,) = desk.run([spec], (0,))
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

"""Amazon Braket: one job is one quantum task, a program set where it holds several circuits.

The key of a job is its `clientToken`, which makes creation idempotent at the service, and a tag, by
which it is found. The SDK sets another token: a hook replaces it. Verified
against a stub server with the service's own schemas, not against the live service.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qvopt.backends.batch import Counts
from qvopt.backends.layouts import lower_to, without_barriers
from qvopt.backends.measured import bit_of_qubit
from qvopt_molecules.errors import InputError

from .braket_calls import called, check_credentials_file, need_braket
from .braket_devices import device_arn
from .braket_native import NativeGates
from .braket_results import FailedProgram, programs_of
from .calls import in_one_line
from .known_devices import known_device, stored_price
from .prices import SHOT_SECONDS, given_price, task_forecast
from .provider import (
    Device,
    FoundJob,
    JobForecast,
    JobResult,
    JobSpec,
    JobState,
    JobStatus,
    Limits,
    ProviderError,
    RefusedError,
    Usage,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

TAG: Final = "qvopt-key"
_PREFIX: Final = "qvopt"
_BASIS: Final = ["h", "x", "y", "z", "s", "sdg", "rx", "ry", "rz", "cx"]
_PROGRAM_SET: Final = "braket.ir.openqasm.program_set"
_MAX_PAGES: Final = 50
_STATES: Final = {
    "CREATED": JobState.QUEUED,
    "QUEUED": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "CANCELLING": JobState.RUNNING,
    "COMPLETED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}


class BraketProvider:
    """A device of Amazon Braket, with the credentials that boto3 finds.

    Args:
        device: a short name ("sv1", "garnet", "forte-1") or an ARN.
        bucket: S3 bucket of the results; None takes AMZN_BRAKET_OUT_S3_BUCKET.
        verbatim: lower to the device's native gates on its own qubits, which the service then runs
            as they are. Without it the service compiles once more: it may take folded gates out
            again, and choose other qubits for each circuit.
        price: {"per_job": …, "per_shot": …, "per_second": …} in USD, in place of the stored ones.
    """

    def __init__(
        self,
        device: str = "sv1",
        *,
        bucket: str | None = None,
        verbatim: bool = False,
        price: Mapping[str, float] | None = None,
    ) -> None:
        if find_spec("qiskit_braket_provider") is None:
            need_braket()  # says what is missing
        self._arn = device_arn(device)
        check_credentials_file()
        self._bucket = bucket or os.environ.get("AMZN_BRAKET_OUT_S3_BUCKET") or ""
        if not self._bucket:
            raise InputError(
                "Braket writes results to an S3 bucket: give backend.bucket, or set "
                "AMZN_BRAKET_OUT_S3_BUCKET"
            )
        # The client takes seconds to import: not for what is refused anyway.
        need_braket()
        from botocore.config import Config  # type: ignore[import-untyped,unused-ignore]
        from braket.aws import AwsDevice, AwsSession  # type: ignore[import-untyped,unused-ignore]

        region = self._arn.split(":")[3] or os.environ.get("AWS_REGION") or _default_region()
        os.environ.setdefault("AWS_REGION", region)
        # One attempt a call: repetitions are decided above, where they are counted.
        config = Config(
            retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30,
        )  # fmt: skip
        import boto3  # type: ignore[import-untyped,unused-ignore]

        session = AwsSession(boto_session=boto3.Session(region_name=region), config=config)
        device_at_aws = called(lambda: AwsDevice(self._arn, aws_session=session), submitting=False)
        self._session, self._aws = device_at_aws.aws_session, device_at_aws
        self._token, self._lock = "", threading.Lock()
        self._session.braket_client.meta.events.register(
            "provide-client-params.braket.CreateQuantumTask", self._own_token
        )
        self._simulator = "quantum-simulator" in self._arn
        self._native: NativeGates | None = None
        if verbatim:
            self._native = NativeGates(device_at_aws)
            # Building the backend replaced the client, and with it the hook.
            self._session = device_at_aws.aws_session
            self._session.braket_client.meta.events.register(
                "provide-client-params.braket.CreateQuantumTask", self._own_token
            )
        self._device = self._described(price)

    def _described(self, price: Mapping[str, float] | None) -> Device:
        properties = self._aws.properties
        actions = {str(getattr(k, "value", k)): v for k, v in dict(properties.action).items()}
        sets = actions.get(_PROGRAM_SET)
        # None of either is a device that takes no set.
        max_programs = 1 if sets is None else max(int(sets.maximumExecutables), 1)
        total = None if sets is None else int(sets.maximumTotalShots) or None
        least = None if sets is None else getattr(sets, "minimumTotalShots", None)
        name = self._arn.rsplit("/", 1)[-1].lower()
        stored = stored_price("braket", name).price() if price is None else given_price(price)
        shots = properties.service.shotsRange
        return Device(
            "braket",
            name,
            int(properties.paradigm.qubitCount),
            tuple(_BASIS if self._native is None else sorted(self._native.target.operation_names)),
            Limits(
                circuits=max_programs,
                shots=int(shots[1]),
                executions=total,
                min_shots=max(1, int(shots[0])),
                min_executions=max(1, int(least or 1)),
            ),
            stored,
            simulator=self._simulator,
            time_assumed=not self._simulator,
            note="verified against a stub server"
            + ("" if self._native is not None else "; the service compiles once more"),
            labels=None if self._native is None else self._native.labels,
        )

    def _own_token(self, params: dict[str, Any], **_: Any) -> None:
        if self._token:
            params["clientToken"] = self._token

    def describe(self) -> Device:
        """Facts of the device."""
        return self._device

    def lower(
        self,
        circuits: Sequence[QuantumCircuit],
        *,
        level: int,
        seed: int,
        layout: Sequence[int] | None,
    ) -> list[QuantumCircuit]:
        """Return the circuits in native gates (verbatim), or in gates that Braket compiles."""
        from qiskit import transpile

        wide = max((c.num_qubits for c in circuits), default=0)
        if wide > self._device.n_qubits:
            raise InputError(
                f"{self._device.full_name} has {self._device.n_qubits} qubits, the circuits {wide}"
            )
        if self._native is not None:
            target = self._native.target
            return lower_to(target, circuits, level=level, seed=seed, layout=layout)
        if layout is not None:
            raise InputError("Braket chooses the qubits itself; give verbatim = true with a layout")
        options: dict[str, Any] = {"optimization_level": level, "seed_transpiler": seed}
        return list(transpile(list(circuits), basis_gates=_BASIS, **options))

    def estimate(self, spec: JobSpec) -> JobForecast:
        """Task and shots at their prices; simulators by their least time."""
        known = known_device("braket", self._device.name)
        seconds = SHOT_SECONDS if known is None else known.seconds_per_shot
        return task_forecast(spec, self._device.price, seconds, simulator=self._simulator)

    def submit(self, spec: JobSpec, key: str) -> str:
        """Create one task; repeated with the same key it is the same task."""
        from braket.aws import AwsQuantumTask  # type: ignore[import-untyped,unused-ignore]
        from braket.program_sets import ProgramSet  # type: ignore[import-untyped,unused-ignore]

        programs = self._translated([c for pub in spec.pubs for c in pub.bound()])
        many = len(programs) > 1
        task: Any = ProgramSet(programs, shots_per_executable=spec.shots) if many else programs[0]

        def create() -> str:
            made = AwsQuantumTask.create(
                self._session,
                self._arn,
                task,
                (self._bucket, _PREFIX),
                spec.executions,
                tags={TAG: key},
            )
            return str(made.id)

        with self._lock:
            self._token = key
            try:
                return called(create, submitting=True)
            finally:
                self._token = ""

    def find(self, key: str) -> Sequence[FoundJob]:
        """Search the device's tasks, and keep those with the tag."""
        client, jobs = self._session.braket_client, []
        filters = [{"name": "deviceArn", "operator": "EQUAL", "values": [self._arn]}]
        more: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            search = partial(client.search_quantum_tasks, filters=filters, maxResults=100, **more)
            page = called(search, submitting=False)
            for task in _field(page, "quantumTasks"):
                if (task.get("tags") or {}).get(TAG) == key:
                    created = task.get("createdAt")
                    jobs.append(FoundJob(task["quantumTaskArn"], str(created or "")))
            if not page.get("nextToken"):
                return sorted(jobs, key=lambda job: job.created)
            more = {"nextToken": page["nextToken"]}
        if not jobs:
            raise ProviderError("Braket: more tasks than are looked through for a key")
        return sorted(jobs, key=lambda job: job.created)

    def status(self, job: str) -> JobStatus:
        """Where the task is."""
        answer = self._task(job)
        name = str(_field(answer, "status"))
        if name not in _STATES:
            raise ProviderError(f"Braket: a task state '{name[:40]}' that is not known")
        place = str((answer.get("queueInfo") or {}).get("position", "")).lstrip(">")
        reason = str(answer.get("failureReason") or "")[:200]
        return JobStatus(_STATES[name], int(place) if place.isdigit() else None, reason)

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """Fetch the measurements from S3; programs that failed in a set are missing rows."""
        from braket.aws import AwsQuantumTask  # type: ignore[import-untyped,unused-ignore]

        answer = called(
            lambda: AwsQuantumTask(job, self._session, quiet=True).result(), submitting=False
        )
        if answer is None:
            raise ProviderError(f"Braket: task {job} has no result")
        parts = programs_of(answer)
        if len(parts) != spec.n_circuits:
            raise ProviderError(
                f"Braket: results of {len(parts)} circuits came back, {spec.n_circuits} were sent"
            )
        out: list[list[Counts]] = [[] for _ in spec.pubs]
        failed: dict[tuple[int, int], FailedProgram] = {}
        for (pub, row), part in zip(spec.rows, parts, strict=True):
            if isinstance(part, FailedProgram):
                failed[pub, row] = part
                out[pub].append({})
            else:
                out[pub].append(self._counts(part, spec.pubs[pub].circuit, spec.shots))
        reasons = dict.fromkeys(part.reason for part in failed.values())
        return JobResult(
            tuple(map(tuple, out)),
            missing=tuple(failed),
            reason="; ".join(reasons)[:200],
            final=any(part.final for part in failed.values()),
        )

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """The forecast's: the service says nothing of single tasks."""
        forecast = self.estimate(spec)
        return Usage(forecast.qpu_seconds, None)

    def cancel(self, job: str) -> None:
        """Cancel; a task that is final stays as it is."""
        client = self._session.braket_client
        try:
            called(lambda: client.cancel_quantum_task(quantumTaskArn=job), submitting=False)
        except RefusedError:
            if not self.status(job).state.final:
                raise

    def close(self) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        return f"BraketProvider({self._device.name!r})"

    def _task(self, job: str) -> Any:
        client = self._session.braket_client
        return called(
            lambda: client.get_quantum_task(
                quantumTaskArn=job, additionalAttributeNames=["QueueInfo"]
            ),
            submitting=False,
        )

    def _translated(self, circuits: list[QuantumCircuit]) -> list[Any]:
        """Braket's circuits. Raises RefusedError where one has none: nothing was sent then."""
        from qiskit_braket_provider import to_braket  # type: ignore[import-untyped,unused-ignore]

        plain = [without_barriers(circuit) for circuit in circuits]
        try:
            if self._native is not None:
                return self._native.translate(plain)
            return list(to_braket(plain, basis_gates=_BASIS, optimization_level=0))
        except Exception as error:
            raise RefusedError(f"Braket has no such circuit: {in_one_line(error)}") from None

    def _counts(self, part: tuple[Any, Any], circuit: QuantumCircuit, shots: int) -> Counts:
        """Bits of the problem from the columns of a table of shots."""
        table, columns = np.asarray(part[0]), [int(q) for q in part[1]]
        bits = bit_of_qubit(circuit)
        if self._native is not None:
            bits = {self._native.labels[q]: c for q, c in bits.items()}
        if table.shape != (shots, len(columns)) or not set(bits) <= set(columns):
            raise ProviderError(
                f"Braket: {table.shape} measurements of qubits {columns} came back for {shots} "
                f"shots of qubits {sorted(bits)}"
            )
        place = np.array([1 << bits[q] if q in bits else 0 for q in columns], dtype=np.int64)
        outcomes, times = np.unique(table.astype(np.int64) @ place, return_counts=True)
        return dict(zip(outcomes.tolist(), times.tolist(), strict=True))


def _field(document: Any, name: str) -> Any:
    if not isinstance(document, Mapping) or document.get(name) is None:
        raise ProviderError(f"Braket: an answer without '{name}'")
    return document[name]


def _default_region() -> str:
    return os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"

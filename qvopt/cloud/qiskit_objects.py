"""A Qiskit BackendV2 or V2 sampler that a user gives from Python.

The primitives' interface has no way to find or fetch a job, so these jobs live as long as the
process: after a crash a job runs again. Where that costs money, use the vendor's own provider.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qvopt.backends.layouts import lower_to
from qvopt_molecules.errors import InputError

from .calls import in_one_line
from .ibm_options import pubs_of, result_of
from .provider import (
    Device,
    FoundJob,
    JobForecast,
    JobResult,
    JobSpec,
    JobState,
    JobStatus,
    Limits,
    RefusedError,
    Usage,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class QiskitProvider:
    """Runs jobs through a V2 sampler: the one given, or Qiskit's own on a BackendV2."""

    def __init__(self, value: Any) -> None:
        from qiskit.primitives import BackendSamplerV2, BaseSamplerV2
        from qiskit.providers import BackendV2

        self._own_seed = isinstance(value, BackendV2)
        if isinstance(value, BackendV2):
            self._backend: Any = value
            self._sampler: Any = BackendSamplerV2(backend=value)
        elif isinstance(value, BaseSamplerV2):
            self._sampler = value
            backend = getattr(value, "backend", None) or getattr(value, "_backend", None)
            self._backend = backend() if callable(backend) and not hasattr(backend, "target") else (
                backend
            )  # fmt: skip
        else:
            raise InputError(
                f"a backend must be a name, a qvopt Backend or Provider, a Qiskit BackendV2 or a "
                f"V2 sampler, got {type(value).__name__}"
            )
        target = getattr(self._backend, "target", None)
        self._target = target
        name = getattr(self._backend, "name", None) or type(value).__name__
        self._device = Device(
            "qiskit",
            str(name),
            int(target.num_qubits) if target is not None and target.num_qubits else 64,
            () if target is None else tuple(sorted(target.operation_names)),
            Limits(),
            timed=False,  # nobody tells
            simulator=_runs_here(value if self._backend is None else self._backend),
            durable=False,
            repeats=4,
            note="an object given from Python; its jobs end with the process",
        )
        self._jobs: dict[str, Any] = {}

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
        """Transpile to the backend's target; a sampler without one takes circuits as they are."""
        if self._target is None:
            return list(circuits)
        return lower_to(self._target, circuits, level=level, seed=seed, layout=layout)

    def estimate(self, spec: JobSpec) -> JobForecast:
        """Nothing is known of time or price."""
        return JobForecast(spec.n_circuits, spec.executions, 0.0)

    def submit(self, spec: JobSpec, key: str) -> str:
        """Run the job."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                job = self._sampler.run(pubs_of(spec), shots=spec.shots)
        except Exception as error:
            if not self._device.simulator:
                raise  # it may hold a credential
            raise RefusedError(
                f"{self._device.full_name}: the job did not run: {in_one_line(error)}"
            ) from None
        self._jobs[str(job.job_id())] = job
        return str(job.job_id())

    def find(self, key: str) -> Sequence[FoundJob]:
        """The interface has no such thing."""
        return ()

    def status(self, job: str) -> JobStatus:
        """State of a job of this process, whether it is an enum or a string."""
        raw = self._known(job).status()
        name = str(getattr(raw, "name", raw)).upper()
        states = {
            "DONE": JobState.DONE,
            "ERROR": JobState.FAILED,
            "CANCELLED": JobState.CANCELLED,
            "RUNNING": JobState.RUNNING,
        }
        state = states.get(name, JobState.QUEUED)
        return JobStatus(state, None, self._reason(job) if state is JobState.FAILED else "")

    def _reason(self, job: str) -> str:
        """Why a job failed: its exception; the class alone where the text may hold a credential."""
        try:
            self._known(job).result()
        except Exception as error:
            return in_one_line(error) if self._device.simulator else type(error).__name__
        return ""

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """Counts of the job."""
        return result_of(self._known(job).result(), spec)

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """Unknown."""
        return Usage()

    def cancel(self, job: str) -> None:
        """Ask the job to stop."""
        self._known(job).cancel()

    def close(self) -> None:
        """The object is its owner's to close."""

    def _known(self, job: str) -> Any:
        if job not in self._jobs:
            raise RefusedError(f"job {job} was made by another process")
        return self._jobs[job]


def _runs_here(value: Any) -> bool:
    """Whether an object simulates in this process: Qiskit's, Aer's and IBM's snapshots do."""
    module = type(value).__module__
    aer = any(kind.__module__.startswith("qiskit_aer.") for kind in type(value).__mro__)
    return aer or module.startswith("qiskit.") or ".fake_provider" in module

"""IBM Quantum devices, through qiskit-ibm-runtime's client-side Sampler and Estimator.

A job carries its key as a tag. The client hides the status of a failed request: it is read from the
text of the error, which the tests hold to the pinned version. Verified against a stub server that
the unmodified client speaks to, and against the vendor's schemas; never against live hardware.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qvopt.backends.layouts import lower_to
from qvopt.backends.recorded_devices import RecordedDevice
from qvopt_molecules.errors import QvoptError, unknown_name
from qvopt_molecules.textfile import expanded

from .ibm_options import IBMOptions, make_sampler, need_ibm, pubs_of, result_of
from .key_files import read_secret, without
from .prices import time_forecast
from .provider import (
    Device,
    FoundJob,
    JobForecast,
    JobResult,
    JobSpec,
    JobState,
    JobStatus,
    Limits,
    PriceModel,
    ProviderError,
    RefusedError,
    SessionClosedError,
    TransientError,
    UncertainError,
    Usage,
)
from .resilience import circuit_factor, estimator_pubs, make_estimator, results_of, taken
from .snapshots import OVERHEAD, REP_DELAY, REPEATS

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

T = TypeVar("T")
_log = logging.getLogger(__name__)

TOKEN, TOKEN_FILE, INSTANCE = "QISKIT_IBM_TOKEN", "QISKIT_IBM_TOKEN_FILE", "QISKIT_IBM_INSTANCE"
URL = "QISKIT_IBM_URL"
_NO_TOKEN = "Unable to retrieve IBM Cloud access token"
_STATES = {
    "DONE": JobState.DONE,
    "ERROR": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
    "RUNNING": JobState.RUNNING,
}


def _of_interest(record: logging.LogRecord) -> bool:
    """Whether a line of the client's log is to be shown: not that it was given a key.

    Where the token service fails, the client only logs that an instance is invalid, waits for a
    minute and says that there is no such device. The true reason is raised here, while it is known.
    """
    text, reason = record.getMessage(), sys.exc_info()[1]
    if text.startswith("Invalid instance") and reason is not None and _NO_TOKEN in str(reason):
        raise reason
    shown = logging.getLogger("qiskit_ibm_runtime").isEnabledFor(record.levelno)
    return shown and "A saved account will not be used" not in text


def saved_account() -> Path:
    """Where the client keeps saved accounts, keys in plain text."""
    return expanded("~/.qiskit/qiskit-ibm.json")


def connect() -> tuple[Any, str]:
    """Return the service and its key.

    The key is that of the environment or of a file of mode 0600; else the account that the client
    has saved, with a warning where others can read its file. QISKIT_IBM_URL names another address
    of the service, which is then spoken to as it stands.
    """
    account = saved_account()
    saved = not (os.environ.get(TOKEN) or os.environ.get(TOKEN_FILE)) and account.exists()
    token = "" if saved else read_secret("IBM Quantum", (TOKEN,), TOKEN_FILE)
    from qiskit_ibm_runtime import (  # type: ignore[import-untyped,unused-ignore]
        QiskitRuntimeService,
    )

    options: dict[str, Any] = {}
    if os.environ.get(URL):
        options = {"url": os.environ[URL], "url_resolver": lambda url, *_: url}
    # Where the token service fails, the client would send the key itself in a header.
    warnings.filterwarnings("error", message=_NO_TOKEN)
    log = logging.getLogger(QiskitRuntimeService.__module__)
    log.addFilter(_of_interest)
    if not log.isEnabledFor(logging.WARNING):
        log.setLevel(logging.WARNING)  # heard by the filter, which shows nothing more than before
    if saved:
        if account.stat().st_mode & 0o077:  # as the client itself writes it
            _log.warning(
                "%s holds your key and can be read by others: chmod 600 %s", account, account
            )
        service = QiskitRuntimeService(**options)
        return service, str((service.active_account() or {}).get("token", ""))
    options = {
        "channel": "ibm_quantum_platform",
        "instance": os.environ.get(INSTANCE) or "auto",
        **options,
    }
    return QiskitRuntimeService(token=token, **options), token


class IBMProvider:
    """A device of IBM Quantum.

    Args:
        device: its name, such as ibm_fez.
        options: error suppression.
        mode: "job"; "batch", for the jobs of a round that had to be split; or "session", which is
            paid for while it is open.
        fallback: whether a session or batch that takes no more jobs is followed by plain jobs.
        price_per_second: money per QPU second of your plan; IBM publishes none for all plans.
        currency: of that price.
    """

    def __init__(
        self,
        device: str,
        options: IBMOptions,
        *,
        mode: str = "job",
        fallback: bool = False,
        price_per_second: float | None = None,
        currency: str = "USD",
    ) -> None:
        need_ibm()
        self._secret = ""
        self._mode, self._fallback, self._options = mode, fallback, options
        self._opened: Any = None
        self._jobs: dict[str, Any] = {}
        self._pending: dict[str, int | None] = {}
        self._service, self._secret = self._guard(connect, submitting=False)
        self._backend = self._guard(lambda: self._device_named(device), submitting=False)
        price = PriceModel(
            currency, per_second=price_per_second or 0.0, known=price_per_second is not None
        )
        self._device = Device(
            "ibm",
            device,
            int(self._backend.num_qubits),
            tuple(sorted(self._backend.target.operation_names)),
            Limits(circuits=10_000, shots=100_000,
                   executions=10_000_000 // circuit_factor(options), values=1_000_000, pending=3),
            price,
            repeats=REPEATS if options.resilience is None else 1,
            estimates=options.resilience is not None,
            note="verified against a stub server and IBM's schemas, not against live hardware",
        )  # fmt: skip

    def describe(self) -> Device:
        """Facts of the device."""
        return self._device

    def calibrated(self) -> RecordedDevice:
        """The device, with the errors of its target."""
        return RecordedDevice(self._device.name, self._backend)

    def lower(
        self,
        circuits: Sequence[QuantumCircuit],
        *,
        level: int,
        seed: int,
        layout: Sequence[int] | None,
    ) -> list[QuantumCircuit]:
        """Transpile to the device's gates and coupling, and check: IBM takes no other circuits."""
        return lower_to(self._backend.target, circuits, level=level, seed=seed, layout=layout)

    def estimate(self, spec: JobSpec) -> JobForecast:
        """About 250 µs a shot, and two seconds a job."""
        shots = taken(spec, self._options) if spec.estimates else spec.executions
        return time_forecast(spec, shots, self._device.price, REP_DELAY, OVERHEAD)

    def submit(self, spec: JobSpec, key: str) -> str:
        """Submit one job, with its key as a tag."""

        def send() -> str:
            if spec.estimates:
                estimator = make_estimator(self._place(), self._options, spec.shots)
                estimator.options.environment.job_tags = [key]
                job = estimator.run(estimator_pubs(spec.pubs))
            else:
                sampler = make_sampler(self._place(), self._options)
                sampler.options.environment.job_tags = [key]
                job = sampler.run(pubs_of(spec), shots=spec.shots)
            self._jobs[str(job.job_id())] = job
            return str(job.job_id())

        return self._guard(send, submitting=True)

    def find(self, key: str) -> Sequence[FoundJob]:
        """Jobs with the key among their tags."""

        def look() -> list[FoundJob]:
            jobs = self._service.jobs(job_tags=[key], limit=20, descending=False)
            listed = [FoundJob(str(j.job_id()), str(j.creation_date or "")) for j in jobs]
            return sorted(listed, key=lambda j: j.created)

        return self._guard(look, submitting=False)

    def status(self, job: str) -> JobStatus:
        """State of the job, fetched by its id."""

        def look() -> JobStatus:
            raw = self._job(job)
            state = _STATES.get(str(raw.status()), JobState.QUEUED)
            reason = ""
            if state is JobState.FAILED:
                reason = without(" ".join(str(raw.error_message() or "").split()), self._secret)
            place, pending = self._queue(job) if state is JobState.QUEUED else (None, None)
            return JobStatus(state, place, reason, pending)

        return self._guard(look, submitting=False)

    def _queue(self, job: str) -> tuple[int | None, int | None]:
        """Place in the queue, which the client has no name for; else how many jobs are pending.

        IBM's metrics of a job may hold its place. Where they do not, they are not asked again.
        """
        if job in self._pending:
            return None, self._pending[job]
        try:
            place = self._job(job).metrics().get("position_in_queue")
            if isinstance(place, int) and place > 0:
                return place, None
            self._pending[job] = int(self._backend.status().pending_jobs)
        except Exception:
            self._pending[job] = None  # it is only shown, and no reason to stop
        return None, self._pending[job]

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """Counts of the job, or its values."""

        def fetch() -> JobResult:
            if spec.estimates:
                return results_of(self._job(job), spec, self._options)
            return result_of(self._job(job).result(), spec)

        return self._guard(fetch, submitting=False)

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """QPU seconds that IBM charges; zero while it has not counted yet."""
        return self._guard(lambda: Usage(float(self._job(job).usage() or 0.0)), submitting=False)

    def cancel(self, job: str) -> None:
        """Cancel; a job that is final stays as it is."""

        def stop() -> None:
            raw = self._job(job)
            if str(raw.status()) not in ("DONE", "ERROR", "CANCELLED"):
                raw.cancel()

        self._guard(stop, submitting=False)

    def close(self) -> None:
        """Close the session or batch to new jobs; those in it go on."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            try:
                self._guard(opened.close, submitting=False)
            except ProviderError:
                return

    def __repr__(self) -> str:
        return f"IBMProvider({self._device.name!r})"

    def _device_named(self, device: str) -> Any:
        try:
            return self._service.backend(device)
        except Exception as error:
            if type(error).__name__ != "QiskitBackendNotFoundError":
                raise
            names = [str(backend.name) for backend in self._service.backends()]
            raise unknown_name("device of this IBM Quantum account", device, names) from None

    def _job(self, job: str) -> Any:
        if job not in self._jobs:
            self._jobs[job] = self._service.job(job)
        return self._jobs[job]

    def _place(self) -> Any:
        """The backend, or the open batch or session."""
        if self._mode == "job":
            return self._backend
        from qiskit_ibm_runtime import Batch, Session

        try:
            if self._opened is None:
                self._opened = (Batch if self._mode == "batch" else Session)(self._backend)
            elif not (self._opened.details() or {}).get("accepting_jobs", True):
                raise SessionClosedError(f"the {self._mode} takes no more jobs")
        except Exception as error:
            if self._fallback:
                self._mode, self._opened = "job", None
                return self._backend
            # Nothing was submitted: what was asked for is a place to submit to.
            reason = self._clean(error)
            self._opened = None
            raise SessionClosedError(
                f"no {self._mode}: {reason}; `qvopt resume` opens another, and fallback = true in "
                f"[backend] continues with plain jobs"
            ) from None
        return self._opened

    def _guard(self, work: Callable[[], T], *, submitting: bool) -> T:
        """Run a call of the client; tell its errors apart, without the key."""
        try:
            return work()
        except QvoptError:
            raise
        except Exception as error:
            raise self._translated(error, submitting) from None

    def _translated(self, error: Exception, submitting: bool) -> ProviderError:
        text = self._clean(error)
        if type(error).__name__ in ("IBMNotAuthorizedError", "InvalidAccountError"):
            return RefusedError(f"IBM Quantum refused the key: {text}; see `qvopt doctor`")
        status = re.search(r"\b([45]\d\d) (?:Client|Server) Error|Status code: ([45]\d\d)", text)
        code = int(status[1] or status[2]) if status else 0
        if _NO_TOKEN in text:  # nothing was sent
            reason = re.sub(r"^.*API Key will be used instead\. (Error: )?", "", text)
            if code in (400, 401, 403):
                return RefusedError(f"IBM Quantum refused the key: {reason}; see `qvopt doctor`")
            host = re.search(r"host='([^']+)'", reason)
            where = f"no answer from {host[1]}; check the network" if host else reason
            return TransientError(f"IBM Quantum gave no access token: {where}")
        if code == 429:
            return TransientError(f"IBM Quantum is busy: {text}")
        if 400 <= code < 500 or type(error).__name__ in ("RuntimeJobNotFound", "IBMInputValueError",
                                                        "QiskitBackendNotFoundError"):  # fmt: skip
            return RefusedError(f"IBM Quantum refused: {text}")
        kind: type[ProviderError] = UncertainError if submitting else TransientError
        return kind(f"IBM Quantum: {text}")

    def _clean(self, error: Exception) -> str:
        secret = self._secret or os.environ.get(TOKEN, "")
        text = without(" ".join(str(error).split()), secret)
        return re.sub(r"(?i)(bearer|apikey)\s+[^\s'\"]+", r"\1 ***", text) or type(error).__name__

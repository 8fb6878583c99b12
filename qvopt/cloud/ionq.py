"""IonQ, by its REST interface (v0.4), with circuits as qiskit-ionq writes them.

One job is one multi-circuit job. Its key is in the job's metadata, and jobs are found by listing
them. qiskit-ionq builds the request; it is sent by `rest`, because the client repeats submissions
without a key that makes them idempotent, repeats reads for ever, and has no listing. Verified
against a stub server, not against the live service.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qvopt.backends.batch import Counts
from qvopt.backends.measured import bit_of_qubit
from qvopt_molecules.errors import InputError, missing_extra

from .key_files import read_secret
from .known_devices import known_device
from .prices import ION_SHOT_SECONDS, GatePrice, StoredPrice, gate_forecast
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
    Usage,
)
from .rest import request

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

KEY: Final = "qvopt_key"
_STATES: Final = {
    "submitted": JobState.QUEUED,
    "ready": JobState.QUEUED,
    "queued": JobState.QUEUED,
    "started": JobState.RUNNING,
    "running": JobState.RUNNING,
    "completed": JobState.DONE,
    "failed": JobState.FAILED,
    "canceled": JobState.CANCELLED,
    "cancelled": JobState.CANCELLED,
}
_PAGE, _MAX_PAGES = 100, 20


class IonQProvider:
    """A device of IonQ: "simulator", "aria-1", "forte-1", "forte-enterprise-1".

    The key is taken from IONQ_API_KEY, or the file of mode 0600 that IONQ_API_KEY_FILE names; the
    address from IONQ_API_URL where it is set.

    Args:
        device: as above.
        noise_model: of the simulator: "ideal", "aria-1", "forte-1", …
        gate_price: (per one-qubit gate and shot, per two-qubit gate and shot, least of a job) in
            USD, in place of the stored prices.
    """

    def __init__(
        self,
        device: str = "simulator",
        *,
        noise_model: str = "ideal",
        gate_price: Sequence[float] | None = None,
    ) -> None:
        ionq = _need_ionq()
        secret = read_secret(
            "IonQ", ("IONQ_API_KEY", "QISKIT_IONQ_API_TOKEN", "IONQ_API_TOKEN"), "IONQ_API_KEY_FILE"
        )
        name = device.removeprefix("qpu.")
        self._simulator = name == "simulator"
        local = "ionq_simulator" if self._simulator else f"ionq_qpu.{name}"
        with warnings.catch_warnings():
            # The client warns of Qiskit's default level of transpilation, which is not used here.
            warnings.simplefilter("ignore")
            backend = ionq.IonQProvider(token=secret).get_backend(local)
        if self._simulator:
            backend.set_options(noise_model=noise_model)
        self._backend, self._noise_model, self._secret = backend, noise_model, secret
        known = known_device("ionq", name)
        stored = StoredPrice(stored=False) if known is None else known.price
        self._gates = GatePrice(*(gate_price or stored.gates or ()))
        self._priced = self._simulator or gate_price is not None or stored.gates is not None
        self._device = Device(
            "ionq",
            name,
            # The client asks the service, and says 4 where it cannot.
            int(backend.num_qubits) if known is None else known.n_qubits,
            tuple(backend.basis_gates),
            # A multi-circuit job is priced and queued as one.
            Limits(circuits=300, shots=10_000 if not self._simulator else 1_000_000),
            stored.price(known=self._priced, least=self._gates.least),
            simulator=self._simulator,
            time_assumed=not self._simulator,
            note="verified against a stub server; IonQ compiles once more, so that folded gates "
            "may be taken out again",
        )

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
        """Return the circuits in IonQ's gates: every qubit reaches every other one."""
        from qiskit import transpile

        if circuits and circuits[0].num_qubits > self._device.n_qubits:
            raise InputError(
                f"{self._device.full_name} has {self._device.n_qubits} qubits, the circuits "
                f"{circuits[0].num_qubits}"
            )
        if layout is not None and list(layout) != list(range(len(layout))):
            raise InputError("IonQ chooses the ions itself; leave layout out")
        return list(
            transpile(
                list(circuits),
                basis_gates=["rx", "ry", "rz", "h", "x", "y", "z", "s", "sdg", "cx"],
                optimization_level=level,
                seed_transpiler=seed,
            )
        )

    def estimate(self, spec: JobSpec) -> JobForecast:
        """Gates times shots times their prices, at least the least of a job."""
        price = self._gates if self._priced else None
        return gate_forecast(spec, price, ION_SHOT_SECONDS, simulator=self._simulator)

    def submit(self, spec: JobSpec, key: str) -> str:
        """Submit one multi-circuit job."""
        from qiskit_ionq.helpers import qiskit_to_ionq

        circuits = []
        for pub in spec.pubs:
            circuits += pub.bound()
        for number, circuit in enumerate(circuits):
            circuit.name = f"c{number}"
        body = qiskit_to_ionq(
            circuits,
            self._backend,
            {"shots": spec.shots, "sampler_seed": spec.seed % 2**32, "name": f"qvopt-{key}"},
            extra_metadata={KEY: key},
        )
        document = json.loads(body)
        document["backend"] = self._api_name
        if self._simulator:
            document["noise"] = {"model": self._noise_model, "seed": spec.seed % 2**31}
        answer = self._call("POST", "jobs", body=json.dumps(document))
        return str(_field(answer, "id"))

    def find(self, key: str) -> Sequence[FoundJob]:
        """List jobs, newest first, and keep those with the key in their metadata or name."""
        jobs, params = [], {"limit": _PAGE}
        for _ in range(_MAX_PAGES):
            page = self._call("GET", "jobs", params=params)
            for job in _field(page, "jobs"):
                metadata = job.get("metadata") or {}
                if metadata.get(KEY) == key or job.get("name") == f"qvopt-{key}":
                    created = job.get("submitted_at") or job.get("request") or ""
                    jobs.append(FoundJob(str(_field(job, "id")), str(created)))
            if not page.get("next"):
                return sorted(jobs, key=lambda job: job.created)
            params = {"limit": _PAGE, "next": page["next"]}
        if not jobs:
            raise ProviderError("IonQ: more jobs than are looked through for a key")
        return sorted(jobs, key=lambda job: job.created)

    def status(self, job: str) -> JobStatus:
        """Where the job is."""
        answer = self._call("GET", "jobs", job)
        name = str(_field(answer, "status"))
        if name not in _STATES:
            raise ProviderError(f"IonQ: a job state '{name[:40]}' that is not known")
        failure = answer.get("failure") or {}
        reason = str(failure.get("error") or failure.get("message") or "")[:200]
        return JobStatus(_STATES[name], None, reason)

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """Fetch probabilities, and turn them into the counts that they came from.

        The ideal simulator gives exact probabilities: they are sampled with the seed of the spec.
        """
        answer = self._call("GET", "jobs", job)
        url = _field(_field(_field(answer, "results"), "probabilities"), "url")
        path = str(url).split("/jobs/", 1)[-1]
        data = self._call("GET", "jobs", *path.split("/"))
        children = answer.get("child_job_ids") or answer.get("children") or []
        rows = [data[c] for c in children if c in data] if isinstance(data, dict) else list(data)
        if len(rows) != spec.n_circuits:
            raise ProviderError(
                f"IonQ: job {job} has results of {len(rows)} circuits, {spec.n_circuits} were sent"
            )
        rng = np.random.default_rng(np.random.SeedSequence([spec.seed, spec.n_circuits]))
        sampled = self._simulator and self._noise_model == "ideal"
        out: list[tuple[Counts, ...]] = []
        at = 0
        for pub in spec.pubs:
            bits = bit_of_qubit(pub.circuit)
            pub_rows = rows[at : at + pub.n_rows]
            out.append(
                tuple(_counts(r, bits, spec.shots, rng if sampled else None) for r in pub_rows)
            )
            at += pub.n_rows
        return JobResult(tuple(out))

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """Execution time as the job tells it."""
        answer = self._call("GET", "jobs", job)
        milliseconds = answer.get("execution_duration_ms") or answer.get("execution_time") or 0.0
        money = answer.get("cost_usd")
        return Usage(float(milliseconds) / 1000, None if money is None else float(money))

    def cancel(self, job: str) -> None:
        """Cancel; a job that is final stays as it is."""
        self._call("PUT", "jobs", job, "status", "cancel")

    def close(self) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        return f"IonQProvider({self._device.name!r})"

    @property
    def _api_name(self) -> str:
        return "simulator" if self._simulator else f"qpu.{self._device.name}"

    def _call(
        self,
        method: str,
        *path: str,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
    ) -> Any:
        client = self._backend.client
        return request(
            method,
            client.make_path(*path),
            vendor="IonQ",
            headers=client.api_headers,
            secret=self._secret,
            params=params,
            body=body,
        )


def counts_of_probabilities(
    probabilities: Mapping[int, float], shots: int, rng: np.random.Generator | None
) -> Counts:
    """Sample them, or with None round p·shots by largest remainders: they are frequencies then."""
    outcomes = sorted(probabilities)
    p = np.array([probabilities[o] for o in outcomes], dtype=np.float64)
    if not len(p) or not np.all(np.isfinite(p)) or np.any(p < 0) or abs(p.sum() - 1) > 1e-3:
        raise ProviderError("the result holds probabilities that do not add up to 1")
    p = p / p.sum()
    if rng is not None:
        times = rng.multinomial(shots, p)
    else:
        times = np.floor(p * shots).astype(np.int64)
        rest = np.argsort(times - p * shots, kind="stable")[: shots - int(times.sum())]
        times[rest] += 1
    return {o: int(n) for o, n in zip(outcomes, times.tolist(), strict=True) if n}


def _counts(
    row: Any, bits: Mapping[int, int], shots: int, rng: np.random.Generator | None
) -> Counts:
    probabilities: dict[int, float] = {}
    try:
        for outcome, p in row.items():
            value = int(outcome)
            moved = sum(1 << c for q, c in bits.items() if value >> q & 1)
            probabilities[moved] = probabilities.get(moved, 0.0) + float(p)
    except (AttributeError, TypeError, ValueError):
        raise ProviderError("IonQ: a result that is not a table of probabilities") from None
    return counts_of_probabilities(probabilities, shots, rng)


def _field(document: Any, name: str) -> Any:
    if not isinstance(document, Mapping) or document.get(name) is None:
        raise ProviderError(f"IonQ: an answer without '{name}'")
    return document[name]


def _need_ionq() -> Any:
    try:
        import qiskit_ionq
    except ImportError:
        raise missing_extra("IonQ needs qiskit-ionq", "ionq") from None
    return qiskit_ionq

"""Recorded snapshots of IBM's devices: the whole path of a job, simulated here, with no account.

A job runs when it is submitted; it cannot be found again by another process, which runs it again
with the same seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qvopt.backends.noisy import DriftingNoise
from qvopt.backends.recorded_devices import RecordedDevice
from qvopt_molecules.errors import InputError, QvoptError

from .calls import in_one_line
from .ibm_options import IBMOptions, dealt_counts, make_sampler, need_ibm, pubs_of, result_of
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
    Pub,
    RefusedError,
    Usage,
)
from .resilience import bits_of, circuit_factor, estimator_pubs, make_estimator, results_of, taken
from .snapshot_noise import SnapshotNoise

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

REPEATS = 4
"""Rows per group on IBM's devices: rows of a broadcast circuit cost no more than their shots."""

REP_DELAY, OVERHEAD = 250e-6, 2.0
"""Seconds between shots, and around a job, on IBM's devices: what a forecast goes by."""


class SnapshotProvider:
    """A snapshot, such as fake_manila or fake_fez.

    Args:
        device: its name.
        options: error suppression.
        price: of the device that it records, for forecasts.
        timed: whether jobs take the QPU seconds of the device that it records, and its money where
            there is a price; they take neither without.
        drift: how its errors change from job to job; None: they stay.

    Raises InputError for error suppression beside a drift.
    """

    def __init__(
        self,
        device: str,
        options: IBMOptions,
        price: PriceModel | None = None,
        *,
        timed: bool = False,
        drift: DriftingNoise | None = None,
    ) -> None:
        need_ibm()
        self._recorded = RecordedDevice(device)
        self._options, self._price = options, price or PriceModel()
        self._timed = timed
        charged = self._price if timed and self._price.known else PriceModel(known=True)
        if drift is not None and options != IBMOptions():
            raise InputError(
                "a snapshot that drifts runs circuits as they are; leave drift, or "
                "dynamical_decoupling, twirling, max_execution_time and resilience out"
            )
        # With error suppression the client runs other circuits than those of the job.
        self._noise = SnapshotNoise(self._recorded, drift) if options == IBMOptions() else None
        self._device = Device(
            "ibm",
            device,
            self._recorded.n_qubits,
            self._recorded.gates,
            Limits(executions=10_000_000 // circuit_factor(options)),
            charged,
            simulator=True,
            durable=False,
            repeats=REPEATS if options.resilience is None else 1,
            estimates=options.resilience is not None,
            timed=timed,
            note=f"a recorded snapshot, simulated here; not live hardware. "
            f"{self._recorded.caution}".strip(),
        )
        self._results: dict[str, JobResult] = {}

    def describe(self) -> Device:
        """Facts of the device."""
        return self._device

    def calibrated(self) -> RecordedDevice:
        """The snapshot."""
        return self._recorded

    def lower(
        self,
        circuits: Sequence[QuantumCircuit],
        *,
        level: int,
        seed: int,
        layout: Sequence[int] | None,
    ) -> list[QuantumCircuit]:
        """Transpile to the snapshot's gates and coupling, and check."""
        return self._recorded.lower(circuits, level=level, seed=seed, layout=layout)

    def estimate(self, spec: JobSpec) -> JobForecast:
        """Circuits and shots; time of a processor and money where they are counted."""
        seconds = self.recorded_estimate(spec).qpu_seconds if self._timed else 0.0
        price = self._device.price
        money = price.of(spec, seconds)
        return JobForecast(spec.n_circuits, self._shots(spec), seconds, money, price.currency)

    @property
    def recorded_price(self) -> PriceModel:
        """Of the device that it records."""
        return self._price

    def recorded_estimate(self, spec: JobSpec) -> JobForecast:
        """What the device itself would take: 250 µs a shot, and two seconds a job."""
        return time_forecast(spec, self._shots(spec), self._price, REP_DELAY, OVERHEAD)

    def submit(self, spec: JobSpec, key: str) -> str:
        """Run the job here and now, each circuit with a seed of its own."""
        job = f"local-{key[:16]}"
        run = self._estimated if spec.estimates else self._sampled
        try:
            self._results[job] = run(spec)
        except QvoptError:
            raise
        except Exception as error:
            raise RefusedError(
                f"{self._device.full_name}: the simulation failed: {in_one_line(error)}"
            ) from None
        return job

    def _sampled(self, spec: JobSpec) -> JobResult:
        """Counts: drawn from the distribution of a few qubits, else the client's runs of Aer."""
        sources = np.random.SeedSequence(spec.seed).spawn(len(spec.pubs))
        parts = []
        for pub, source in zip(spec.pubs, sources, strict=True):
            counts = None
            if self._noise is not None:
                counts = self._noise.drawn(pub, spec.shots, source, spec.number)
            parts.append(self._by_client(pub, spec.shots, source) if counts is None else counts)
        return JobResult(tuple(parts))

    def _by_client(
        self, pub: Pub, shots: int, source: np.random.SeedSequence
    ) -> tuple[dict[int, int], ...]:
        # The client repeats one seed's noise for every circuit of a job, so each has its own.
        seed = int(source.generate_state(1, np.uint32)[0])
        backend, circuit, _ = self._recorded.simulator_of(pub.circuit)
        # Rows without parameters are all alike: one run, whose shots are dealt out to them.
        fixed = pub.values.shape[1] == 0
        values = np.zeros((1, 0)) if fixed else pub.values
        one = JobSpec((Pub(circuit, values),), shots * (pub.n_rows if fixed else 1))
        sampler = make_sampler(backend, self._options, seed=seed)
        raw = sampler.run(pubs_of(one), shots=one.shots).result()
        return dealt_counts(raw, pub.n_rows) if fixed else result_of(raw, one).counts[0]

    def _estimated(self, spec: JobSpec) -> JobResult:
        """Values; the readout is learned for each circuit, which has a seed of its own."""
        seeds = np.random.SeedSequence(spec.seed).generate_state(len(spec.pubs), np.uint32).tolist()
        values: list[Any] = []
        variances: list[Any] = []
        for pub, seed in zip(spec.pubs, seeds, strict=True):
            read = sorted({q for mask, _ in pub.observable or () for q in bits_of(mask)})
            backend, circuit, place = self._recorded.simulator_of(pub.circuit, read)
            observable = tuple((sum(1 << place[q] for q in bits_of(m)), c)
                               for m, c in pub.observable or ())  # fmt: skip
            on_part = Pub(circuit, pub.values, observable)
            one = JobSpec((on_part,), spec.shots)
            estimator = make_estimator(backend, self._options, spec.shots, seed=seed)
            result = results_of(estimator.run(estimator_pubs((on_part,))), one, self._options)
            values += result.values or ()
            variances += result.variances or ()
        return JobResult((), tuple(values), tuple(variances), self._shots(spec))

    def _shots(self, spec: JobSpec) -> int:
        """Shots that are really taken, a calibration for each circuit included."""
        if not spec.estimates:
            return spec.executions
        return sum(taken(JobSpec((pub,), spec.shots), self._options) for pub in spec.pubs)

    def find(self, key: str) -> Sequence[FoundJob]:
        """Nothing is kept by a simulator."""
        return ()

    def status(self, job: str) -> JobStatus:
        """Done, if it ran in this process."""
        self._run_here(job)
        return JobStatus(JobState.DONE)

    def result(self, job: str, spec: JobSpec) -> JobResult:
        """Counts of the job."""
        return self._run_here(job)

    def usage(self, job: str, spec: JobSpec) -> Usage:
        """That of the forecast."""
        planned = self.estimate(spec)
        return Usage(planned.qpu_seconds, planned.money)

    def cancel(self, job: str) -> None:
        """It has run already."""

    def close(self) -> None:
        """Nothing is open."""

    def _run_here(self, job: str) -> JobResult:
        if job not in self._results:
            raise RefusedError(f"{self._device.full_name}: job {job} ran in another process")
        return self._results[job]

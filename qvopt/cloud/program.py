"""A problem on hardware: every batch of settings is one job, or as few as the device takes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from qvopt.backends.batch import (
    CALIBRATION_CIRCUITS,
    Batch,
    BatchResult,
    CalibrationCounts,
    Pair,
    Point,
    Sample,
    Stream,
)
from qvopt.backends.checks import check_widths, need_plan
from qvopt.backends.cost import Cost
from qvopt.backends.lowered import LoweredCircuits
from qvopt.backends.measured import qubit_of_bit
from qvopt.backends.protocol import (
    EventSink,
    MetricKind,
    Pricing,
    Problem,
    SubmissionPolicy,
)
from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import CircuitBasis
from qvopt.measurement.statistics import moments_of_group
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .calls import Timeouts
from .dry_program import DryProgram
from .job_manager import JobManager
from .packing import JobCell, Packed, block_of, gather, pack, round_of
from .provider import Device, JobForecast, JobResult, JobSpec, PriceModel, Provider
from .readings import GeneratorReadings
from .stored_circuits import load_circuits, save_circuits


@dataclass(frozen=True)
class Lowering:
    """How circuits are brought into the device's gates: level, seed and qubits."""

    level: int = 3
    seed: int = 0
    layout: tuple[int, ...] | None = None


class HardwareProgram:
    """A problem on a provider's device. There are no exact values.

    Circuits have one parameter for every parametric gate, and are lowered once a run, all of them
    on one layout; a run folder keeps them, so that a resumed run has the same.
    """

    exact = False
    samples: frozenset[Sample] = frozenset({"energies", "counts", "fidelities", "generators"})

    def __init__(
        self,
        problem: Problem,
        provider: Provider,
        *,
        lowering: Lowering,
        timeouts: Timeouts,
        repeats: int | None = None,
    ) -> None:
        check_widths(problem)
        self.problem, self.provider = problem, provider
        self.circuit = problem.circuit
        self.device: Device = provider.describe()
        if self.circuit.n_qubits > self.device.n_qubits:
            raise InputError(
                f"{self.device.full_name} has {self.device.n_qubits} qubits, the circuit needs "
                f"{self.circuit.n_qubits}"
            )
        self._lowering = replace(lowering, layout=self.device.places(lowering.layout))
        self._timeouts = timeouts
        self._repeats = self.device.repeats if repeats is None else repeats
        self.circuits = LoweredCircuits(problem, self._lower, layout=self._lowering.layout)
        self._readings = GeneratorReadings(self.circuit, self.circuits)
        self._folder: Path | None = None
        self._log: EventSink | None = None
        self._prefix = ""
        self._checksums: dict[str, str] = {}
        self._jobs: JobManager | None = None

    @property
    def jobs(self) -> JobManager:
        """Its jobs. Raises InputError before `attach` where they outlive the process."""
        if self._jobs is None:
            self._jobs = JobManager(self.provider, self._timeouts, run=uuid.uuid4().hex)
        return self._jobs

    @property
    def pricing(self) -> Pricing:
        """How the device's work is paid."""
        device, price = self.device, self.device.price
        priced = price.known or device.simulator
        free = priced and price == PriceModel(price.currency, known=price.known)
        simulated = device.simulator and (free or not device.durable)
        return Pricing(
            device.full_name, price.currency, priced, free, simulated, device.note,
            device.time_assumed, device.counts_seconds,
        )  # fmt: skip

    def submitted(
        self, batch: Batch | None = None, seed: np.random.SeedSequence | None = None
    ) -> bool:
        """Whether a job of this run, or of a batch of it, was submitted before."""
        if self._jobs is None or not self._jobs.records:
            return False
        if batch is None or seed is None:
            return True
        return self._jobs.submitted(round_of(self._pack(batch, seed), batch, seed))

    def dry(self, *, recorded: bool = False) -> DryProgram:
        """A program that answers at the forecast's cost and sends nothing."""
        return DryProgram(self, recorded=recorded)

    @property
    def durable(self) -> bool:
        """Whether jobs can be found again by another process."""
        return self.device.durable

    def attach(
        self,
        folder: Path | None,
        log: EventSink | None,
        events: Sequence[Mapping[str, Any]],
        policy: SubmissionPolicy,
        *,
        main: bool = True,
    ) -> None:
        """Take the run's folder and journal, where its jobs are written down and found again.

        `main`: the circuit is the one that the run began with, whose stored circuits have no name.
        """
        recorded = [e for e in events if e["type"] in ("hardware", "job")]
        begun = [e for e in recorded if e["type"] == "hardware" and "run" in e]
        run = begun[-1]["run"] if begun else uuid.uuid4().hex
        if begun and begun[-1]["device"] != self.device.full_name:
            raise InputError(
                f"this run is on {begun[-1]['device']}, and not on {self.device.full_name}"
            )
        if log is not None and not begun:
            price = self.device.price
            event = {"type": "hardware", "run": run, "device": self.device.full_name}
            event |= {"priced": price.known, "currency": price.currency}
            event |= {"durable": self.device.durable}
            log.append(event, durable=True)
        self._folder, self._log = folder, log
        if not main:
            described = repr(self.circuit)
            groups = () if self.problem.plan is None else self.problem.plan.groups
            if circuits := [g.basis for g in groups if isinstance(g.basis, CircuitBasis)]:
                described += repr(circuits)  # measured otherwise than energies are
            self._prefix = hashlib.sha256(described.encode()).hexdigest()[:12] + "-"
        self._checksums = {
            e["circuits"]: e["sha256"]
            for e in recorded
            if "sha256" in e and e["type"] == "hardware"
        }
        self._jobs = JobManager(
            self.provider,
            self._timeouts,
            log=log,
            folder=folder,
            run=run,
            events=recorded,
            mode=policy.mode,
            resubmit=policy.resubmit,
            on_progress=policy.on_progress,
        )

    def close(self) -> None:
        """Close what is open at the provider; jobs go on."""
        self.provider.close()

    def block(self, shots: int) -> int:
        """Shots come in multiples of this: one number of shots for all circuits of a job.

        Raises InputError where the device takes no circuit with so few shots.
        """
        n_groups, least = len(need_plan(self.problem).groups), self.device.limits.min_shots
        if shots < n_groups * least:
            raise InputError(self._too_few(shots, n_groups, least))
        if n_groups > 1 and shots < self.device.limits.min_executions:
            raise InputError(
                f"{self.device.full_name} takes no job of several circuits with fewer than "
                f"{self.device.limits.min_executions:,} shots in all: {shots:,} shots of an energy "
                f"are too few"
            )
        return 1 if self._repeats == 0 else max(least, block_of(shots, n_groups, self._repeats))

    def _too_few(self, shots: int, n_groups: int, least: int) -> str:
        price, needed = self.device.price, n_groups * least
        money = price.per_circuit * n_groups + price.per_shot * needed
        cost = f", about {money:,.2f} {price.currency} an energy" if price.known and money else ""
        return (
            f"{self.device.full_name} takes at least {least} shots of a circuit, and an energy is "
            f"{n_groups} circuits: {shots} shots are too few, give {needed} or more{cost}"
        )

    def price(self, batch: Batch, estimate: Callable[[JobSpec], JobForecast] | None = None) -> Cost:
        """What the batch takes, with jobs, QPU seconds and money by an estimate of each job.

        The estimate is the provider's unless one is given.
        """
        estimate = estimate or self.provider.estimate
        cost = batch.cost()
        for job in self._pack(batch, np.random.SeedSequence(0)):
            planned = estimate(job.spec)
            extra = planned.shots - job.spec.executions
            cost += Cost(0, 0, extra, 1, planned.qpu_seconds, planned.money or 0.0)
        return cost

    def submit(self, batch: Batch, seed: np.random.SeedSequence) -> None:
        """Submit the batch's jobs without waiting for them."""
        jobs = self._pack(batch, seed)
        self.jobs.submit([job.spec for job in jobs], round_of(jobs, batch, seed))

    def run(self, batch: Batch, seed: np.random.SeedSequence) -> BatchResult:
        """Run everything in the batch as one job, or as few as the device takes.

        Jobs go by the seed's spawn key, so that a resumed run finds them.
        """
        jobs = self._pack(batch, seed)
        round_ = round_of(jobs, batch, seed)
        results = self.jobs.run([job.spec for job in jobs], round_)
        cost = batch.cost()
        for record in self.jobs.of_round(round_):
            cost += Cost(jobs=1, qpu_seconds=record.qpu_seconds, money=record.money or 0.0)
        return self._unpack(batch, jobs, results, cost)

    def _unpack(
        self, batch: Batch, jobs: list[Packed], results: list[JobResult], cost: Cost
    ) -> BatchResult:
        """Sort the counts of all rows to what was asked."""
        counts = gather(jobs, results)
        groups = need_plan(self.problem).groups if batch.points else ()
        table = [
            [counts.get((Stream.ENERGIES, i, g), {}) for g in range(len(groups))]
            for i in range(len(batch.points))
        ]
        moments: list[list[Moments]] = []
        if not batch.counts:
            moments = [
                [moments_of_group(g, c) for g, c in zip(groups, row, strict=True)] for row in table
            ]
        calibration = None
        if batch.calibration_shots:
            zeros, ones = (counts[Stream.CALIBRATION, k] for k in (0, 1))
            read = qubit_of_bit(self.circuits.calibration[0])
            calibration = CalibrationCounts(read, zeros, ones)
        successes = [
            counts.get((Stream.FIDELITIES, k), {}).get(0, 0) for k in range(len(batch.pairs))
        ]
        outcomes = [counts[Stream.GENERATORS, k] for k in range(len(batch.readings))]
        return BatchResult(
            cost,
            moments,
            table if batch.counts else (),
            np.array(successes, dtype=np.int64),
            self._readings.outcomes(batch.readings, outcomes),
            calibration=calibration,
        )

    def reached_scales(self, scales: Sequence[float]) -> FloatArray:
        """Amplifications that folding the groups' circuits reaches, shape (groups, scales)."""
        return self.circuits.reached_scales(scales)

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """The device's qubit that each bit of a group's outcomes is read on."""
        return self.circuits.readout_qubits(group)

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Hardware has none."""
        self._refuse()

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Hardware has none."""
        self._refuse()

    def metric(self, x: FloatArray, kind: MetricKind) -> FloatArray:
        """Hardware has none."""
        self._refuse()

    def fidelities(self, pairs: Sequence[Pair]) -> FloatArray:
        """Hardware has none."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise InputError(f"{self.device.full_name} has no exact values; give a number of shots")

    def _pack(self, batch: Batch, seed: np.random.SeedSequence) -> list[Packed]:
        return pack(
            [*self._energy_cells(batch), *self._other_cells(batch)],
            self._circuit,
            self.device.limits,
            batch.streams[0].of(seed),
        )

    def _energy_cells(self, batch: Batch) -> list[JobCell]:
        return [
            JobCell(
                (Stream.ENERGIES, i, g),
                (Stream.ENERGIES, g, point.noise_scale),
                self.circuits.angles(point),
                int(batch.shots[i, g]),
            )
            for i, point in enumerate(batch.points)
            for g in range(batch.shots.shape[1])
        ]

    def _other_cells(self, batch: Batch) -> list[JobCell]:
        pairs = [
            JobCell(
                (Stream.FIDELITIES, k),
                (Stream.FIDELITIES,),
                (*self.circuits.angles(a), *self.circuits.angles(b)),
                int(n),
            )
            for k, ((a, b), n) in enumerate(zip(batch.pairs, batch.pair_shots, strict=True))
        ]
        readings = [
            JobCell(
                (Stream.GENERATORS, k),
                (Stream.GENERATORS, *reading.gates),
                self._readings.angles(reading),
                int(n),
            )
            for k, (reading, n) in enumerate(zip(batch.readings, batch.reading_shots, strict=True))
        ]
        calibration = [
            JobCell((Stream.CALIBRATION, k), (Stream.CALIBRATION, k), (), batch.calibration_shots)
            for k in range(CALIBRATION_CIRCUITS if batch.calibration_shots else 0)
        ]
        return [*pairs, *readings, *calibration]

    def _circuit(self, name: tuple[Any, ...]) -> Any:
        """The lowered circuit of a cell."""
        stream, *rest = name
        made: dict[Stream, Callable[[], Any]] = {
            Stream.ENERGIES: lambda: self.circuits.group(*rest),
            Stream.FIDELITIES: lambda: self.circuits.overlap,
            Stream.GENERATORS: lambda: self._readings.lowered(tuple(rest)),
            Stream.CALIBRATION: lambda: self.circuits.calibration[rest[0]],
        }
        return made[stream]()

    def _lower(
        self, name: str, circuits: list[Any], *, literal: bool, layout: Sequence[int] | None
    ) -> list[Any]:
        """Lower circuits once; a run folder keeps them and gives them back."""
        file = f"{self._prefix}{name}.qpy"
        if self._folder is not None and file in self._checksums:
            return load_circuits(self._folder / file, self._checksums[file])
        level = 0 if literal else self._lowering.level
        lowered = self.provider.lower(
            circuits, level=level, seed=self._lowering.seed, layout=layout
        )
        if self._folder is not None and self._log is not None:
            self._checksums[file] = save_circuits(lowered, self._folder / file)
            event = {"type": "hardware", "circuits": file, "sha256": self._checksums[file]}
            self._log.append(event, durable=True)
        return lowered

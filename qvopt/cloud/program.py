"""A problem on hardware: every batch of settings is one job, or as few as the device takes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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
from qvopt.backends.folding import fold_circuit, folded_scales
from qvopt.backends.free_gates import by_gate
from qvopt.backends.measured import qubit_of_bit
from qvopt.backends.protocol import EventSink, MetricKind, Pricing, Problem, SubmissionPolicy
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import CircuitBasis
from qvopt.measurement.statistics import moments_of_group
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .calls import Timeouts
from .job_manager import JobManager
from .packing import JobCell, Packed, block_of, gather, pack, round_of
from .provider import Device, JobResult, PriceModel, Provider
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
        self._free = by_gate(self.circuit, 0)
        self._readings = GeneratorReadings(self.circuit, self._free, self._lower_reading)
        self._lowered: dict[str, list[Any]] = {}
        self._folded: dict[tuple[int, float], Any] = {}
        self._reached: dict[tuple[float, ...], FloatArray] = {}
        self._folder: Path | None = None
        self._log: EventSink | None = None
        self._prefix = ""
        self._checksums: dict[str, str] = {}
        self.jobs = JobManager(provider, timeouts, run=uuid.uuid4().hex)

    @property
    def pricing(self) -> Pricing:
        """How the device's work is paid."""
        device, price = self.device, self.device.price
        free = price.known and price == PriceModel(price.currency, known=True)
        known = price.known or device.simulator
        return Pricing(device.full_name, price.currency, known, free)

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
        self.jobs = JobManager(
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
        """Shots come in multiples of this: one number of shots for all circuits of a job."""
        if self._repeats == 0:
            return 1
        return block_of(shots, len(need_plan(self.problem).groups), self._repeats)

    def price(self, batch: Batch) -> Cost:
        """What the batch takes, with jobs, QPU seconds and money by the provider's estimate."""
        cost = batch.cost()
        for job in self._pack(batch, np.random.SeedSequence(0)):
            planned = self.provider.estimate(job.spec)
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
            calibration = CalibrationCounts(qubit_of_bit(self._calibration()[0]), zeros, ones)
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
        asked = tuple(scales)
        if asked not in self._reached:
            self._reached[asked] = folded_scales(self._measured(), asked, self.problem.folding)
        return self._reached[asked]

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """The device's qubit that each bit of a group's outcomes is read on."""
        return self._read_on[group]

    @cached_property
    def _read_on(self) -> list[tuple[int, ...]]:
        """The same of all groups; every round with a correction of the readout asks for it."""
        return [qubit_of_bit(circuit) for circuit in self._measured()]

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
                self._angles(point),
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
                (*self._angles(a), *self._angles(b)),
                int(n),
            )
            for k, ((a, b), n) in enumerate(zip(batch.pairs, batch.pair_shots, strict=True))
        ]
        readings = [
            JobCell(
                (Stream.GENERATORS, k),
                (Stream.GENERATORS, *reading.gates),
                self._readings.angles(reading, self._angles),
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
            Stream.ENERGIES: lambda: self._group(*rest),
            Stream.FIDELITIES: self._overlap,
            Stream.GENERATORS: lambda: self._readings.lowered(tuple(rest)),
            Stream.CALIBRATION: lambda: self._calibration()[rest[0]],
        }
        return made[stream]()

    def _lower_reading(self, name: str, circuit: Circuit) -> Any:
        if name not in self._lowered:
            measured = to_qiskit(circuit)
            measured.measure_all()
            self._lower(name, [measured], self._lowering.level, self._layout())
        return self._lowered[name][0]

    def _angles(self, point: Point) -> tuple[float, ...]:
        angles = self.circuit.angles(point.x).copy()
        for k, delta in point.shifts:
            angles[k] += delta
        return tuple(float(a) for a in angles)

    def _group(self, group: int, scale: float) -> Any:
        circuit = self._measured()[group]
        if scale == 1.0:
            return circuit
        if (group, scale) not in self._folded:
            self._folded[group, scale] = fold_circuit(circuit, scale, self.problem.folding)
        return self._folded[group, scale]

    def _measured(self) -> list[Any]:
        if "groups" in self._lowered:
            return self._lowered["groups"]
        n = self.circuit.n_qubits
        circuits = []
        for group in need_plan(self.problem).groups:
            circuit = to_qiskit(self._free.then(basis_change_circuit(group, n)))
            circuit.measure_all()
            circuits.append(circuit)
        return self._lower("groups", circuits, self._lowering.level, self._lowering.layout)

    def _overlap(self) -> Any:
        if "overlap" not in self._lowered:
            back = by_gate(self.circuit, len(self.circuit.parametric)).inverse()
            circuit = to_qiskit(self._free.then(back))
            circuit.measure_all()
            # Level 0: no rule may cancel U† against U.
            self._lower("overlap", [circuit], 0, self._layout())
        return self._lowered["overlap"][0]

    def _calibration(self) -> list[Any]:
        """All qubits that some group reads, in 0 and in 1: a router may have moved some."""
        if "calibration" not in self._lowered:
            read = sorted({q for qubits in self._read_on for q in qubits})
            n, layout = len(read), None if self._layout() is None else read
            circuits = []
            for prepared in ((), range(n)):
                circuit = to_qiskit(Circuit(n, tuple(Gate("x", (q,)) for q in prepared), 0))
                circuit.measure_all()
                circuits.append(circuit)
            self._lower("calibration", circuits, 0, layout)
        return self._lowered["calibration"]

    def _layout(self) -> tuple[int, ...] | None:
        """Qubits that the groups' circuits start on; None where the provider has no layout."""
        layout = self._measured()[0].layout
        if self._lowering.layout is not None or layout is None:
            return self._lowering.layout
        return tuple(layout.initial_index_layout(filter_ancillas=True))

    def _lower(
        self, name: str, circuits: list[Any], level: int, layout: Sequence[int] | None
    ) -> list[Any]:
        """Lower circuits once; a run folder keeps them and gives them back."""
        file = f"{self._prefix}{name}.qpy"
        if self._folder is not None and file in self._checksums:
            found = load_circuits(self._folder / file, self._checksums[file])
        else:
            seed = self._lowering.seed
            found = self.provider.lower(circuits, level=level, seed=seed, layout=layout)
            if self._folder is not None and self._log is not None:
                self._checksums[file] = save_circuits(found, self._folder / file)
                event = {"type": "hardware", "circuits": file, "sha256": self._checksums[file]}
                self._log.append(event, durable=True)
        self._lowered[name] = found
        return found

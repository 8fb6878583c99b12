"""A problem on hardware: every batch of settings is one job, or as few as the device takes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from qvopt.backends.checks import check_widths, need_plan
from qvopt.backends.folding import fold_circuit
from qvopt.backends.free_gates import by_gate
from qvopt.backends.measured import qubit_of_bit
from qvopt.backends.protocol import Bill, Counts, MetricKind, Outcomes, Point, Problem, Reading
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.estimate import Moments
from qvopt.measurement.statistics import moments_of_group
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Gate
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_molecules.errors import InputError

from .calls import Patience
from .desk import Desk, Log
from .handling import JobHandling
from .packing import Cell, Packed, block_of, gather, pack
from .provider import Device, JobResult, Provider
from .readings import GeneratorReadings
from .stored_circuits import load_circuits, save_circuits

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


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
    counts = True
    """Whether energies come as counts, which our own mitigation works on."""

    def __init__(
        self,
        problem: Problem,
        provider: Provider,
        *,
        lowering: Lowering,
        patience: Patience,
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
        self._patience = patience
        self._repeats = self.device.repeats if repeats is None else repeats
        self._free = by_gate(self.circuit, 0)
        self._readings = GeneratorReadings(self.circuit, self._free, self._lower_reading)
        self._lowered: dict[str, list[Any]] = {}
        self._folded: dict[tuple[int, float], Any] = {}
        self._folder: Path | None = None
        self._log: Log | None = None
        self._checksums: dict[str, str] = {}
        self._bill = Bill()
        self.desk = Desk(provider, patience, run=uuid.uuid4().hex)

    def attach(
        self,
        folder: Path | None,
        log: Log | None,
        events: Sequence[Mapping[str, Any]],
        handling: JobHandling,
    ) -> None:
        """Take the run's folder and journal, where its jobs are written down and found again."""
        known = [dict(e) for e in events if e["type"] in ("hardware", "job")]
        begun = [e for e in known if e["type"] == "hardware" and "run" in e]
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
        self._checksums = {
            e["circuits"]: e["sha256"] for e in known if "sha256" in e and e["type"] == "hardware"
        }
        self.desk = Desk(
            self.provider,
            self._patience,
            log=log,
            folder=folder,
            run=run,
            events=known,
            mode=handling.mode,
            resubmit=handling.resubmit,
            tell=handling.tell,
        )

    def close(self) -> None:
        """Close what is open at the provider; jobs go on."""
        self.provider.close()

    def block(self, shots: int) -> int:
        """Shots come in multiples of this: one number of shots for all circuits of a job."""
        if self._repeats == 0:
            return 1
        return block_of(shots, len(need_plan(self.problem).groups), self._repeats)

    def forecast(
        self,
        points: Sequence[Point],
        shots: IntArray,
        pairs: Sequence[tuple[Point, Point]],
        pair_shots: IntArray,
        readings: Sequence[Reading] = (),
        reading_shots: IntArray | None = None,
    ) -> Bill:
        """Jobs, QPU seconds and money that sampling these will take."""
        seed = np.random.SeedSequence(0)
        jobs = [*self._pack(points, shots, seed)] if len(points) else []
        jobs += self._pack_pairs(pairs, pair_shots, seed) if len(pairs) else []
        if reading_shots is not None and len(readings):
            jobs += self._pack_readings(readings, reading_shots, seed)
        return self._forecast(jobs)

    def _forecast(self, jobs: Sequence[Packed]) -> Bill:
        bill = Bill(len(jobs))
        for job in jobs:
            planned = self.provider.estimate(job.spec)
            extra = planned.shots - job.spec.executions
            bill += Bill(0, planned.qpu_seconds, planned.money or 0.0, extra)
        return bill

    def forecast_calibration(self, shots: int) -> Bill:
        """The same for one calibration of the readout."""
        return self._forecast(self._pack_calibration(shots, np.random.SeedSequence(0)))

    def take_bill(self) -> Bill:
        """What was really taken since this was asked last."""
        bill, self._bill = self._bill, Bill()
        return bill

    def lost(self) -> Bill:
        """What jobs took that ended without results."""
        bill = Bill()
        for record in self.desk.records.values():
            if record.state in ("failed", "cancelled"):
                bill += Bill(1, record.qpu_seconds, record.money or 0.0)
        return bill

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Moments]]:
        """Moments of `sample_counts`."""
        groups = need_plan(self.problem).groups
        return [
            [moments_of_group(g, counts) for g, counts in zip(groups, row, strict=True)]
            for row in self.sample_counts(points, shots, seed)
        ]

    def sample_counts(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Counts]]:
        """Counts of every point and group; the jobs are named by the seed's spawn key."""
        found = self._run(self._pack(points, shots, seed), seed)
        n_groups = len(need_plan(self.problem).groups)
        return [[found.get((i, g), {}) for g in range(n_groups)] for i in range(len(points))]

    def sample_fidelities(
        self,
        pairs: Sequence[tuple[Point, Point]],
        shots: IntArray,
        seed: np.random.SeedSequence,
    ) -> IntArray:
        """Counts of outcome 0 after U(second)† U(first), with all of the noise."""
        found = self._run(self._pack_pairs(pairs, shots, seed), seed)
        return np.array([found.get((k,), {}).get(0, 0) for k in range(len(pairs))], dtype=np.int64)

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Outcomes]:
        """Joint outcomes of generators, each after the circuit up to its run."""
        found = self._run(self._pack_readings(readings, shots, seed), seed)
        return self._readings.outcomes(readings, found)

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """The device's qubit that each bit of a group's outcomes is read on."""
        return qubit_of_bit(self._measured()[group])

    def sample_calibration(
        self, shots: int, seed: np.random.SeedSequence
    ) -> tuple[tuple[int, ...], Counts, Counts]:
        """Counts after |0…0⟩ and |1…1⟩ on the qubits of the layout."""
        found = self._run(self._pack_calibration(shots, seed), seed)
        return qubit_of_bit(self._calibration()[0]), found[0,], found[1,]

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Hardware has none."""
        self._refuse()

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Hardware has none."""
        self._refuse()

    def metric(self, x: FloatArray, kind: MetricKind) -> FloatArray:
        """Hardware has none."""
        self._refuse()

    def fidelities(self, pairs: Sequence[tuple[Point, Point]]) -> FloatArray:
        """Hardware has none."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise InputError(f"{self.device.full_name} has no exact values; give a number of shots")

    def _run(
        self, jobs: list[Packed], seed: np.random.SeedSequence
    ) -> dict[tuple[int, ...], Counts]:
        return gather(jobs, self._results(jobs, seed))

    def _results(self, jobs: list[Packed], seed: np.random.SeedSequence) -> list[JobResult]:
        where = tuple(int(k) for k in seed.spawn_key)
        if not where:
            # Outside a driver: named by the seed and what is run, so that other draws and other
            # points are other jobs.
            named = [int(job.spec.fingerprint[:12], 16) for job in jobs]
            where = (*(int(w) for w in seed.generate_state(4)), *named)
        results = self.desk.run([job.spec for job in jobs], where)
        for record in self.desk.of_round(where):
            self._bill += Bill(1, record.qpu_seconds, record.money or 0.0)
        return results

    def _pack(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Packed]:
        cells = self._cells(points, shots)
        return pack(cells, lambda name: self._group(*name), self.device.limits, seed)

    def _cells(self, points: Sequence[Point], shots: IntArray) -> list[Cell]:
        return [
            Cell((i, g), (g, point.noise_scale), self._angles(point), int(shots[i, g]))
            for i, point in enumerate(points)
            for g in range(shots.shape[1])
        ]

    def _pack_pairs(
        self, pairs: Sequence[tuple[Point, Point]], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Packed]:
        cells = [
            Cell((k,), (0,), (*self._angles(a), *self._angles(b)), int(shots[k]))
            for k, (a, b) in enumerate(pairs)
        ]
        return pack(cells, lambda name: self._overlap(), self.device.limits, seed)

    def _pack_readings(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Packed]:
        cells = self._readings.cells(readings, shots, self._angles)
        return pack(cells, self._readings.lowered, self.device.limits, seed)

    def _lower_reading(self, name: str, circuit: Circuit) -> Any:
        if name not in self._lowered:
            measured = to_qiskit(circuit)
            measured.measure_all()
            self._lower(name, [measured], self._lowering.level, self._layout())
        return self._lowered[name][0]

    def _pack_calibration(self, shots: int, seed: np.random.SeedSequence) -> list[Packed]:
        cells = [Cell((k,), (k,), (), shots) for k in range(2)]
        return pack(cells, lambda name: self._calibration()[name[0]], self.device.limits, seed)

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
            measured = self._measured()
            read = sorted({q for circuit in measured for q in qubit_of_bit(circuit)})
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
        file = f"{name}.qpy"
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

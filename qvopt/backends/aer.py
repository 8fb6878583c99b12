"""Qiskit Aer, with and without noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import Diagonal
from qvopt.measurement.statistics import moments_of_group
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.lowering.qiskit_lowering import to_qiskit
from qvopt_molecules.arrays import ComplexArray, FloatArray, IntArray
from qvopt_molecules.errors import InputError

from .aer_states import STATE_VECTOR_METHODS, to_aer
from .batch import CalibrationCounts, Counts, Outcomes, Overlap, Point, Reading, Sample
from .checks import check_memory, check_widths, finite, need_plan
from .lowered import LoweredCircuits
from .measured import qubit_of_bit
from .metric_circuits import generator_basis, outcomes_of_counts, overlap_circuit
from .noisy import MAX_QUBITS, Channels, NoisySimulator, UnreadError, checked_rates, noise_model_of
from .protocol import Backend, MetricKind, Problem
from .recorded_devices import RecordedDevice, snapshot_names
from .run_seeds import run_seeds
from .statevector import StatevectorProgram
from .vector.sampling import planes_of

_STATE_METHODS = (*STATE_VECTOR_METHODS, "matrix_product_state")
"""Methods that give a state vector; the others are sampled circuit by circuit."""

_EXACT_METHODS = ("automatic", "density_matrix")
"""Methods under which noise on few qubits is simulated by `noisy`; others are Aer's own."""


class AerBackend:
    """Qiskit's Aer simulator, for any circuit.

    Args:
        noise: {"one_qubit": p, "two_qubit": p, "readout": p}: depolarizing probabilities of every
            sx and x and of every cx (rz is virtual and free, as on superconducting devices), and
            the probability that a read bit flips. None is noiseless.
        noise_model: a Qiskit Aer NoiseModel in place of `noise`.
        method: Aer's simulation method. Under "automatic" and "density_matrix", noise on few qubits
            is simulated by density matrices of our own (see `noisy`), and shots are drawn from the
            exact distribution; "statevector" runs Aer shot by shot.
        device: a snapshot, as in "aer:fake_manila": its noise, gates and couplings.
    """

    def __init__(
        self,
        noise: Mapping[str, float] | None = None,
        noise_model: Any = None,
        method: str = "automatic",
        device: str | None = None,
    ) -> None:
        if device is not None and (noise is not None or noise_model is not None):
            raise InputError(f"aer:{device} brings its own noise; leave noise out")
        if noise is not None and noise_model is not None:
            raise InputError("give either noise or noise_model to aer, not both")
        self.noise = checked_rates(noise)
        self.noise_model = noise_model
        self.method = method
        self.device = device

    @staticmethod
    def device_names() -> tuple[str, ...]:
        """Snapshots of devices, whose noise it takes."""
        return snapshot_names()

    @property
    def options(self) -> dict[str, Any] | None:
        """Noise and method; None where the noise is an object of Qiskit's."""
        if self.noise_model is not None:
            return None
        given = {"method": self.method} if self.method != "automatic" else {}
        return given | ({"noise": self.noise} if self.noise else {})

    @property
    def name(self) -> str:
        """The backend's name."""
        return "aer" if self.device is None else f"aer:{self.device}"

    def simulated(self) -> Backend | None:
        """This backend, if it has noise; a snapshot is read once for all that it compiles."""
        if self.device is not None:
            from .device_simulation import DeviceSimulation

            return DeviceSimulation(RecordedDevice(self.device))
        return self if self.noise_model is not None or any(self.noise.values()) else None

    def compile(self, problem: Problem) -> AerProgram:
        """Check memory and widths, and transpile once."""
        if self.device is not None:
            from .device_simulation import DeviceSimulation

            return DeviceSimulation(RecordedDevice(self.device), self.method).compile(problem)
        check_widths(problem)
        check_memory(problem.circuit.n_qubits, 3, "aer")
        model = self.noise_model
        if model is None and any(self.noise.values()):
            model = noise_model_of(self.noise)
        return AerProgram(problem, model, self.method)


class AerProgram(StatevectorProgram):
    """A problem on AerSimulator. Circuits have one Qiskit parameter for every parametric gate.

    With a `device` they are lowered to its gates on one layout, so that every gate has the noise of
    its qubits.
    """

    samples: frozenset[Sample] = StatevectorProgram.samples | {"counts"}

    def __init__(
        self, problem: Problem, noise_model: Any, method: str, device: RecordedDevice | None = None
    ) -> None:
        from qiskit_aer import AerError, AerSimulator

        super().__init__(problem)
        self.exact = noise_model is None
        self._noise_model = noise_model
        try:
            self._simulator = AerSimulator(method=method, noise_model=noise_model)
        except AerError as error:
            raise InputError(f"Aer refuses method '{method}': {str(error)[:120]}") from None
        self.device = device
        self.circuits = LoweredCircuits(problem, self._lower, placed=device is not None)
        self._prepared: Any = None
        self._cut: dict[int, tuple[Any, Any, Any]] = {}
        self._readers: dict[tuple[int, ...], tuple[Any, list[Diagonal]]] = {}
        self._gives_states = self.exact and method in _STATE_METHODS
        self._draws_exactly = not self.exact and method in _EXACT_METHODS
        self._noisy: dict[float, NoisySimulator | None] = {}

    def states(self, points: Sequence[Point]) -> list[ComplexArray]:
        """State vectors at the points; noiseless only."""
        if not self.exact:
            raise InputError("aer with noise has no exact state; give a number of shots")
        if self._prepared is None:
            if self._simulator.options.method in STATE_VECTOR_METHODS:
                self._prepared = to_aer(self.circuits.free)
            else:
                self._prepared = self._transpiled(to_qiskit(self.circuits.free))
            self._prepared.save_statevector()
        angles = np.array([self.circuits.angles(p) for p in points])
        result = self._run(self._prepared, angles, shots=1, seed=0)
        return [
            finite(np.asarray(result.data(k)["statevector"]), "aer") for k in range(len(points))
        ]

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Exact energies in Hartree; noiseless only."""
        return super().energies(points)

    def metric(self, x: FloatArray, kind: MetricKind = "full") -> FloatArray:
        """Exact metric; noiseless only."""
        return super().metric(x, kind)

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> Sequence[Sequence[Moments]]:
        """Moments of `sample_counts`; without noise the draws are made from Aer's state."""
        if self._gives_states:
            return super().sample(points, shots, seed)
        plan = need_plan(self.problem)
        return [
            [moments_of_group(g, counts) for g, counts in zip(plan.groups, row, strict=True)]
            for row in self.sample_counts(points, shots, seed)
        ]

    def sample_counts(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Counts]]:
        """Counts of each group: drawn from its distribution on few qubits, else from Aer's runs.

        Aer runs each group once over all points of equal shots. Without noise counts are draws of
        Aer's state; amplified noise is none either.
        """
        plan = need_plan(self.problem)
        if self._gives_states:
            rng = np.random.default_rng(seed)
            states = map(planes_of, self.states(points))
            return [self._sampler.counts(s, row, rng) for s, row in zip(states, shots, strict=True)]
        angles = np.array([self.circuits.angles(p) for p in points])
        scales = np.array([p.noise_scale for p in points])
        results: list[list[Counts]] = [[{} for _ in plan.groups] for _ in points]
        by_aer = []
        for scale in np.unique(scales).tolist():
            rows = np.flatnonzero(scales == scale)
            simulator = self._noisy_simulator(scale)
            if simulator is None:
                by_aer.append(scale)
                continue
            for row, counts in zip(
                rows.tolist(), simulator.counts(angles[rows], shots[rows], seed, scale), strict=True
            ):
                results[row] = counts
        self._count_by_aer(angles, scales, by_aer, shots, seed, results)
        return results

    def _noisy_simulator(self, scale: float) -> NoisySimulator | None:
        """Density matrices of the groups' circuits; None where Aer is to run them."""
        if not self._draws_exactly or self.circuit.n_qubits > MAX_QUBITS:
            return None
        if scale not in self._noisy:
            groups = range(len(need_plan(self.problem).groups))
            try:
                simulator = NoisySimulator(
                    [self.circuits.group(g, scale) for g in groups],
                    Channels(self._noise_model),
                    len(self.circuit.parametric),
                )
            except UnreadError:
                simulator = None
            if simulator is not None and len(simulator.qubits) > MAX_QUBITS:
                simulator = None
            self._noisy[scale] = simulator
        return self._noisy[scale]

    def _count_by_aer(
        self,
        angles: FloatArray,
        scales: FloatArray,
        asked: Sequence[float],
        shots: IntArray,
        seed: np.random.SeedSequence,
        results: list[list[Counts]],
    ) -> None:
        """Fill in the counts of settings at the scales that are asked for."""
        n_groups = shots.shape[1]
        seeds = run_seeds(seed, n_groups)
        for g in range(n_groups):
            for scale, level in sorted(
                set(zip(scales.tolist(), shots[:, g].tolist(), strict=True))
            ):
                if level == 0 or scale not in asked:
                    continue
                rows = np.flatnonzero((shots[:, g] == level) & (scales == scale))
                # Another seed for each level: equal seeds would repeat equal noise.
                run = self._run(
                    self.circuits.group(g, scale), angles[rows], level, seeds(g, level, scale)
                )
                for k, row in enumerate(rows.tolist()):
                    results[row][g] = {int(o, 16): n for o, n in run.data(k)["counts"].items()}

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """Where the qubits of the problem are at the end: a device's router may move them."""
        return self.circuits.readout_qubits(group)

    def sample_calibration(self, shots: int, seed: np.random.SeedSequence) -> CalibrationCounts:
        """Counts after |0…0⟩ and |1…1⟩; an X gate's own noise counts as readout noise."""
        counts = []
        circuits = self.circuits.calibration
        for k, circuit in enumerate(circuits):
            run = self._run(circuit, np.zeros((1, 0)), shots, run_seeds(seed, 2)(k))
            counts.append({int(o, 16): c for o, c in run.data(0)["counts"].items()})
        return CalibrationCounts(qubit_of_bit(circuits[0]), counts[0], counts[1])

    def reached_scales(self, scales: Sequence[float]) -> FloatArray:
        """Amplifications that folding the groups' circuits reaches, shape (groups, scales)."""
        return self.circuits.reached_scales(scales)

    def sample_fidelities(
        self,
        pairs: Sequence[tuple[Point, Point]],
        shots: IntArray,
        seed: np.random.SeedSequence,
    ) -> IntArray:
        """Counts of outcome 0 after U(second)† U(first), with all of the noise."""
        if self._gives_states:
            return super().sample_fidelities(pairs, shots, seed)
        of = self.circuits.angles
        angles = np.array([[*of(a), *of(b)] for a, b in pairs])
        seeds = run_seeds(seed, 1)
        out = np.zeros(len(pairs), dtype=np.int64)
        for level in np.unique(shots).tolist():
            rows = np.flatnonzero(shots == level)
            run = self._run(self.circuits.overlap, angles[rows], level, seeds(0, level))
            for k, row in enumerate(rows):
                out[row] = run.data(k)["counts"].get("0x0", 0)
        return out

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Outcomes]:
        """Joint outcomes of generators: each run of gates is lowered once, at free angles."""
        seeds = run_seeds(seed, len(readings))
        outcomes = []
        for k, (reading, n) in enumerate(zip(readings, shots.tolist(), strict=True)):
            circuit, diagonals = self._reader(reading.gates)
            angles = np.array([self.circuits.angles(reading.point)])
            run = self._run(circuit, angles, n, seeds(k, n))
            counted = {int(o, 16): times for o, times in run.data(0)["counts"].items()}
            outcomes.append(outcomes_of_counts(diagonals, counted))
        return outcomes

    def _reader(self, gates: tuple[int, ...]) -> tuple[Any, list[Diagonal]]:
        if gates not in self._readers:
            first, basis, diagonals = generator_basis(self.circuit, gates)
            free = self.circuits.free
            part = Circuit(free.n_qubits, (*free.gates[:first], *basis), free.n_parameters)
            name = "-".join(map(str, ("generators", *gates)))
            self._readers[gates] = self.circuits.other(name, part), diagonals
        return self._readers[gates]

    def sample_overlaps(
        self, overlaps: Sequence[Overlap], shots: IntArray, seed: np.random.SeedSequence
    ) -> IntArray:
        """Counts of 0 on the auxiliary qubit of each Hadamard test, with all of the noise."""
        if self._gives_states:
            return super().sample_overlaps(overlaps, shots, seed)
        n = self.circuit.n_qubits
        check_memory(n + 1, 3, "aer")
        tests = [overlap_circuit(self.circuit, overlap) for overlap in overlaps]
        counts = self.counts(tests, shots, seed)
        return np.array([sum(c for o, c in r.items() if not o >> n & 1) for r in counts], dtype=int)

    def counts(
        self, circuits: Sequence[Circuit], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[dict[int, int]]:
        """Run circuits without parameters and count outcomes, with all of the noise."""
        seeds = run_seeds(seed, 1)
        counts: list[dict[int, int]] = [{} for _ in circuits]
        for level in np.unique(shots).tolist():
            rows = np.flatnonzero(shots == level).tolist()
            batch = [to_qiskit(circuits[k]) for k in rows]
            for circuit in batch:
                circuit.measure_all()
            lowered = self._lower_fixed(batch)
            job = self._simulator.run(lowered, shots=level, seed_simulator=seeds(0, level))
            result = job.result()
            for k, row in enumerate(rows):
                counted = result.data(k)["counts"]
                counts[row] = {int(outcome, 16): n for outcome, n in counted.items()}
        return counts

    def _lower(
        self, name: str, circuits: list[Any], *, literal: bool, layout: Sequence[int] | None
    ) -> list[Any]:
        if self.device is not None:
            level = 0 if literal else 3
            return self.device.lower(circuits, level=level, seed=0, layout=layout)
        return [self._transpiled(circuit, level=0 if literal else 1) for circuit in circuits]

    def _lower_fixed(self, circuits: list[Any]) -> list[Any]:
        """Circuits without parameters; on a device those of the problem's width on its layout."""
        if self.device is None:
            return list(self._transpiled(circuits))
        layout = self.circuits.layout
        if layout is not None and len(layout) != circuits[0].num_qubits:
            layout = None
        return self.device.lower(circuits, level=3, seed=0, layout=layout)

    def _transpiled(self, circuit: Any, level: int = 1) -> Any:
        """Lower to what simulator and noise model know, so that no gate escapes its noise."""
        from qiskit import transpile

        model = self._noise_model
        if self._gives_states:  # these methods know all gates of `to_qiskit`
            return circuit
        if model is None:
            return transpile(circuit, self._simulator, optimization_level=level, seed_transpiler=0)
        basis = [g for g in model.basis_gates if g not in ("id", "reset", "delay")]
        return transpile(circuit, basis_gates=basis, optimization_level=level, seed_transpiler=0)

    def _run(self, circuit: Any, angles: FloatArray, shots: int, seed: int) -> Any:
        """Run a circuit at rows of angles, in the order of its parameter vector."""
        simulator, circuit = self._on_used_qubits(circuit)
        parameters = sorted(circuit.parameters, key=lambda p: p.index)
        if parameters:
            binds = [{p: angles[:, p.index].tolist() for p in parameters}]
            job = simulator.run([circuit], parameter_binds=binds, shots=shots, seed_simulator=seed)
        else:
            job = simulator.run([circuit] * len(angles), shots=shots, seed_simulator=seed)
        result = job.result()
        if not result.success:
            raise InputError(f"Aer could not run the circuit: {str(result.status)[:200]}")
        return result

    def _on_used_qubits(self, circuit: Any) -> tuple[Any, Any]:
        """The simulator of a circuit, and the circuit on it.

        A device's errors go to Aer as text with every run: those of idle qubits are left out.
        """
        if self.device is None or self._simulator.options.method != "automatic":
            return self._simulator, circuit
        if id(circuit) not in self._cut:
            simulator, cut, _ = self.device.simulator_of(circuit)
            self._cut[id(circuit)] = (circuit, simulator, cut)  # which keeps the id in use
        return self._cut[id(circuit)][1:]

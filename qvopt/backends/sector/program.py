"""The sector backend: compiles number-conserving problems into programs on determinants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any
from weakref import ReferenceType, ref

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import (
    Batch,
    BatchResult,
    Outcomes,
    Overlap,
    Point,
    Reading,
    Sample,
)
from qvopt.backends.cost import Cost
from qvopt.backends.kernels import prepare_numba
from qvopt.backends.protocol import MetricKind, Problem
from qvopt.backends.simulation import simulate
from qvopt.measurement.moment_table import MomentTable
from qvopt_circuits.blocks import parameter_blocks
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError

from . import forecast, pairs
from .choice import choose_gates, choose_product
from .compilation import GateTables, PairTables, compile_circuit
from .direct_product import dot
from .forecast import SectorForecast
from .generators import GeneratorTables
from .point_arrays import angles_of
from .pool import OperatorSlopes, operator_slopes
from .sampling import PlanSampler
from .sparse import SparseHamiltonian, turn_all
from .workers import Workers

StateArray = npt.NDArray[Any]

_METRIC_BYTES = 4 << 30


class SectorBackend:
    """Exact and shot-noisy simulation within the sector of fixed (n_alpha, n_beta).

    The state is a matrix over alpha and beta strings, whose size is that of full CI: H2O in
    STO-3G takes 21 x 21 amplitudes where its 14 qubits take 16,384. Amplitudes are real unless a
    gate multiplies them by phases. Small sectors keep the Hamiltonian as a sparse matrix and list
    the pairs of determinants that gates rotate; large ones keep tables over strings only, and need
    two states of memory. Which is faster is worked out for the circuit at hand (see `choice`).

    Args:
        threads: cores that large sectors use; OMP_NUM_THREADS or all by default. Results do not
            depend on it.
    """

    name = "sector"

    def __init__(self, threads: int | None = None) -> None:
        self._workers = Workers(threads)
        self._latest: ReferenceType[SectorProgram] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Nothing that changes a result: the number of threads does not."""
        return {}

    def compile(self, problem: Problem) -> SectorProgram:
        """Check that the problem fits the sector and the memory, and tabulate it."""
        prepare_numba()
        latest = None if self._latest is None else self._latest()
        program = SectorProgram(problem, self._workers, latest)
        self._latest = ref(program)
        return program


class SectorProgram:
    """A problem over determinants. Not for use from several threads at once.

    Attributes:
        tell: hears the share that is done of a long gradient; None where nobody listens.
    """

    exact = True
    samples: frozenset[Sample] = frozenset({"energies", "fidelities", "generators", "overlaps"})

    def __init__(
        self,
        problem: Problem,
        workers: Workers | None = None,
        latest: SectorProgram | None = None,
    ) -> None:
        hamiltonian = problem.hamiltonian
        if hamiltonian is None:
            raise InputError(
                "the sector backend works on integrals, which spins and penalties for S² do not "
                "have; use --backend lightning"
            )
        n, n_alpha, n_beta = hamiltonian.norb, hamiltonian.n_alpha, hamiltonian.n_beta
        forecast.check_memory(n, n_alpha, n_beta)
        self.problem = problem
        self.circuit = problem.circuit
        self.tell: Callable[[float], None] | None = None
        self._core = hamiltonian.core_energy
        self._workers = Workers() if workers is None else workers
        before = None if latest is None else latest.tables  # a circuit may have grown
        self.tables: GateTables = compile_circuit(problem.circuit, n, n_alpha, n_beta, before)
        self._generators: GeneratorTables | None = None
        earlier = None
        if latest is not None and latest._pairs is not None:
            earlier = latest.tables, latest._pairs
        self._pairs: PairTables | None
        self.hamiltonian_product = choose_product(hamiltonian, self._workers)
        self._pairs, self._large = choose_gates(
            self.tables, hamiltonian, self.hamiltonian_product, self._workers, earlier
        )
        if self._large is not None:
            return
        assert self._pairs is not None
        self._gates: tuple[Any, ...] = (self._pairs.first, self._pairs.left, self._pairs.right)
        dimension = self.tables.shape[0] * self.tables.shape[1]
        self._psi, self._hpsi = np.zeros(dimension), np.zeros(dimension)
        self._arguments = (
            self._psi,
            self._hpsi,
            np.zeros((dimension, 2)),
            self.tables.reference,
            _turns(self.tables.offsets),
            self.tables.parametric,
            *problem.circuit.affine,
        )
        self._slopes = np.zeros(len(self.tables.gates))

    @cached_property
    def forecast(self) -> SectorForecast | None:
        """What a gradient will take in a large sector; None in small ones, which take no time."""
        return None if self._large is None else forecast.forecast(self._large)

    def state(self, point: Point) -> StateArray:
        """Amplitudes psi[alpha string, beta string], strings ascending as integers.

        Complex where a gate of the circuit multiplies by phases.
        """
        return self._state_at(self._angles_at(point))

    def _state_at(self, angles: FloatArray) -> StateArray:
        """The state of given angles of all gates."""
        t = self.tables
        if self._large is not None:
            flat = np.empty(self._large.planes * self._large.size)
            self._large.prepare(angles, flat)
            return self._large.as_state(flat)
        psi = np.empty(t.shape[0] * t.shape[1])
        pairs.prepare_state(psi, t.reference, _turns(angles), *self._gates)
        return psi.reshape(t.shape)

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Exact energies in Hartree."""
        out = np.empty(len(points))
        for k, point in enumerate(points):
            if self._large is not None:
                e = self._large.energy_at(self._angles_at(point), self.tell)
            else:
                psi = self.state(point)
                e = self.hamiltonian_product.multiply(psi.reshape(-1), self._hpsi)
            out[k] = e + self._core
        return out

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Exact energy and gradient by the adjoint method, for about three passes."""
        x = self.circuit.check_parameters(x)
        if self._large is not None:
            angles = self._angles_at(Point(x))
            energy, slopes = self._large.energy_and_slopes(angles, self.tell)
            return energy + self._core, self.circuit.pull_back(slopes[self.tables.parametric])
        product, last = self.hamiltonian_product, (self._slopes, *self._gates)
        if isinstance(product, SparseHamiltonian):
            energy, gradient = pairs.energy_and_gradient(
                x, *self._arguments, *product.arguments, *last
            )
        else:
            pairs.prepare_at(x, *self._arguments, *self._gates)
            energy = product.multiply(self._psi, self._hpsi)
            gradient = pairs.gradient_of(x, *self._arguments, *last)
        return energy + self._core, gradient

    def metric(self, x: FloatArray, kind: MetricKind = "full") -> FloatArray:
        """Exact Fubini-Study metric; ⟨ψ|∂ψ⟩ = 0 where amplitudes are real."""
        t, circuit = self.tables, self.circuit
        dimension = t.shape[0] * t.shape[1] * (2 if t.is_complex else 1)
        need = (len(t.parametric) + circuit.n_parameters) * dimension * 8
        if need > _METRIC_BYTES:
            raise InputError(
                f"the exact metric would need {need / 2**30:.1f} GiB of derivative states; choose "
                f"a smaller active space, fewer parameters, or a number of metric shots"
            )
        angles = self._angles_at(Point(x))
        if self._large is not None:
            states = self._large.derivative_states(angles, t.parametric)
            states, psi = states[:-1], states[-1]
        else:
            wanted = np.zeros(len(t.gates), dtype=np.bool_)
            wanted[t.parametric] = True
            states = np.empty((len(t.parametric), dimension))
            psi = self._psi
            pairs.derivative_states(psi, t.reference, _turns(angles), wanted, states, *self._gates)
        tangents = np.zeros((circuit.n_parameters, dimension))
        for k, state in zip(circuit.parametric, states, strict=True):
            angle = circuit.gates[k].angle
            assert angle is not None
            assert angle.index is not None
            tangents[angle.index] += angle.coefficient * state
        if t.is_complex:
            # Re⟨a|b⟩ is the product of the planes; what lies along iψ is taken out.
            turned = np.concatenate([-psi[dimension // 2 :], psi[: dimension // 2]])
            tangents -= np.outer(tangents @ turned, turned)
        if kind == "diagonal":
            return np.diag(np.einsum("ij,ij->i", tangents, tangents))
        if kind == "full":
            return tangents @ tangents.T
        out = np.zeros((circuit.n_parameters, circuit.n_parameters))
        for block in parameter_blocks(circuit):
            part = np.array(block)
            out[np.ix_(part, part)] = tangents[part] @ tangents[part].T
        return out

    def run(self, batch: Batch, seed: np.random.SeedSequence) -> BatchResult:
        """Sample everything in the batch."""
        return simulate(self, batch, seed)

    def price(self, batch: Batch) -> Cost:
        """Return what the batch takes; simulators take nothing beside it."""
        return batch.cost()

    def pool_slopes(self, circuit: Circuit) -> OperatorSlopes | None:
        """Tabulate a pool of operators; None where the tables would not fit."""
        hamiltonian = self.problem.hamiltonian
        assert hamiltonian is not None
        return operator_slopes(hamiltonian, circuit)

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> MomentTable:
        """Moments of real outcomes; every point and group has a random stream of its own."""
        if len(points) != len(shots):
            raise InputError(f"{len(points)} points need as many rows of shots, got {len(shots)}")
        return self._plan_sampler.sample(points, shots, seed, self.state)

    @cached_property
    def _plan_sampler(self) -> PlanSampler:
        plan, hamiltonian = self.problem.plan, self.problem.hamiltonian
        if plan is None:
            raise InputError("sampling needs a measurement plan")
        assert hamiltonian is not None
        return PlanSampler(plan, hamiltonian, self.circuit, self.tables, self._pairs, self._workers)

    def sample_fidelities(
        self,
        pairs: Sequence[tuple[Point, Point]],
        shots: IntArray,
        seed: np.random.SeedSequence,
    ) -> IntArray:
        """Counts of the reference determinant after U(second)† U(first)."""
        p = np.clip(self.fidelities(pairs), 0.0, 1.0)
        return np.random.default_rng(seed).binomial(shots, p).astype(np.int64)

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Outcomes]:
        """Joint outcomes of generators, each in the state of the circuit up to its run."""
        hamiltonian = self.problem.hamiltonian
        assert hamiltonian is not None
        if self._generators is None:
            self._generators = GeneratorTables(hamiltonian)
        rng = np.random.default_rng(seed)
        outcomes = []
        for reading, n in zip(readings, shots.tolist(), strict=True):
            angles = self._angles_at(reading.point)
            angles[self.tables.parametric[reading.gates[0]] :] = 0.0
            gates = [self.circuit.gates[self.circuit.parametric[k]] for k in reading.gates]
            state = self._state_at(angles).reshape(-1)
            outcomes.append(self._generators.sample(state, gates, n, rng))
        return outcomes

    def sample_overlaps(
        self, overlaps: Sequence[Overlap], shots: IntArray, seed: np.random.SeedSequence
    ) -> IntArray:
        """Counts of 0 on the auxiliary qubit of each Hadamard test."""
        value = self._inner_products([(o.first, o.second) for o in overlaps])
        imaginary = np.array([o.imaginary for o in overlaps], dtype=bool)
        p = np.clip((1 + np.where(imaginary, value.imag, value.real)) / 2, 0.0, 1.0)
        return np.asarray(np.random.default_rng(seed).binomial(shots, p), dtype=np.int64)

    def fidelities(self, pairs: Sequence[tuple[Point, Point]]) -> FloatArray:
        """Exact |⟨ψ(second)|ψ(first)⟩|²."""
        return np.asarray(np.square(np.abs(self._inner_products(pairs))), dtype=np.float64)

    def _inner_products(self, pairs: Sequence[tuple[Point, Point]]) -> StateArray:
        """⟨ψ(second)|ψ(first)⟩; pairs in a row with one first point share its state."""
        known: dict[int, StateArray] = {}
        overlaps = []
        for first, second in pairs:
            if id(first) not in known:
                known = {id(first): self.state(first)}
            overlaps.append(_overlap(self.state(second), known[id(first)], self._workers))
        return np.array(overlaps)

    def _angles_at(self, point: Point) -> FloatArray:
        angles = angles_of(self.tables, self.circuit, point.x)
        for k, delta in point.shifts:
            angles[self.tables.parametric[k]] += delta
        return angles


def _overlap(a: StateArray, b: StateArray, workers: Workers) -> complex:
    """⟨a|b⟩, summed in a fixed order."""
    if not np.iscomplexobj(a):
        return dot(a.reshape(-1), b.reshape(-1), workers)
    x, y = [(np.ascontiguousarray(s.real).reshape(-1), np.ascontiguousarray(s.imag).reshape(-1))
            for s in (a, b)]  # fmt: skip
    real = dot(x[0], y[0], workers) + dot(x[1], y[1], workers)
    return complex(real, dot(x[0], y[1], workers) - dot(x[1], y[0], workers))


def _turns(angles: FloatArray) -> FloatArray:
    """(cos θ/2, sin θ/2) by gate, by the same functions that the gradient uses."""
    turns = np.empty((len(angles), 2))
    turn_all(angles, turns)
    return turns

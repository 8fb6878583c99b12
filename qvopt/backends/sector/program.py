"""The sector backend: compiles number-conserving problems into programs on determinants."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import MetricKind, Outcomes, Overlap, Point, Problem, Reading
from qvopt.measurement.estimate import Moments
from qvopt.measurement.pauli_outcomes import PauliSampler
from qvopt_circuits.blocks import parameter_blocks
from qvopt_molecules.errors import InputError

from . import factored, pairs
from .compilation import compile_circuit, pair_tables
from .generators import GeneratorTables
from .hamiltonian_matrix import most_elements, sector_dimension, sparse_hamiltonian
from .sampling import OrbitalSampler, make_sampler, sample_plan
from .sparse import multiply, turn_all

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SPARSE_SHARE = 0.5  # of the machine's memory, for the Hamiltonian's elements
_METRIC_BYTES = 4 << 30
_MOST_PAIRS = 1 << 27  # of determinants over all gates: 1 GiB


class SectorBackend:
    """Exact and shot-noisy simulation within the sector of fixed (n_alpha, n_beta).

    The state is a real matrix over alpha and beta strings, whose size is that of full CI: H2O in
    STO-3G takes 21 x 21 amplitudes where its 14 qubits take 16,384.
    """

    name = "sector"

    def compile(self, problem: Problem) -> SectorProgram:
        """Check that the problem fits the sector and the memory, and tabulate it."""
        return SectorProgram(problem)


class SectorProgram:
    """A problem over determinants. Not for use from several threads at once."""

    exact = True

    def __init__(self, problem: Problem) -> None:
        hamiltonian = problem.hamiltonian
        if hamiltonian is None:
            raise InputError("the sector backend needs a molecular Hamiltonian; use lightning")
        n, n_alpha, n_beta = hamiltonian.norb, hamiltonian.n_alpha, hamiltonian.n_beta
        check_memory(n, n_alpha, n_beta)
        self.problem = problem
        self.circuit = problem.circuit
        self._core = hamiltonian.core_energy
        tables = compile_circuit(problem.circuit, n, n_alpha, n_beta)
        self.tables = tables
        self.matrix = sparse_hamiltonian(hamiltonian)
        dimension = tables.shape[0] * tables.shape[1]
        explicit = pair_tables(tables, _MOST_PAIRS)
        self._kernels: Any = factored if explicit is None else pairs
        self._gates: tuple[Any, ...]
        if explicit is None:
            n_columns = np.uint64(tables.shape[1])
            self._gates = (n_columns, tables.gates, tables.left, tables.right, tables.sign)
        else:
            self._gates = (explicit.first, explicit.left, explicit.right)
        self._psi, self._hpsi = np.zeros(dimension), np.zeros(dimension)
        self._sparse = (self.matrix.starts, self.matrix.columns, self.matrix.values)
        self._arguments = (
            self._psi,
            self._hpsi,
            np.zeros((dimension, 2)),
            tables.reference,
            _turns(tables.offsets),
            tables.parametric,
            *problem.circuit.affine,
            *self._sparse,
            np.zeros(len(tables.gates)),
            *self._gates,
        )
        self._samplers: OrbitalSampler | PauliSampler | None = None
        self._generators: GeneratorTables | None = None

    def state(self, point: Point) -> FloatArray:
        """Amplitudes psi[alpha string, beta string], strings ascending as integers."""
        t = self.tables
        psi = np.empty(t.shape[0] * t.shape[1])
        self._kernels.prepare_state(psi, t.reference, self._turns_at(point), *self._gates)
        return psi.reshape(t.shape)

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Exact energies in Hartree."""
        out = np.empty(len(points))
        for k, point in enumerate(points):
            psi = self.state(point)
            e = multiply(*self._sparse, psi.reshape(-1), self._hpsi)
            out[k] = e + self._core
        return out

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Exact energy and gradient by the adjoint method, for about three passes."""
        x = self.circuit.check_parameters(x)
        energy, gradient = self._kernels.energy_and_gradient(x, *self._arguments)
        return energy + self._core, gradient

    def metric(self, x: FloatArray, kind: MetricKind = "full") -> FloatArray:
        """Exact Fubini-Study metric; ⟨ψ|∂ψ⟩ = 0 as amplitudes are real."""
        t, circuit = self.tables, self.circuit
        dimension = t.shape[0] * t.shape[1]
        if len(t.parametric) * dimension * 8 > _METRIC_BYTES:
            need = len(t.parametric) * dimension * 8 / 2**30
            raise InputError(f"the exact metric would need {need:.1f} GiB of derivative states")
        wanted = np.zeros(len(t.gates), dtype=np.bool_)
        wanted[t.parametric] = True
        states = np.empty((len(t.parametric), dimension))
        turns = self._turns_at(Point(x))
        self._kernels.derivative_states(self._psi, t.reference, turns, wanted, states, *self._gates)
        tangents = np.zeros((circuit.n_parameters, dimension))
        for k, state in zip(circuit.parametric, states, strict=True):
            angle = circuit.gates[k].angle
            assert angle is not None
            assert angle.index is not None
            tangents[angle.index] += angle.coefficient * state
        if kind == "diagonal":
            return np.diag(np.einsum("ij,ij->i", tangents, tangents))
        if kind == "full":
            return tangents @ tangents.T
        out = np.zeros((circuit.n_parameters, circuit.n_parameters))
        for block in parameter_blocks(circuit):
            part = np.array(block)
            out[np.ix_(part, part)] = tangents[part] @ tangents[part].T
        return out

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Moments]]:
        """Counts of real outcomes, drawn in the order of points and groups."""
        plan = self.problem.plan
        if plan is None:
            raise InputError("sampling needs a measurement plan")
        if self._samplers is None:
            hamiltonian = self.problem.hamiltonian
            assert hamiltonian is not None
            self._samplers = make_sampler(plan, hamiltonian)
        rng = np.random.default_rng(seed)
        return [
            sample_plan(self._samplers, plan, self.state(point), row, rng)
            for point, row in zip(points, shots, strict=True)
        ]

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
        found = []
        for reading, n in zip(readings, shots.tolist(), strict=True):
            turns = self._turns_at(reading.point)[: self.tables.parametric[reading.gates[0]]]
            self._kernels.prepare_state(self._psi, self.tables.reference, turns, *self._gates)
            gates = [self.circuit.gates[self.circuit.parametric[k]] for k in reading.gates]
            found.append(self._generators.sample(self._psi, gates, n, rng))
        return found

    def sample_overlaps(
        self, overlaps: Sequence[Overlap], shots: IntArray, seed: np.random.SeedSequence
    ) -> IntArray:
        """Counts of 0 on the auxiliary qubit; amplitudes are real, and so are overlaps."""
        value = self._inner_products([(o.first, o.second) for o in overlaps])
        value[[k for k, o in enumerate(overlaps) if o.imaginary]] = 0.0
        p = np.clip((1 + value) / 2, 0.0, 1.0)
        return np.random.default_rng(seed).binomial(shots, p).astype(np.int64)

    def fidelities(self, pairs: Sequence[tuple[Point, Point]]) -> FloatArray:
        """Exact |⟨ψ(second)|ψ(first)⟩|²."""
        return np.square(self._inner_products(pairs))

    def _inner_products(self, pairs: Sequence[tuple[Point, Point]]) -> FloatArray:
        """⟨ψ(second)|ψ(first)⟩; pairs in a row with one first point share its state."""
        known: dict[int, FloatArray] = {}
        overlaps = []
        for first, second in pairs:
            if id(first) not in known:
                known = {id(first): self.state(first)}
            overlaps.append(float(np.vdot(known[id(first)], self.state(second))))
        return np.array(overlaps, dtype=np.float64)

    def _turns_at(self, point: Point) -> FloatArray:
        angles = self.tables.offsets.copy()
        angles[self.tables.parametric] = self.circuit.angles(point.x)
        for k, delta in point.shifts:
            angles[self.tables.parametric[k]] += delta
        return _turns(angles)


def _turns(angles: FloatArray) -> FloatArray:
    """(cos θ/2, sin θ/2) by gate, by the same functions that the gradient uses."""
    turns = np.empty((len(angles), 2))
    turn_all(angles, turns)
    return turns


def check_memory(norb: int, n_alpha: int, n_beta: int) -> None:
    """Raise InputError if the Hamiltonian might not fit in memory, saying how much it needs."""
    need = 12 * most_elements(norb, n_alpha, n_beta) + 64 * sector_dimension(norb, n_alpha, n_beta)
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = 8 << 30
    if need > _SPARSE_SHARE * total:
        raise InputError(
            f"{sector_dimension(norb, n_alpha, n_beta):,} determinants would need up to "
            f"{need / 2**30:.1f} GiB for the Hamiltonian, and this machine has "
            f"{total / 2**30:.1f} GiB; choose a smaller active space"
        )

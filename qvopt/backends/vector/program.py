"""The full-vector backend: compiles any circuit into kernels over all amplitudes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from qvopt.backends.batch import Outcomes, Point, Reading
from qvopt.backends.checks import check_memory, check_widths
from qvopt.backends.kernels import prepare_numba
from qvopt.backends.metric_circuits import generator_basis, outcomes_of_counts
from qvopt.backends.protocol import Problem
from qvopt.backends.statevector import StatevectorProgram
from qvopt.measurement.moment_table import MomentTable
from qvopt.measurement.plan import Diagonal
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import ComplexArray, FloatArray, IntArray, aligned_zeros

from .adjoint import back
from .lanes import LANES
from .observable import Observable, inner
from .operations import CompiledCircuit, Operations
from .sampling import Planes, draw_counts
from .sweeps import derivative_states, prepare, run_operations

_CHUNK_BYTES = 256 << 20
"""Memory of derivative states at a time."""


class VectorBackend:
    """Exact and shot-noisy simulation of any circuit over all 2^n amplitudes, on one core.

    Gates act on pairs of amplitudes, eight at a time; circuits whose states are real take half the
    time and memory. Gradients are adjoint: about four passes over the circuit, and one product
    with the Hamiltonian. Circuits that conserve particle number are faster on the sector backend.
    """

    name = "statevector"

    @property
    def options(self) -> dict[str, Any]:
        """Nothing beside the name."""
        return {}

    def compile(self, problem: Problem) -> VectorProgram:
        """Check memory and widths, and tabulate gates and observable."""
        check_widths(problem)
        check_memory(problem.circuit.n_qubits, 4, self.name)
        prepare_numba()
        return VectorProgram(problem)


class VectorProgram(StatevectorProgram):
    """A problem over all amplitudes. Not for use from several threads at once."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._compiled = CompiledCircuit.of(problem.circuit)
        self._generators: dict[tuple[int, ...], tuple[int, Operations, list[Diagonal]]] = {}
        self._buffers: dict[bool, tuple[Planes, Planes]] = {}

    def states(self, points: Sequence[Point]) -> list[ComplexArray]:
        """State vectors at the points."""
        return [self._amplitudes(*self._prepared(point)) for point in points]

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Exact energies in Hartree."""
        out = np.empty(len(points))
        image = self._planes(self._is_real)[1]
        for k, point in enumerate(points):
            state = self._prepared(point, self._is_real)
            self._observable.apply(*state, *image)
            out[k] = inner(state[0], image[0]) + inner(state[1], image[1])
        return out

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Exact energy and gradient by the adjoint method."""
        state = self._prepared(Point(x), self._is_real)
        image = self._planes(self._is_real)[1]
        return back(self._compiled, self._observable, state, image, self._compiled.turns(x))

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> MomentTable:
        """Moments of exact draws from each group's distribution, state by state."""
        states = (self._prepared(point) for point in points)
        return self._sampler.moments(states, shots, np.random.default_rng(seed))

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Outcomes]:
        """Joint outcomes of generators, each in the state of the circuit up to its run."""
        rng = np.random.default_rng(seed)
        outcomes = []
        for reading, n in zip(readings, shots.tolist(), strict=True):
            first, basis, diagonals = self._generator_basis(reading.gates)
            state = self._prepared(reading.point, end=first - self._compiled.skipped)
            re, im = state[0], state[1] if len(state[1]) else np.zeros_like(state[0])
            o = basis
            run_operations(o.kinds, o.masks, o.lanes, o.turns, 0, len(o.kinds), re, im)
            outcomes.append(outcomes_of_counts(diagonals, draw_counts((re, im), n, rng)))
        return outcomes

    def counts(
        self, circuits: Sequence[Circuit], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[dict[int, int]]:
        """Run circuits without parameters and count outcomes, bit q being qubit q."""
        rng = np.random.default_rng(seed)
        out = []
        for circuit, n in zip(circuits, shots.tolist(), strict=True):
            compiled = CompiledCircuit.of(circuit)
            o = compiled.operations
            re, im = np.empty((2, compiled.rows, LANES))
            prepare(o.kinds, o.masks, o.lanes, o.turns, compiled.start, len(o.kinds), re, im)
            out.append(draw_counts((re, im), n, rng))
        return out

    @cached_property
    def _observable(self) -> Observable:
        return Observable(self.problem.observable, self._compiled.n_qubits)

    @cached_property
    def _is_real(self) -> bool:
        """Whether states and their images have real amplitudes."""
        return self._compiled.operations.are_real and self._observable.is_real

    def _generator_basis(self, run: tuple[int, ...]) -> tuple[int, Operations, list[Diagonal]]:
        if run not in self._generators:
            first, gates, diagonals = generator_basis(self.circuit, run)
            self._generators[run] = first, Operations.of(gates), diagonals
        return self._generators[run]

    def _planes(self, is_real: bool) -> tuple[Planes, Planes]:
        """Buffers of a state and of its image; without imaginary parts where all is real."""
        if is_real not in self._buffers:
            shape, empty = (self._compiled.rows, LANES), np.empty((0, LANES))
            state, image = (
                (aligned_zeros(*shape), empty if is_real else aligned_zeros(*shape))
                for _ in range(2)
            )
            self._buffers[is_real] = state, image
        return self._buffers[is_real]

    def _prepared(
        self, point: Point, is_real: bool | None = None, end: int | None = None
    ) -> Planes:
        """Write the state to the buffer, after `end` operations or all."""
        o = self._compiled.operations
        state = self._planes(o.are_real if is_real is None else is_real)[0]
        turns = self._compiled.turns(point.x, point.shifts)
        last = len(o.kinds) if end is None else end
        prepare(o.kinds, o.masks, o.lanes, turns, self._compiled.start, last, *state)
        return state

    def _amplitudes(self, re: FloatArray, im: FloatArray) -> ComplexArray:
        size = 1 << self.circuit.n_qubits
        out = re.reshape(-1)[:size].astype(np.complex128)
        if len(im):
            out.imag = im.reshape(-1)[:size]
        return out

    def _derivatives(self, x: FloatArray) -> Iterator[ComplexArray]:
        """∂ψ/∂θ of every parametric gate, in pieces that fit in memory."""
        compiled, o = self._compiled, self._compiled.operations
        turns, parametric = compiled.turns(x), compiled.parametric
        re, im = self._planes(o.are_real)[0]
        size = max(1, _CHUNK_BYTES // (16 * LANES * compiled.rows))
        for first in range(0, len(parametric), size):
            last = min(first + size, len(parametric))
            tangents = (np.empty((last - first, *re.shape)), np.empty((last - first, *im.shape)))
            derivative_states(
                o.kinds, o.masks, o.lanes, turns, parametric, first, last, compiled.start,
                re, im, *tangents,
            )  # fmt: skip
            for k in range(last - first):
                rate = o.rates[parametric[first + k]]
                yield rate * self._amplitudes(tangents[0][k], tangents[1][k])

"""What follows from state vectors alone, for any backend that can give them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from qvopt.measurement.estimate import Moments
from qvopt_circuits.blocks import parameter_blocks
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import PHASES
from qvopt_molecules.arrays import ComplexArray, FloatArray, IntArray

from .batch import Batch, BatchResult, Outcomes, Overlap, Point, Reading, Sample
from .checks import need_plan
from .cost import Cost
from .metric_circuits import generator_circuit, outcomes_of_counts
from .protocol import MetricKind, Problem
from .simulation import simulate
from .vector.adjoint import AdjointSweep
from .vector.sampling import VectorSampler, planes_of


class StatevectorProgram:
    """A whole program from two methods, `states` and `counts`.

    Amplitude n belongs to the outcome n, bit q being qubit q.
    """

    exact = True
    samples: frozenset[Sample] = frozenset({"energies", "fidelities", "generators", "overlaps"})

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.circuit = problem.circuit

    def states(self, points: Sequence[Point]) -> list[ComplexArray]:
        """State vectors at the points."""
        raise NotImplementedError

    def counts(
        self, circuits: Sequence[Circuit], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[dict[int, int]]:
        """Run circuits without parameters and count outcomes, bit q being qubit q."""
        raise NotImplementedError

    def run(self, batch: Batch, seed: np.random.SeedSequence) -> BatchResult:
        """Sample everything in the batch."""
        return simulate(self, batch, seed)

    def price(self, batch: Batch) -> Cost:
        """Return what the batch takes; simulators take nothing beside it."""
        return batch.cost()

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Exact energies in Hartree."""
        return np.array([self._adjoint_sweep.energy(s) for s in self.states(points)])

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Exact energy and gradient: the state and its image are taken back through the circuit."""
        (psi,) = self.states([Point(x)])
        return self._adjoint_sweep.gradient(psi, x)

    @cached_property
    def _adjoint_sweep(self) -> AdjointSweep:
        return AdjointSweep(self.circuit, self.problem.observable)

    def metric(self, x: FloatArray, kind: MetricKind = "full") -> FloatArray:
        """g_ij = Re⟨∂_iψ|∂_jψ⟩ - ⟨∂_iψ|ψ⟩⟨ψ|∂_jψ⟩ by parameters, tied gates summed."""
        (psi,) = self.states([Point(x)])
        index, coefficient, _ = self.circuit.affine
        tangents = np.zeros((self.circuit.n_parameters, len(psi)), dtype=np.complex128)
        for i, c, derivative in zip(index, coefficient, self._derivatives(x), strict=True):
            tangents[i] += c * derivative
        tangents -= np.outer(tangents @ psi.conj(), psi)
        full = np.asarray((tangents.conj() @ tangents.T).real)
        if kind == "full":
            return full
        if kind == "diagonal":
            return np.diag(full.diagonal())
        out = np.zeros_like(full)
        for block in parameter_blocks(self.circuit):
            part = np.ix_(block, block)
            out[part] = full[part]
        return out

    def fidelities(self, pairs: Sequence[tuple[Point, Point]]) -> FloatArray:
        """|⟨ψ(second)|ψ(first)⟩|²."""
        states = self.states([point for pair in pairs for point in pair])
        overlaps = [np.vdot(b, a) for a, b in zip(states[::2], states[1::2], strict=True)]
        return np.abs(np.array(overlaps)) ** 2

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> Sequence[Sequence[Moments]]:
        """Moments of exact draws from each group's distribution, state by state."""
        states = map(planes_of, self.states(points))
        return self._sampler.moments(states, shots, np.random.default_rng(seed))

    @cached_property
    def _sampler(self) -> VectorSampler:
        return VectorSampler(need_plan(self.problem), self.circuit.n_qubits)

    def sample_fidelities(
        self, pairs: Sequence[tuple[Point, Point]], shots: IntArray, seed: np.random.SeedSequence
    ) -> IntArray:
        """Counts of outcome 0 after U(second)† U(first)."""
        p = np.clip(self.fidelities(pairs), 0.0, 1.0)
        return np.asarray(np.random.default_rng(seed).binomial(shots, p), dtype=np.int64)

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Outcomes]:
        """Joint outcomes of generators, each after the circuit up to its run."""
        made = [generator_circuit(self.circuit, reading) for reading in readings]
        counts = self.counts([circuit for circuit, _ in made], shots, seed)
        return [outcomes_of_counts(d, c) for (_, d), c in zip(made, counts, strict=True)]

    def sample_overlaps(
        self, overlaps: Sequence[Overlap], shots: IntArray, seed: np.random.SeedSequence
    ) -> IntArray:
        """Counts of 0 on the auxiliary qubit of each Hadamard test, of probability (1 + v) / 2.

        v is the real or imaginary part of ⟨ψ(second)|ψ(first)⟩.
        """
        p = np.empty(len(overlaps))
        for k, overlap in enumerate(overlaps):
            first, second = self.states([overlap.first, overlap.second])
            value = np.vdot(second, first)
            p[k] = (1 + (value.imag if overlap.imaginary else value.real)) / 2
        rng = np.random.default_rng(seed)
        return np.asarray(rng.binomial(shots, np.clip(p, 0.0, 1.0)), dtype=np.int64)

    def _derivatives(self, x: FloatArray) -> Any:
        """∂_kψ = [ψ(θ_k + s) - ψ(θ_k - s)] w, exact: s = π, w = ¼ for every gate with G³ = G.

        Phases of occupations have G² = 2G and exp(-iθG/2) = 1 + (exp(-iθ) - 1) G/2: s = π/2, w = ½.
        """
        for k, position in enumerate(self.circuit.parametric):
            phase = self.circuit.gates[position].name in PHASES
            shift, weight = (np.pi / 2, 0.5) if phase else (np.pi, 0.25)
            forth, back = self.states([Point(x, ((k, shift),)), Point(x, ((k, -shift),))])
            yield weight * (forth - back)

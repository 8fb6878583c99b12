"""Answers a batch kind by kind, for simulators that have a method for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from qvopt.measurement.estimate import Moments
from qvopt_molecules.arrays import IntArray

from .batch import (
    NO_SHOTS,
    Batch,
    BatchResult,
    CalibrationCounts,
    Counts,
    Outcomes,
    Overlap,
    Pair,
    Point,
    Reading,
    Stream,
)

Seed = np.random.SeedSequence


class Simulator(Protocol):
    """The methods that a simulator's program has beside `run`, each with a stream of its own."""

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: Seed
    ) -> Sequence[Sequence[Moments]]:
        """Run `shots[i, g]` shots of point i in group g; moments of each group's outcomes."""
        ...

    def sample_fidelities(self, pairs: Sequence[Pair], shots: IntArray, seed: Seed) -> IntArray:
        """Counts of the reference outcome after U(second)† U(first), shots[i] shots for pair i."""
        ...


@runtime_checkable
class CountingSimulator(Simulator, Protocol):
    """A simulator that gives the counts themselves, a noisy device's among them."""

    def sample_counts(
        self, points: Sequence[Point], shots: IntArray, seed: Seed
    ) -> Sequence[Sequence[Counts]]:
        """Run `shots[i, g]` shots of point i in group g; `sample` is the moments of these."""
        ...

    def sample_calibration(self, shots: int, seed: Seed) -> CalibrationCounts:
        """Read all qubits in use after |0…0⟩ and after |1…1⟩, `shots` each: two circuits."""
        ...


@runtime_checkable
class GeneratorSimulator(Simulator, Protocol):
    """A simulator that reads generators on the states between gates."""

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: Seed
    ) -> Sequence[Outcomes]:
        """Run `shots[i]` shots of reading i; joint outcomes of its generators."""
        ...


@runtime_checkable
class OverlapSimulator(Simulator, Protocol):
    """A simulator that runs Hadamard tests, on one qubit more."""

    def sample_overlaps(self, overlaps: Sequence[Overlap], shots: IntArray, seed: Seed) -> IntArray:
        """Counts of 0 on the auxiliary qubit."""
        ...


def simulate(simulator: Simulator, batch: Batch, seed: Seed) -> BatchResult:
    """Run a batch on a simulator.

    Raises TypeError for kinds of requests that it has no method for: `Program.samples` says which
    it has.
    """
    moments: Sequence[Sequence[Moments]] = ()
    counts: Sequence[Sequence[Counts]] = ()
    calibration: CalibrationCounts | None = None
    if batch.counts or batch.calibration_shots:
        if not isinstance(simulator, CountingSimulator):
            raise _unable(simulator, "counts")
        if batch.calibration_shots:
            stream = Stream.CALIBRATION.of(seed)
            calibration = simulator.sample_calibration(batch.calibration_shots, stream)
        if batch.counts and batch.points:
            stream = Stream.ENERGIES.of(seed)
            counts = simulator.sample_counts(batch.points, batch.shots, stream)
    if batch.points and not batch.counts:
        moments = simulator.sample(batch.points, batch.shots, Stream.ENERGIES.of(seed))
    fidelities: IntArray = NO_SHOTS
    if batch.pairs:
        stream = Stream.FIDELITIES.of(seed)
        fidelities = simulator.sample_fidelities(batch.pairs, batch.pair_shots, stream)
    generators: Sequence[Outcomes] = ()
    if batch.readings:
        if not isinstance(simulator, GeneratorSimulator):
            raise _unable(simulator, "generators")
        stream = Stream.GENERATORS.of(seed)
        generators = simulator.sample_generators(batch.readings, batch.reading_shots, stream)
    overlaps: IntArray = NO_SHOTS
    if batch.overlaps:
        if not isinstance(simulator, OverlapSimulator):
            raise _unable(simulator, "overlaps")
        stream = Stream.OVERLAPS.of(seed)
        overlaps = simulator.sample_overlaps(batch.overlaps, batch.overlap_shots, stream)
    return BatchResult(batch.cost(), moments, counts, fidelities, generators, overlaps, calibration)


def _unable(simulator: Simulator, what: str) -> TypeError:
    return TypeError(f"{type(simulator).__name__} samples no {what}")

"""Everything that a round samples in one call, and what comes back.

A `Batch` is a structure of arrays: one table for each kind of request, so that kernels take whole
tables. Each kind draws from a random stream of its own (`Stream`), named and not numbered in
passing: leaving one kind out of a batch changes nothing in the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np

from qvopt.measurement.estimate import Moments
from qvopt_molecules.arrays import FloatArray, IntArray

from .cost import Cost

Sample = Literal["energies", "counts", "fidelities", "generators", "overlaps"]
"""What a program can sample. "counts": energies as counts by outcome, and calibrations of the
readout, on which errors are mitigated."""

Counts: TypeAlias = dict[int, int]
"""Times by outcome, bit q of an outcome being qubit q."""

Outcomes: TypeAlias = tuple[FloatArray, IntArray]
"""Joint outcomes, shape (outcomes, generators), each -1, 0 or 1, and how often each was seen."""

_SHORT = 256
_WORD = 1 << 32

CALIBRATION_CIRCUITS = 2
"""All qubits in 0, all qubits in 1."""


class Stream(IntEnum):
    """The random stream of each kind of request, below the key of its round."""

    ENERGIES = 0
    FIDELITIES = 1
    SPREAD = 2
    CALIBRATION = 3
    GENERATORS = 4
    OVERLAPS = 5

    def of(self, seed: np.random.SeedSequence) -> np.random.SeedSequence:
        """Return this stream of a round's seed: SeedSequence(entropy, spawn_key=(*key, stream)).

        It is made of the words that NumPy would join these to, for half of the time.
        """
        entropy, key = seed.entropy, (*seed.spawn_key, int(self))
        if type(entropy) is int and max(entropy, *key) < _WORD:
            return np.random.SeedSequence(np.array([entropy, 0, 0, 0, *key], dtype=np.uint32))
        return np.random.SeedSequence(entropy=entropy, spawn_key=key)


@dataclass(frozen=True, eq=False)
class Point:
    """Where to run a circuit: parameters, plus angles added to single gates.

    `shifts` holds (k, δ): the k-th parametric gate's angle is shifted by δ radians, the others
    sharing its parameter are not. `noise_scale` amplifies the device's noise (see `folding`).
    """

    x: FloatArray
    shifts: tuple[tuple[int, float], ...] = ()
    noise_scale: float = 1.0


Pair: TypeAlias = tuple[Point, Point]


@dataclass(frozen=True, eq=False)
class Reading:
    """Generators to read together, in the state that enters a run of commuting gates.

    `gates` numbers parametric gates that follow each other and whose generators' strings commute
    (`qvopt_circuits.commuting_runs`); the circuit at `point` is cut before the first of them.
    """

    point: Point
    gates: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Re⟨ψ(second)|ψ(first)⟩, or the imaginary part, by a Hadamard test."""

    first: Point
    second: Point
    imaginary: bool = False


NO_SHOTS: Final[IntArray] = np.zeros(0, dtype=np.int64)
NO_ROWS: Final[IntArray] = np.zeros((0, 0), dtype=np.int64)
for _empty in (NO_SHOTS, NO_ROWS):
    _empty.flags.writeable = False


def _no_shots() -> IntArray:
    return NO_SHOTS


@dataclass(frozen=True, eq=False)
class Batch:
    """Requests that one call answers.

    Attributes:
        points, shots: energies; `shots[i, g]` of point i in measurement group g.
        counts: energies come back as counts, where they are moments otherwise.
        pairs, pair_shots: fidelities |⟨ψ(second)|ψ(first)⟩|².
        readings, reading_shots: generators, read on the states between gates.
        overlaps, overlap_shots: Hadamard tests.
        calibration_shots: of each of the two circuits that calibrate the readout; 0 for none.
    """

    points: Sequence[Point] = ()
    shots: IntArray = field(default_factory=lambda: NO_ROWS)
    counts: bool = False
    pairs: Sequence[Pair] = ()
    pair_shots: IntArray = field(default_factory=_no_shots)
    readings: Sequence[Reading] = ()
    reading_shots: IntArray = field(default_factory=_no_shots)
    overlaps: Sequence[Overlap] = ()
    overlap_shots: IntArray = field(default_factory=_no_shots)
    calibration_shots: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (
            len(self.points)
            or len(self.pairs)
            or len(self.readings)
            or len(self.overlaps)
            or self.calibration_shots
        )

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams of the kinds that are asked for."""
        asked = {
            Stream.ENERGIES: len(self.points),
            Stream.FIDELITIES: len(self.pairs),
            Stream.CALIBRATION: self.calibration_shots,
            Stream.GENERATORS: len(self.readings),
            Stream.OVERLAPS: len(self.overlaps),
        }
        return tuple(stream for stream, n in asked.items() if n)

    def cost(self) -> Cost:
        """What sampling takes anywhere; `Program.price` adds what a vendor takes beside it."""
        return self._cost

    @cached_property
    def _cost(self) -> Cost:
        single = len(self.pairs) + len(self.readings) + len(self.overlaps)
        calibrations = CALIBRATION_CIRCUITS if self.calibration_shots else 0
        if self.shots.size <= _SHORT:  # a list is faster than two reductions
            split = self.shots.ravel().tolist()
            sampled, shots = len(split) - split.count(0), sum(split)
        else:
            sampled, shots = int(np.count_nonzero(self.shots)), int(self.shots.sum())
        if single:
            others = (self.pair_shots, self.reading_shots, self.overlap_shots)
            shots += sum(int(s.sum()) for s in others)
        return Cost(
            evaluations=len(self.points) + single,
            circuits=sampled + single + calibrations,
            shots=shots + calibrations * self.calibration_shots,
        )


@dataclass(frozen=True, eq=False)
class CalibrationCounts:
    """Counts after |0…0⟩ and after |1…1⟩, bit k of an outcome being the device's `qubits[k]`."""

    qubits: tuple[int, ...]
    zeros: Counts
    ones: Counts


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What a batch brought, request by request, and what it cost.

    Attributes:
        moments: of each point and group, where the batch did not ask for counts.
        counts: of each point and group, where it did.
        fidelities: counts of the reference outcome after U(second)† U(first) of each pair.
        generators: joint outcomes of each reading.
        overlaps: counts of 0 on the auxiliary qubit of each test; 2 count / shots - 1 estimates
            the overlap's part.
        calibration: counts of the calibration; None where none was asked for.
        cost: what was taken, a vendor's part included.
    """

    cost: Cost
    moments: Sequence[Sequence[Moments]] = ()
    counts: Sequence[Sequence[Counts]] = ()
    fidelities: IntArray = field(default_factory=_no_shots)
    generators: Sequence[Outcomes] = ()
    overlaps: IntArray = field(default_factory=_no_shots)
    calibration: CalibrationCounts | None = None

"""What a backend is: somewhere circuits run, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeGuard, runtime_checkable

import numpy as np
import numpy.typing as npt

from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import MeasurementPlan
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum

from .folding import Folding

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MetricKind = Literal["full", "block-diagonal", "diagonal"]


@dataclass(frozen=True, eq=False)
class Point:
    """Where to run a circuit: parameters, plus angles added to single gates.

    `shifts` holds (k, δ): the k-th parametric gate's angle is shifted by δ radians, the others
    sharing its parameter are not. `noise_scale` amplifies the device's noise (see `folding`).
    """

    x: FloatArray
    shifts: tuple[tuple[int, float], ...] = ()
    noise_scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Reading:
    """Generators to read together, in the state that enters a run of commuting gates.

    `gates` numbers parametric gates that follow each other and whose generators' strings commute
    (`qvopt_circuits.commuting_runs`); the circuit at `point` is cut before the first of them.
    """

    point: Point
    gates: tuple[int, ...]


Outcomes: TypeAlias = tuple[FloatArray, IntArray]
"""Joint outcomes, shape (outcomes, generators), each -1, 0 or 1, and how often each was seen."""


@dataclass(frozen=True, eq=False)
class Overlap:
    """Re⟨ψ(second)|ψ(first)⟩, or the imaginary part, by a Hadamard test."""

    first: Point
    second: Point
    imaginary: bool = False


@dataclass(frozen=True, eq=False)
class Problem:
    """What a backend compiles once and samples often.

    `observable` is the qubit Hamiltonian in the circuit's own mapping; `hamiltonian` is its
    second-quantised face where there is one (the sector engine needs it); `plan` says how it is
    measured with shots and is None where only exact values are wanted. `folding` says which gates
    amplify noise where a point asks for it.
    """

    circuit: Circuit
    observable: PauliSum
    hamiltonian: MolecularHamiltonian | None = None
    plan: MeasurementPlan | None = None
    folding: Folding = "two-qubit"


class Program(Protocol):
    """A problem made ready on a backend. Every method takes a whole batch.

    Results depend on the arguments alone: the same points, shots and seed give the same bytes.
    """

    @property
    def problem(self) -> Problem:
        """What was compiled."""
        ...

    @property
    def exact(self) -> bool:
        """Whether the exact values below can be had: noiseless state access."""
        ...

    def energies(self, points: Sequence[Point]) -> FloatArray:
        """Exact energies in Hartree, shape (len(points),)."""
        ...

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Exact energy and its gradient with respect to x."""
        ...

    def metric(self, x: FloatArray, kind: MetricKind) -> FloatArray:
        """Exact Fubini-Study metric g_ij = Re⟨∂_iψ|∂_jψ⟩ - ⟨∂_iψ|ψ⟩⟨ψ|∂_jψ⟩, (n, n).

        A quarter of the quantum Fisher information. Entries outside the blocks are zero.
        """
        ...

    def fidelities(self, pairs: Sequence[tuple[Point, Point]]) -> FloatArray:
        """Exact |⟨ψ(second)|ψ(first)⟩|², shape (len(pairs),)."""
        ...

    def sample(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> Sequence[Sequence[Moments]]:
        """Run `shots[i, g]` shots of point i in group g; moments of each group's outcomes."""
        ...

    def sample_fidelities(
        self,
        pairs: Sequence[tuple[Point, Point]],
        shots: IntArray,
        seed: np.random.SeedSequence,
    ) -> IntArray:
        """Counts of the reference outcome after U(second)† U(first), shots[i] shots for pair i.

        count / shots estimates |⟨ψ(second)|ψ(first)⟩|² without bias.
        """
        ...


Counts = dict[int, int]
"""Times by outcome, bit q of an outcome being qubit q."""


@runtime_checkable
class CountingProgram(Program, Protocol):
    """A program that can hand over counts, so that errors are mitigated before they are averaged.

    It honours `Point.noise_scale`.
    """

    def sample_counts(
        self, points: Sequence[Point], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[list[Counts]]:
        """Run `shots[i, g]` shots of point i in group g; `sample` is the moments of these."""
        ...

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """The device's qubit that each bit of a group's outcomes is read on."""
        ...

    def sample_calibration(
        self, shots: int, seed: np.random.SeedSequence
    ) -> tuple[tuple[int, ...], Counts, Counts]:
        """Read all qubits in use after |0…0⟩ and after |1…1⟩, `shots` each: two circuits.

        Returns the device's qubits, bit k of the counts being the k-th of them.
        """
        ...


@dataclass(frozen=True)
class Bill:
    """What work takes at a vendor: jobs, seconds of its quantum processor, money; adds up.

    `shots` are those that a vendor's mitigation takes beyond those that were asked for.
    """

    jobs: int = 0
    qpu_seconds: float = 0.0
    money: float = 0.0
    shots: int = 0

    def __add__(self, other: Bill) -> Bill:
        return Bill(
            self.jobs + other.jobs,
            self.qpu_seconds + other.qpu_seconds,
            self.money + other.money,
            self.shots + other.shots,
        )


@runtime_checkable
class MeteredProgram(CountingProgram, Protocol):
    """A program whose work is jobs that take a processor's time, and money."""

    def block(self, shots: int) -> int:
        """Shots come in multiples of this, where an energy has `shots`."""
        ...

    def forecast(
        self,
        points: Sequence[Point],
        shots: IntArray,
        pairs: Sequence[tuple[Point, Point]],
        pair_shots: IntArray,
        readings: Sequence[Reading] = (),
        reading_shots: IntArray | None = None,
    ) -> Bill:
        """What sampling these will take."""
        ...

    def forecast_calibration(self, shots: int) -> Bill:
        """What calibrating the readout will take."""
        ...

    def take_bill(self) -> Bill:
        """What was taken since this was asked last."""
        ...

    def lost(self) -> Bill:
        """What was taken by jobs that ended without results."""
        ...


class GeneratorProgram(Protocol):
    """A program that also reads generators on the states between its gates."""

    def sample_generators(
        self, readings: Sequence[Reading], shots: IntArray, seed: np.random.SeedSequence
    ) -> list[Outcomes]:
        """Run `shots[i]` shots of reading i; joint outcomes of its generators."""
        ...


class OverlapProgram(Protocol):
    """A program that also runs Hadamard tests, on one qubit more."""

    def sample_overlaps(
        self, overlaps: Sequence[Overlap], shots: IntArray, seed: np.random.SeedSequence
    ) -> IntArray:
        """Counts of 0 on the auxiliary qubit: 2 count / shots - 1 estimates the overlap's part."""
        ...


def reads_generators(program: Any) -> TypeGuard[GeneratorProgram]:
    """Whether a program, or what it wraps, is a `GeneratorProgram`."""
    return hasattr(program, "sample_generators")


def runs_hadamard_tests(program: Any) -> TypeGuard[OverlapProgram]:
    """Whether a program, or what it wraps, is an `OverlapProgram`."""
    return hasattr(program, "sample_overlaps")


class Backend(Protocol):
    """A place that compiles problems into programs.

    `compile` raises InputError where circuit and backend do not go together, or where the
    simulation would not fit in memory, saying how much it would need.
    """

    @property
    def name(self) -> str:
        """The name users give, `provider` or `provider:device`."""
        ...

    def compile(self, problem: Problem) -> Program:
        """Check and prepare a problem."""
        ...

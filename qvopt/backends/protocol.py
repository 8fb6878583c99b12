"""What a backend is: somewhere that circuits run, in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from qvopt.measurement.plan import MeasurementPlan
from qvopt.optimizers.protocol import MetricKind as MetricKind
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum

from .batch import Batch, BatchResult, Pair, Point, Sample
from .compiled_size import CompiledSize
from .cost import Cost
from .folding import Folding


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


@runtime_checkable
class Program(Protocol):
    """A problem made ready on a backend. Every method takes a whole batch.

    Results depend on the arguments alone: the same batch and seed give the same bytes.
    """

    @property
    def problem(self) -> Problem:
        """What was compiled."""
        ...

    @property
    def samples(self) -> frozenset[Sample]:
        """What `run` can sample."""
        ...

    @property
    def exact(self) -> bool:
        """Whether the exact values below are available: noiseless access to the state."""
        ...

    def run(self, batch: Batch, seed: np.random.SeedSequence) -> BatchResult:
        """Sample everything in the batch; on hardware this is one job where the device allows."""
        ...

    def price(self, batch: Batch) -> Cost:
        """Return what running the batch will cost."""
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

    def fidelities(self, pairs: Sequence[Pair]) -> FloatArray:
        """Exact |⟨ψ(second)|ψ(first)⟩|², shape (len(pairs),)."""
        ...


@runtime_checkable
class NoisyProgram(Program, Protocol):
    """A program whose counts carry a device's errors, which mitigation works on."""

    def readout_qubits(self, group: int) -> tuple[int, ...]:
        """The device's qubit that each bit of a group's outcomes is read on."""
        ...

    def reached_scales(self, scales: Sequence[float]) -> FloatArray:
        """Amplifications of the noise that folding reaches, shape (groups, scales).

        Folding adds whole pairs of gates: of two gates at scale 1.5 none is folded, and 1 is
        reached.
        """
        ...


@runtime_checkable
class StateProgram(Program, Protocol):
    """A program that gives its state over all qubits: amplitude n belongs to the outcome n."""

    def states(self, points: Sequence[Point]) -> Sequence[npt.NDArray[np.complex128]]:
        """State vectors at the points."""
        ...


@runtime_checkable
class SectorStateProgram(Program, Protocol):
    """A program that gives its state within the sector of its electron numbers."""

    def state(self, point: Point) -> npt.NDArray[Any]:
        """Amplitudes psi[alpha string, beta string], strings ascending as integers."""
        ...


class PoolSlopes(Protocol):
    """Derivatives of the energy along a pool of operators, tabulated."""

    @property
    def circuit(self) -> Circuit:
        """The circuit of the pool alone, one parameter an operator."""
        ...

    def at(self, program: Program, x: FloatArray) -> FloatArray:
        """dE/dt at t = 0 of each operator after the program's circuit at x, shape (operators,)."""
        ...


@runtime_checkable
class PoolProgram(Program, Protocol):
    """A program that tabulates a pool of operators, so that its gradient takes the state alone."""

    def pool_slopes(self, circuit: Circuit) -> PoolSlopes | None:
        """Tabulate the operators of `circuit`; None where the tables would not fit."""
        ...


SubmissionMode = Literal["wait", "submit", "fetch"]


@dataclass(frozen=True)
class SubmissionPolicy:
    """What a command wants done with a run's jobs.

    Attributes:
        mode: "wait" for results, "submit" one round and stop, or "fetch" what is ready.
        resubmit: whether failed jobs are submitted again.
        on_progress: is called with each line about a job.
        approved: whether what the jobs take was agreed to.
    """

    mode: SubmissionMode = "wait"
    resubmit: bool = False
    on_progress: Callable[[str], None] | None = None
    approved: bool = False


@dataclass(frozen=True)
class Pricing:
    """How a device's work is paid.

    Attributes:
        device: its full name.
        currency, known, free: of its prices; whether they are known, and all zero.
        simulated: whether jobs are simulated at no cost: here, or at the vendor.
        note: where these facts are from, in a sentence; "" where there is nothing to say.
        time_assumed: whether its QPU seconds rest on an assumed time of a shot.
        timed: whether QPU seconds of its jobs are counted.
    """

    device: str
    currency: str = "USD"
    known: bool = False
    free: bool = False
    simulated: bool = False
    note: str = ""
    time_assumed: bool = False
    timed: bool = True


class EventSink(Protocol):
    """Where a program writes what must survive a crash: the run's journal."""

    def append(self, event: Mapping[str, Any], *, durable: bool = False) -> None:
        """Keep one event; `durable` waits until it is on the disk."""
        ...


class CompiledCircuits(Protocol):
    """Circuits in a device's gates."""

    @property
    def size(self) -> CompiledSize:
        """Of the circuits of the measurement groups."""
        ...


@runtime_checkable
class DurableProgram(NoisyProgram, Protocol):
    """A program whose work is jobs that outlive the process and take a processor's time, or money.

    Runs attach their folder and journal before anything is sampled.
    """

    @property
    def pricing(self) -> Pricing:
        """How its work is paid."""
        ...

    @property
    def circuits(self) -> CompiledCircuits:
        """The circuits that jobs run."""
        ...

    @property
    def durable(self) -> bool:
        """Whether jobs can be found again by another process."""
        ...

    def submitted(
        self, batch: Batch | None = None, seed: np.random.SeedSequence | None = None
    ) -> bool:
        """Whether a job of this run, or of a batch of it, was submitted before."""
        ...

    def dry(self, *, recorded: bool = False) -> DurableProgram:
        """A program that sends nothing: it answers at the cost that is forecast.

        `recorded` forecasts the device that a snapshot records, in place of the snapshot.
        """
        ...

    def attach(
        self,
        folder: Path | None,
        log: EventSink | None,
        events: Sequence[Mapping[str, Any]],
        policy: SubmissionPolicy,
        *,
        main: bool = True,
    ) -> None:
        """Take the run's folder and journal, where jobs are written down and found again.

        `main` is false for circuits beside the one that the run began with.
        """
        ...

    def submit(self, batch: Batch, seed: np.random.SeedSequence) -> None:
        """Hand in the jobs of a batch without waiting for them; `run` then takes their results."""
        ...

    def block(self, shots: int) -> int:
        """Shots come in multiples of this, where an energy has `shots`."""
        ...

    def close(self) -> None:
        """Close what is open at the vendor; jobs go on."""
        ...


@runtime_checkable
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


@runtime_checkable
class NamedBackend(Backend, Protocol):
    """A backend that its name and options build again, in another process too."""

    @property
    def options(self) -> Mapping[str, Any] | None:
        """The options to give beside the name; None where it holds objects that have no text."""
        ...


@runtime_checkable
class CalibratedBackend(Backend, Protocol):
    """A backend whose errors are known from a calibration."""

    def simulated(self) -> Backend | None:
        """A local simulation with these errors; None where they are not known."""
        ...

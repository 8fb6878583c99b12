"""Rounds of queries as settings to sample: priced first, then run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import (
    Bill,
    CountingProgram,
    MeteredProgram,
    Outcomes,
    Overlap,
    Point,
    Reading,
    reads_generators,
    runs_hadamard_tests,
)
from qvopt.engine.mitigation.calibration import calibrate
from qvopt.engine.streams import stream
from qvopt.gradients.fisher import MetricSamples
from qvopt.gradients.metric_rules import ExpandedMetric
from qvopt.measurement.allocation import Scatter
from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.statistics import combine_moments, combine_random, moments_of_group
from qvopt.optimizers.protocol import Answer
from qvopt.records.ledger import Cost, Costs, hardware_costs
from qvopt_molecules.errors import BackendError

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Results(NamedTuple):
    """What a round brought: energies, counts of fidelities, generators, counts of overlaps."""

    energies: list[Estimate]
    fidelities: IntArray
    generators: list[Outcomes]
    overlaps: IntArray


class MetricPlace(NamedTuple):
    """Where in the results the circuits of a metric lie."""

    fidelities: slice
    generators: slice
    overlaps: slice

    def samples(self, results: Results) -> MetricSamples:
        """What the metric is combined from."""
        return MetricSamples(
            results.fidelities[self.fidelities],
            results.generators[self.generators],
            results.overlaps[self.overlaps],
        )


Finish = Callable[[Results], Answer]


@dataclass
class Job:
    """What a round becomes: settings to sample, and how to make answers of their results.

    `draws` names the stream that random spreads draw from; most rounds have none.
    """

    draws: Callable[[], np.random.SeedSequence]
    points: list[Point] = field(default_factory=list)
    shots: list[IntArray] = field(default_factory=list)
    drawn: list[FloatArray | None] = field(default_factory=list)
    shifted: list[bool] = field(default_factory=list)
    gradients: list[slice] = field(default_factory=list)
    pairs: list[tuple[Point, Point]] = field(default_factory=list)
    pair_shots: list[int] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    reading_shots: list[int] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    overlap_shots: list[int] = field(default_factory=list)
    costs: Costs = field(default_factory=dict)

    def add_points(
        self,
        purpose: str,
        points: Sequence[Point],
        shots: Sequence[IntArray],
        drawn: FloatArray | None,
        *,
        shifted: bool,
    ) -> slice:
        """Add settings; `drawn` are the weights that random groups were drawn with."""
        start = len(self.points)
        self.points.extend(points)
        self.shots.extend(shots)
        self.drawn.extend([drawn] * len(points))
        self.shifted.extend([shifted] * len(points))
        cost = Cost(
            len(points),
            sum(int(np.count_nonzero(s)) for s in shots),
            sum(int(s.sum()) for s in shots),
        )
        self.costs[purpose] = self.costs.get(purpose, Cost()) + cost
        return slice(start, len(self.points))

    def add_pairs(self, purpose: str, pairs: Sequence[tuple[Point, Point]], shots: int) -> slice:
        """Add fidelities, `shots` for each."""
        start = len(self.pairs)
        self.pairs.extend(pairs)
        self.pair_shots.extend([shots] * len(pairs))
        cost = Cost(len(pairs), len(pairs), len(pairs) * shots)
        self.costs[purpose] = self.costs.get(purpose, Cost()) + cost
        return slice(start, len(self.pairs))

    def add_metric(self, purpose: str, metric: ExpandedMetric, shots: int) -> MetricPlace:
        """Add the circuits of a metric, `shots` for each."""
        first = len(self.readings), len(self.overlaps)
        self.readings.extend(metric.readings)
        self.reading_shots.extend([shots] * len(metric.readings))
        self.overlaps.extend(metric.overlaps)
        self.overlap_shots.extend([shots] * len(metric.overlaps))
        n = len(metric.readings) + len(metric.overlaps)
        self.costs[purpose] = self.costs.get(purpose, Cost()) + Cost(n, n, n * shots)
        return MetricPlace(
            self.add_pairs(purpose, metric.pairs, shots),
            slice(first[0], len(self.readings)),
            slice(first[1], len(self.overlaps)),
        )

    @cached_property
    def rng(self) -> np.random.Generator:
        """The generator of random spreads."""
        return np.random.default_rng(self.draws())

    def add_exact(self, purpose: str) -> None:
        """Count one exact evaluation."""
        self.costs[purpose] = self.costs.get(purpose, Cost()) + Cost(evaluations=1)


class PreparedRound:
    """A round that is expanded but has not run."""

    def __init__(
        self, evaluator: Evaluator, job: Job, finish: Sequence[Finish], key: tuple[int, ...]
    ) -> None:
        self._evaluator, self._job, self._finish, self._key = evaluator, job, finish, key
        self._bill: Bill | None = None
        self.found: tuple[Scatter | None, ...] | None = None
        """Set by `run` if splits adapt: scatter by group of energies and of shifted ones, and by
        shifted energy of a gradient."""

    @property
    def costs(self) -> Costs:
        """What running it will cost, by purpose; once it has run, what it cost.

        Jobs, QPU seconds and money serve all purposes of a round: they are charged as "hardware".
        """
        if self._bill is None:
            self._bill = self._forecast()
        return self._job.costs | hardware_costs(self._bill)

    def _forecast(self) -> Bill:
        program, job = self._evaluator.program, self._job
        if not isinstance(program, MeteredProgram):
            return Bill()
        if not (job.points or job.pairs or job.readings):
            return Bill()
        pair_shots = np.array(job.pair_shots, dtype=np.int64)
        shots = np.array(job.reading_shots, dtype=np.int64)
        return program.forecast(
            job.points, np.array(job.shots), job.pairs, pair_shots, job.readings, shots
        )

    def run(self) -> list[Answer]:
        """Run it and return the answers.

        Raises NonFiniteError if the backend answers with NaN or infinity.
        """
        job = self._job
        energies: list[Estimate] = []
        if job.points:
            plan = self._evaluator.need_plan()
            moments = self._moments(np.array(job.shots))
            check_complete(moments, len(job.points))
            energies = [
                combine_moments(plan, m) if drawn is None else combine_random(plan, m, drawn)
                for drawn, m in zip(job.drawn, moments, strict=True)
            ]
            self.found = self._learned(moments, energies)
        results = self._measured(energies)
        program = self._evaluator.program
        if isinstance(program, MeteredProgram):
            self._bill = program.take_bill()
        answers = [step(results) for step in self._finish]
        for answer in answers:
            if not np.all(np.isfinite(answer.value)):
                raise NonFiniteError(
                    "the backend answered with a value that is not a finite number; the journal "
                    "keeps everything before it, check the parameters and the backend"
                )
        return answers

    def _moments(self, shots: IntArray) -> Sequence[Sequence[Moments]]:
        """Sample the points, and correct the readout where that is asked for."""
        evaluator, seed, points = self._evaluator, self._evaluator.seed, self._job.points
        program, here = evaluator.program, stream(seed, *self._key, 0)
        if evaluator.readout is None:
            return program.sample(points, shots, here)
        calibration = evaluator.calibration
        if calibration is None:
            calibration = calibrate(program, evaluator.readout, stream(seed, *self._key, 3))
        assert isinstance(program, CountingProgram)
        counts = program.sample_counts(points, shots, here)
        check_complete(counts, len(points))
        groups = evaluator.need_plan().groups
        qubits = [program.readout_qubits(g) for g in range(len(groups))]
        return [
            [
                moments_of_group(group, found, calibration, at)
                for group, found, at in zip(groups, row, qubits, strict=True)
            ]
            for row in counts
        ]

    def _measured(self, energies: list[Estimate]) -> Results:
        """The energies, and what else the round asks for."""
        program, seed, job = self._evaluator.program, self._evaluator.seed, self._job
        key = self._key
        fidelities: IntArray = np.zeros(0, dtype=np.int64)
        overlaps: IntArray = np.zeros(0, dtype=np.int64)
        generators: list[Outcomes] = []
        if job.pairs:
            shots: IntArray = np.array(job.pair_shots, dtype=np.int64)
            fidelities = program.sample_fidelities(job.pairs, shots, stream(seed, *key, 1))
        if job.readings:
            assert reads_generators(program)
            shots = np.array(job.reading_shots, dtype=np.int64)
            generators = program.sample_generators(job.readings, shots, stream(seed, *key, 4))
        if job.overlaps:
            assert runs_hadamard_tests(program)
            shots = np.array(job.overlap_shots, dtype=np.int64)
            overlaps = program.sample_overlaps(job.overlaps, shots, stream(seed, *key, 5))
        return Results(energies, fidelities, generators, overlaps)

    def _learned(
        self, moments: Sequence[Sequence[Moments]], energies: Sequence[Estimate]
    ) -> tuple[Scatter | None, ...] | None:
        evaluator, job = self._evaluator, self._job
        groups: list[Scatter | None] = [None, None]
        if evaluator.adaptive:
            for shifted in (False, True):
                own = [m for m, s in zip(moments, job.shifted, strict=True) if s == shifted]
                groups[shifted] = Scatter.of(own) if own else None
        if not evaluator.adaptive_gradient:
            return tuple(groups) if evaluator.adaptive else None
        n_groups = len(evaluator.need_plan().groups)
        parts = [Scatter.of_points(energies[where], n_groups) for where in job.gradients]
        return (*groups, sum(parts[1:], parts[0]) if parts else None)


class NonFiniteError(BackendError):
    """A number that should be an energy is NaN or infinite."""

    exit_code = 2


def check_complete(results: Sequence[Sequence[object]], n_points: int) -> None:
    """Raise BackendError unless there is one result for every setting."""
    if len(results) != n_points:
        raise BackendError(f"the backend returned {len(results)} results for {n_points} settings")

"""Rounds of queries as settings to sample: priced first, then run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import Bill, CountingProgram, MeteredProgram, Point
from qvopt.ledger import Cost, Costs
from qvopt.measurement.allocation import Scatter
from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.statistics import combine_moments, combine_random, moments_of_group
from qvopt.mitigation.calibration import calibrate
from qvopt.optimizers.protocol import Answer
from qvopt.streams import stream
from qvopt_molecules.errors import BackendError

if TYPE_CHECKING:
    from qvopt.evaluation import Evaluator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Finish = Callable[[list[Estimate], IntArray], Answer]


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
    pairs: list[tuple[Point, Point]] = field(default_factory=list)
    pair_shots: list[int] = field(default_factory=list)
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
        self.found: tuple[Scatter | None, Scatter | None] | None = None
        """Scatter by group of energies and of shifted ones; set by `run` if the split adapts."""

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
        if not isinstance(program, MeteredProgram) or not (job.points or job.pairs):
            return Bill()
        shots = np.array(job.pair_shots, dtype=np.int64)
        return program.forecast(job.points, np.array(job.shots), job.pairs, shots)

    def run(self) -> list[Answer]:
        """Run it and return the answers.

        Raises NonFiniteError if the backend answers with NaN or infinity.
        """
        program, seed, job = self._evaluator.program, self._evaluator.seed, self._job
        key = self._key
        results: list[Estimate] = []
        if job.points:
            plan = self._evaluator.need_plan()
            moments = self._moments(np.array(job.shots))
            check_complete(moments, len(job.points))
            if self._evaluator.adaptive:
                self.found = (self._scatter(moments, False), self._scatter(moments, True))
            results = [
                combine_moments(plan, m) if drawn is None else combine_random(plan, m, drawn)
                for drawn, m in zip(job.drawn, moments, strict=True)
            ]
        counts: IntArray = np.zeros(0, dtype=np.int64)
        if job.pairs:
            shots = np.array(job.pair_shots, dtype=np.int64)
            counts = program.sample_fidelities(job.pairs, shots, stream(seed, *key, 1))
        if isinstance(program, MeteredProgram):
            self._bill = program.take_bill()
        answers = [step(results, counts) for step in self._finish]
        for answer in answers:
            if not np.all(np.isfinite(answer.value)):
                raise NonFiniteError(
                    "the backend answered with a value that is not a finite number; the journal "
                    "keeps everything before it, check the parameters and the backend"
                )
        return answers

    def _moments(self, shots: IntArray) -> list[list[Moments]]:
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

    def _scatter(self, moments: Sequence[Sequence[Moments]], shifted: bool) -> Scatter | None:
        own = [m for m, s in zip(moments, self._job.shifted, strict=True) if s == shifted]
        return Scatter.of(own) if own else None


def hardware_costs(bill: Bill) -> Costs:
    """A vendor's bill as costs; none where nothing was taken."""
    cost = Cost(jobs=bill.jobs, qpu_seconds=bill.qpu_seconds, money=bill.money)
    return {} if cost == Cost() else {"hardware": cost}


class NonFiniteError(BackendError):
    """A number that should be an energy is NaN or infinite."""

    exit_code = 2


def check_complete(results: Sequence[Sequence[object]], n_points: int) -> None:
    """Raise BackendError unless there is one result for every setting."""
    if len(results) != n_points:
        raise BackendError(f"the backend returned {len(results)} results for {n_points} settings")

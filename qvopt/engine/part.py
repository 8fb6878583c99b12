"""The part of a round that one evaluator's program answers: one batch, one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from qvopt.backends.batch import (
    CALIBRATION_CIRCUITS,
    NO_ROWS,
    NO_SHOTS,
    Batch,
    BatchResult,
    CalibrationCounts,
    Overlap,
    Pair,
    Point,
    Reading,
    Stream,
)
from qvopt.backends.cost import NOTHING, Cost
from qvopt.backends.protocol import DurableProgram
from qvopt.gradients.fisher import MetricSamples
from qvopt.gradients.metric_rules import ExpandedMetric
from qvopt.measurement.allocation import Scatter, allocate
from qvopt.measurement.blocks import in_blocks, rounded_up
from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.moment_table import MomentTable
from qvopt.measurement.readings import read_operators
from qvopt.measurement.statistics import estimates_of
from qvopt.optimizers.protocol import Spread
from qvopt.records.ledger import Costs, add_costs
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import BackendError
from qvopt_molecules.pauli import PauliSum

from .learned import Learned, Observed
from .rows import Row, RowResult, min_shots
from .stages.stage import Context, Request

if TYPE_CHECKING:
    from .evaluator import Evaluator
    from .objectives import Sampling


CALIBRATION: Final = "readout-calibration"
"""What a calibration is charged as."""

_NO_BATCH: Final = Batch()
_NO_RESULT: Final = BatchResult(NOTHING)

_MOST_KEPT: Final = 1 << 16
"""Numbers of shots of a batch whose split is kept for rounds that ask for the same."""

_ROWS_A_CIRCUIT: Final = 4
"""Rows of a job that a circuit at one setting is run in, on average at most."""


class MetricPlace(NamedTuple):
    """Where in a result the circuits of a metric lie."""

    fidelities: slice
    generators: slice
    overlaps: slice

    def samples(self, result: BatchResult) -> MetricSamples:
        """Return what the metric is combined from."""
        return MetricSamples(
            result.fidelities[self.fidelities],
            result.generators[self.generators],
            result.overlaps[self.overlaps],
        )


class Part:
    """Requests to one program, in the order in which they were added."""

    def __init__(
        self,
        evaluator: Evaluator,
        seed: np.random.SeedSequence,
        learned: Learned,
        optimizing: bool,
    ) -> None:
        self._evaluator, self._seed = evaluator, seed
        self._learned, self._optimizing = learned, optimizing
        self._rows: list[Row] = []
        self._gradients: list[slice] = []
        self._queries = 0
        self._pairs: list[Pair] = []
        self._pair_shots: list[int] = []
        self._readings: list[Reading] = []
        self._reading_shots: list[int] = []
        self._overlaps: list[Overlap] = []
        self._overlap_shots: list[int] = []
        self._requests: list[Request] = []
        self._weights: list[FloatArray | None] = []
        self._operators: Mapping[str, PauliSum] = {}
        self.batch = _NO_BATCH
        self.costs: Costs = {}
        self.result = _NO_RESULT
        self.estimates: Sequence[Estimate] = []
        self.observed: Observed | None = None
        self.readings: dict[str, Estimate] = {}

    @cached_property
    def rng(self) -> np.random.Generator:
        """The generator of random shifts and spreads."""
        return np.random.default_rng(Stream.SPREAD.of(self._seed))

    @property
    def calibration(self) -> CalibrationCounts | None:
        """The calibration that was made; None before the part has run, or where none was due."""
        return self.result.calibration

    @property
    def renews(self) -> bool:
        """Whether its calibration replaces all earlier ones."""
        return bool(self._requests) and self._requests[-1].renews

    def min_shots(self, spread: Spread) -> int:
        """The fewest shots that one energy can do with, in all the rows that stages make of it."""
        return self._evaluator.copies * min_shots(spread, len(self._evaluator.need_plan().groups))

    def read(self, operators: Mapping[str, PauliSum]) -> None:
        """Read operators off the first energy's outcomes, where the program counts them."""
        if "counts" in self._evaluator.program.samples:
            self._operators = operators

    def add_rows(self, sampling: Sampling) -> slice:
        """Add energies; return where their estimates will be."""
        start, query = len(self._rows), self._queries
        what = sampling.spread, sampling.shifted, sampling.purpose, sampling.differentiates
        pairs = zip(sampling.points, sampling.shots, strict=True)
        self._rows.extend([Row(point, shots, query, *what) for point, shots in pairs])
        self._queries += 1
        place = slice(start, len(self._rows))
        if sampling.differentiates:
            self._gradients.append(place)
        return place

    def add_pairs(
        self, pairs: Sequence[Pair], shots: IntArray, purpose: str
    ) -> tuple[slice, IntArray]:
        """Add fidelities; return where their counts will be, and their shots."""
        start = len(self._pairs)
        taken = rounded_up(shots, self._evaluator.block)
        self._pairs.extend(pairs)
        self._pair_shots.extend(taken.tolist())
        self._charge(purpose, Cost(len(pairs), len(pairs), int(taken.sum())))
        return slice(start, len(self._pairs)), taken

    def add_metric(
        self, metric: ExpandedMetric, shots: int, purpose: str
    ) -> tuple[MetricPlace, int]:
        """Add the circuits of a metric; return where their outcomes will be, and their shots."""
        taken = rounded_up(shots, self._evaluator.block)
        first = len(self._readings), len(self._overlaps)
        self._readings.extend(metric.readings)
        self._reading_shots.extend([taken] * len(metric.readings))
        self._overlaps.extend(metric.overlaps)
        self._overlap_shots.extend([taken] * len(metric.overlaps))
        n = len(metric.readings) + len(metric.overlaps)
        self._charge(purpose, Cost(n, n, n * taken))
        each = np.full(len(metric.pairs), taken, dtype=np.int64)
        pairs, _ = self.add_pairs(metric.pairs, each, purpose)
        place = MetricPlace(
            pairs,
            slice(first[0], len(self._readings)),
            slice(first[1], len(self._overlaps)),
        )
        return place, taken

    def close(self) -> None:
        """Expand by the stages and allocate shots to groups: the batch is then complete."""
        points: Sequence[Point] = ()
        shots: IntArray = NO_ROWS
        counts, calibration = False, 0
        if self._rows:
            request = Request(self._rows)
            self._requests = [request]
            if self._operators:
                request = replace(request, counts=True)
            if stages := self._evaluator.stages:
                context = self._context()
                for stage in stages:
                    request = stage.expand(request, context)
                    self._requests.append(request)
            block = self._row_block(request.rows)
            shots = self._allocated(request.rows, block)
            if request.calibration_shots:
                calibration = rounded_up(request.calibration_shots, block)
                circuits = CALIBRATION_CIRCUITS
                self._charge(CALIBRATION, Cost(circuits=circuits, shots=circuits * calibration))
            points, counts = [row.point for row in request.rows], request.counts
        self.batch = Batch(
            points,
            shots,
            counts,
            self._pairs,
            _numbers(self._pair_shots),
            self._readings,
            _numbers(self._reading_shots),
            self._overlaps,
            _numbers(self._overlap_shots),
            calibration,
        )

    def price(self) -> Cost:
        """What a vendor takes beside the circuits and shots: jobs, QPU seconds, money."""
        if self.batch.empty:
            return NOTHING
        return _beside(self._evaluator.program.price(self.batch), self.batch.cost())

    def submit(self) -> None:
        """Submit the jobs, where there are any: those of several programs then run at once."""
        program = self._evaluator.program
        if isinstance(program, DurableProgram) and not self.batch.empty:
            program.submit(self.batch, self._seed)

    def run(self) -> Cost:
        """Run the batch and reduce the results; return what the vendor took beside it."""
        if self.batch.empty:
            return NOTHING
        self.result = self._evaluator.program.run(self.batch, self._seed)
        if self._rows:
            self._reduce()
        return _beside(self.result.cost, self.batch.cost())

    def _reduce(self) -> None:
        rows = self._requests[-1].rows
        measured: Sequence[Sequence[object]] = self.result.moments or self.result.counts
        if len(measured) != len(rows):
            raise BackendError(
                f"the backend returned {len(measured)} results for {len(rows)} settings"
            )
        plan, stages = self._evaluator.need_plan(), self._evaluator.stages
        moments = self.result.moments
        if not stages and isinstance(moments, MomentTable) and self._planned:
            self._observe(rows, moments)
            self.estimates = estimates_of(plan, moments)
        else:
            self.estimates = self._mitigated(rows)
        if self._evaluator.learns_points and self._gradients and len(rows) == len(self._rows):
            n_groups = len(plan.groups)
            pooled = [Scatter.of_points(self.estimates[g], n_groups) for g in self._gradients]
            groups = self.observed or (None, None)
            self.observed = (groups[0], groups[1], sum(pooled[1:], pooled[0]))

    @property
    def _planned(self) -> bool:
        """Whether no energy's shots drew their groups."""
        return all(weights is None for weights in self._weights)

    def _mitigated(self, rows: Sequence[Row]) -> list[Estimate]:
        """Return the estimates that the stages make of what came back."""
        results: Sequence[RowResult]
        block = self._evaluator.block
        if self.batch.counts:
            pairs = zip(self.result.counts, self._weights, strict=True)
            results = [RowResult(counts=c, weights=w, block=block) for c, w in pairs]
            self._read(rows)
        else:
            read = zip(self.result.moments, self._weights, strict=True)
            results = [RowResult(moments=m, weights=w, block=block) for m, w in read]
        context = self._context().measured(self.result.calibration)
        plan, stages = context.plan, self._evaluator.stages
        requests = self._requests
        for k in reversed(range(len(stages))):
            if stages[k].level == "counts":
                results = stages[k].reduce(requests[k], results, context)
        results = [result.with_moments(plan) for result in results]
        self._observe(rows, [result.moments for result in results])
        for k in reversed(range(len(stages))):
            if stages[k].level == "estimates":
                results = stages[k].reduce(requests[k], results, context)
        return [result.value(plan) for result in results]

    def _read(self, rows: Sequence[Row]) -> None:
        """Read operators off the first setting of the first energy that has no amplified noise."""
        first = [k for k, r in enumerate(rows) if r.query == 0 and r.point.noise_scale == 1.0]
        if self._operators and first:
            plan, counts = self._evaluator.need_plan(), self.result.counts[first[0]]
            self.readings = read_operators(plan, counts, self._operators)

    def _observe(self, rows: Sequence[Row], measured: Sequence[Sequence[Moments] | None]) -> None:
        """Pool the variances of each group, before energies are extrapolated."""
        if not self._evaluator.learns_groups:
            return
        pooled: list[Scatter | None] = []
        for shifted in (False, True):
            moments: list[Sequence[Moments]] = [
                of_row
                for row, of_row in zip(rows, measured, strict=True)
                if row.shifted == shifted and of_row is not None
            ]
            pooled.append(Scatter.of(moments) if moments else None)
        self.observed = tuple(pooled)

    def _allocated(self, rows: Sequence[Row], block: int) -> IntArray:
        """Shots of each row and group; what they cost is charged to the rows' purposes."""
        evaluator = self._evaluator
        n_groups = len(evaluator.need_plan().groups)
        out: IntArray = NO_ROWS
        self._weights = []
        start = 0
        while start < len(rows):
            first = rows[start]
            stop = start
            while stop < len(rows) and rows[stop].query == first.query:
                stop += 1
            weights = evaluator.weights(self._learned, shifted=first.shifted)
            if first.spread == "random":
                part = np.array([self._drawn(rows[k].shots, weights) for k in range(start, stop)])
                cost = _cost_of(part)
                self._weights.extend([weights] * (stop - start))
            else:
                totals = tuple([row.shots for row in rows[start:stop]])
                small = len(totals) * n_groups <= _MOST_KEPT
                split = _split if small else _split.__wrapped__
                part, cost = split(weights.tobytes(), totals, block)
                self._weights.extend([None] * (stop - start))
            self._charge(first.purpose, cost)
            if stop - start == len(rows):
                return part.copy()
            if not len(out):
                out = np.zeros((len(rows), n_groups), dtype=np.int64)
            out[start:stop] = part
            start = stop
        return out

    def _drawn(self, shots: int, weights: FloatArray) -> IntArray:
        """Shots of each group where every one, or every block of them, draws its group."""
        block = self._evaluator.block
        draws = shots if block == 1 or not shots else max(2, round(shots / block))
        return np.asarray(block * self.rng.multinomial(draws, weights), dtype=np.int64)

    def _row_block(self, rows: Sequence[Row]) -> int:
        """Shots of a row of a job; many where energies ask for far more than usual.

        So a job has few rows for each circuit, and a round stays one job.
        """
        block = self._evaluator.block
        if block == 1 or self._pairs or self._readings or self._overlaps:
            return block
        circuits = len(rows) * len(self._evaluator.need_plan().groups)
        total = sum(row.shots for row in rows)
        return block * max(1, -(-total // (block * _ROWS_A_CIRCUIT * circuits)))

    def _charge(self, purpose: str, cost: Cost) -> None:
        self.costs = add_costs(self.costs, {purpose: cost})

    def _context(self) -> Context:
        evaluator = self._evaluator
        return Context(evaluator.program, evaluator.need_plan(), self._learned, self._optimizing)


@lru_cache(maxsize=16)
def _split(weights: bytes, totals: tuple[int, ...], block: int) -> tuple[IntArray, Cost]:
    """Shots of each row and group, in multiples of a block: the same ones in most rounds of a run.

    And what they cost. The weights are float64; the result is not to be written to.
    """
    shares = np.frombuffer(weights)
    splits = {total: allocate(shares, total) for total in set(totals)}
    split = np.array(in_blocks([splits[total] for total in totals], block))
    return split, _cost_of(split)


def _cost_of(shots: IntArray) -> Cost:
    """What energies cost, shape (rows, groups)."""
    return Cost(len(shots), int(np.count_nonzero(shots)), int(shots.sum()))


def _numbers(shots: Sequence[int]) -> IntArray:
    return np.array(shots, dtype=np.int64) if shots else NO_SHOTS


def _beside(cost: Cost, sampling: Cost) -> Cost:
    """What is taken beside the sampling."""
    return NOTHING if cost is sampling else cost - sampling

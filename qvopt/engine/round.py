"""A round of queries as one batch: expanded and priced first, then run, then combined.

queries -> rules expand -> rows -> stages expand -> Batch -> Program.run
        -> stages reduce -> estimates -> rules combine -> answers
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qvopt.backends.batch import Batch, CalibrationCounts, Pair
from qvopt.backends.cost import NOTHING, Cost
from qvopt.gradients.fisher import MetricSamples
from qvopt.gradients.metric_rules import ExpandedMetric
from qvopt.measurement.allocation import learned_deviations
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.statistics import estimate_of_proportion
from qvopt.optimizers.protocol import Answer, Gradient, Query, Spread
from qvopt.records.ledger import Costs, add_costs
from qvopt_molecules.arrays import FloatArray, IntArray, all_finite, same
from qvopt_molecules.pauli import PauliSum

from .errors import NonFiniteError
from .learned import Learned, Observed
from .part import MetricPlace, Part
from .rules import rule_of
from .streams import stream

if TYPE_CHECKING:
    from .evaluator import Evaluator
    from .objectives import Sampling


@dataclass(frozen=True, eq=False)
class RoundOutcome:
    """What a round brought.

    Attributes:
        answers: one for each query.
        costs: what was spent, by purpose.
        observed: variances that later rounds can use; None where nothing is learned.
        calibrations: of the readout, made in the round.
        renewed: whether they replace all earlier ones.
        readings: operators that the outcomes of the first energy show, by name.
    """

    answers: tuple[Answer, ...]
    costs: Costs
    observed: Observed | None = None
    calibrations: tuple[CalibrationCounts, ...] = ()
    renewed: bool = False
    readings: Mapping[str, Estimate] = field(default_factory=dict)


class PreparedRound:
    """Queries that are expanded, and have not run.

    Rules ask it for energies, fidelities and metrics of one evaluator or of several; every
    evaluator's part is one batch. What the asking returns gives the values once the round has run.

    Args:
        evaluator: answers the queries.
        queries: at least one.
        entropy, key: of the round's random stream; every kind of request has one below it.
        learned: what earlier rounds have shown.
        optimizing: whether the optimizer asks.
        operators: sums of Z strings to read off the outcomes of the first energy, for no shot more,
            where the program gives outcomes.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        queries: Sequence[Query],
        entropy: int,
        key: Sequence[int],
        learned: Learned,
        *,
        optimizing: bool = False,
        operators: Mapping[str, PauliSum] | None = None,
    ) -> None:
        self._entropy, self._key = entropy, tuple(key)
        self._learned, self._optimizing = learned, optimizing
        self._parts: dict[int, Part] = {}
        self._exact: list[tuple[FloatArray, str]] = []
        self._exact_costs: Costs = {}
        self._differentiated = [q.x for q in queries if type(q) is Gradient]
        self._combine: list[Callable[[], Answer]] = []
        for query in queries:
            evaluator.circuit.check_parameters(query.x)
            if not all_finite(query.x):
                raise NonFiniteError(
                    "the optimizer asked for parameters that are not finite numbers; try a smaller "
                    "learning rate"
                )
            self._combine.append(rule_of(query).expand(query, evaluator, self))
        if operators and len(self._parts) == 1:
            self._part(evaluator).read(operators)
        for part in self._parts.values():
            part.close()

    @property
    def batches(self) -> list[Batch]:
        """What will be sampled, one batch for each program."""
        return [part.batch for part in self._parts.values()]

    @property
    def costs(self) -> Costs:
        """What running it will cost, by purpose.

        Jobs, QPU seconds and money serve all purposes of a round: they are charged as "hardware".
        """
        return self._total([part.price() for part in self._parts.values()])

    def run(self) -> RoundOutcome:
        """Run it: one call of each program, on hardware one job.

        Raises NonFiniteError if the backend answers with NaN or infinity.
        """
        parts = list(self._parts.values())
        for part in parts if len(parts) > 1 else ():
            part.submit()
        extra = [part.run() for part in parts]
        answers = tuple(combine() for combine in self._combine)
        for answer in answers:
            if not all_finite(answer.value):
                raise NonFiniteError(
                    "the backend answered with a value that is not a finite number; the journal "
                    "keeps everything before it, check the parameters and the backend"
                )
        return RoundOutcome(
            answers,
            self._total(extra),
            parts[0].observed if len(parts) == 1 else None,
            tuple(part.calibration for part in parts if part.calibration is not None),
            any(part.renews for part in parts),
            parts[0].readings if len(parts) == 1 else {},
        )

    def exact(self, x: FloatArray, purpose: str) -> None:
        """Count an exact value; energies and gradients at one point are counted once."""
        self._exact_costs = add_costs(self._exact_costs, {purpose: Cost(evaluations=1)})
        self._exact.append((x, purpose))

    def exact_at(self, x: FloatArray, purpose: str) -> None:
        """Count the exact energy or gradient at x, unless the round has counted the point."""
        if not any(same(x, other) for other, _ in self._exact):
            self.exact(x, purpose)

    def differentiates(self, x: FloatArray) -> bool:
        """Whether the round asks for a gradient at x."""
        return any(same(x, other) for other in self._differentiated)

    def rng(self, evaluator: Evaluator) -> np.random.Generator:
        """The generator of random shifts and spreads."""
        return self._part(evaluator).rng

    def energies(
        self, evaluator: Evaluator, sampling: Sampling
    ) -> Callable[[], Sequence[Estimate]]:
        """Ask for energies."""
        part = self._part(evaluator)
        place = part.add_rows(sampling)
        return lambda: part.estimates[place]

    def fidelities(
        self, evaluator: Evaluator, pairs: Sequence[Pair], shots: IntArray, purpose: str
    ) -> Callable[[], list[Estimate]]:
        """Ask for |⟨ψ(second)|ψ(first)⟩|² of each pair, from `shots[k]` shots or a few more.

        On a device whose jobs have one number of shots they are rounded up to it.
        """
        part = self._part(evaluator)
        place, taken = part.add_pairs(pairs, shots, purpose)

        def values() -> list[Estimate]:
            counts = part.result.fidelities[place].tolist()
            return [
                estimate_of_proportion(*row) for row in zip(counts, taken.tolist(), strict=True)
            ]

        return values

    def metric(
        self, evaluator: Evaluator, expansion: ExpandedMetric, shots: int, purpose: str
    ) -> tuple[Callable[[], MetricSamples], int]:
        """Ask for the circuits of a metric; returns what gives their outcomes, and their shots."""
        part = self._part(evaluator)
        place: MetricPlace
        place, taken = part.add_metric(expansion, shots, purpose)
        return lambda: place.samples(part.result), taken

    def deviations(self, evaluator: Evaluator, n_points: int) -> FloatArray | float:
        """Relative deviations of a gradient's shifted energies; 1 where they are not known."""
        pooled = self._learned.points
        if not evaluator.learns_points or pooled is None or len(pooled.squares) != n_points:
            return 1.0
        return learned_deviations(pooled)

    def min_shots(self, evaluator: Evaluator, spread: Spread) -> int:
        """The fewest shots that one energy can do with."""
        return self._part(evaluator).min_shots(spread)

    def _part(self, evaluator: Evaluator) -> Part:
        part = self._parts.get(id(evaluator))
        if part is None:
            seed = stream(self._entropy, *self._key, *evaluator.substream)
            part = Part(evaluator, seed, self._learned, self._optimizing)
            self._parts[id(evaluator)] = part
        return part

    def _total(self, extra: Sequence[Cost]) -> Costs:
        beside = [cost for cost in extra if cost is not NOTHING]
        return add_costs(self._sampling, {"hardware": sum(beside, NOTHING)} if beside else {})

    @cached_property
    def _sampling(self) -> Costs:
        """What exact values and sampling cost; nothing is added once the parts are closed."""
        costs = self._exact_costs
        for part in self._parts.values():
            costs = add_costs(costs, part.costs)
        return costs

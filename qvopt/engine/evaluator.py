"""The description of how queries about one circuit are answered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np

from qvopt.backends.protocol import DurableProgram, Program
from qvopt.gradients.metric_rules import MetricRule, supported_metric_rule
from qvopt.gradients.rules import GradientRule, get_gradient_rule
from qvopt.measurement.allocation import allocate, learned_weights
from qvopt.measurement.plan import MeasurementPlan
from qvopt.optimizers.protocol import Answer, Landscape, Query
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum

from .exact import ExactValues
from .growing import Growth
from .landscape import describe_landscape
from .learned import Learned
from .objectives import EnergyObjective, Objective
from .round import PreparedRound
from .stages.stage import Stage

_NOTHING_LEARNED: Final = Learned()


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Answers queries about one circuit on one program. A frozen value: derive by `replace`.

    Attributes:
        program: the compiled problem.
        circuit: its circuit.
        plan: how an energy is measured; None for exact values.
        shots: shots of one energy, in total over all groups, where a query does not say; None
            answers exactly.
        seed: entropy of every stream.
        gradient_rule: how measured gradients are expanded into energies.
        metric_rule: how measured metrics are expanded; None takes the best that the program runs.
        stages: mitigation of measured energies, outermost first.
        objective: what is minimised.
        learns_groups: whether the split over groups follows the variances measured so far.
        learns_points: whether the split of a gradient over its shifted energies does.
        growth: how the circuit grows; None for one that does not.
        unpenalised: measures the energy alone, where the program's observable has penalties added.
        substream: put after the key of every round's stream, so that several evaluators that one
            round asks draw apart.
    """

    program: Program
    circuit: Circuit
    plan: MeasurementPlan | None
    shots: int | None
    seed: int
    gradient_rule: GradientRule = field(default_factory=get_gradient_rule)
    metric_rule: MetricRule | None = None
    stages: tuple[Stage, ...] = ()
    objective: Objective = field(default_factory=EnergyObjective)
    learns_groups: bool = False
    learns_points: bool = False
    growth: Growth | None = None
    unpenalised: Evaluator | None = None
    substream: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.shots is None and not self.program.exact:
            raise InputError("this backend has no exact energies; give a number of shots")
        if self.shots is not None and self.plan is not None:
            # Too few for the groups are refused before anything is asked.
            allocate(np.ones(len(self.plan.groups)), self.shots)

    @cached_property
    def exact(self) -> ExactValues:
        """Exact values of the program's energies."""
        return ExactValues(self.program)

    @property
    def reported(self) -> Evaluator:
        """The evaluator of energies that are reported: without penalties."""
        return self if self.unpenalised is None else self.unpenalised

    def seeded(self, seed: int) -> Evaluator:
        """Return the same evaluator with other streams."""
        bare = self.unpenalised
        return replace(self, seed=seed, unpenalised=None if bare is None else bare.seeded(seed))

    @cached_property
    def landscape(self) -> Landscape:
        """What the circuit says of the energy before it is measured."""
        problem = self.program.problem
        return describe_landscape(
            self.circuit,
            problem.observable,
            self.plan,
            self.gradient_rule,
            problem.hamiltonian,
            self.copies,
        )

    @cached_property
    def copies(self) -> int:
        """Rows that the stages make of one energy."""
        return math.prod(stage.copies for stage in self.stages)

    @cached_property
    def block(self) -> int:
        """Shots of energies come in multiples of this."""
        if self.shots is None or not isinstance(self.program, DurableProgram):
            return 1
        return self.program.block(self.shots)

    @cached_property
    def sampled_metric_rule(self) -> MetricRule:
        """The rule of measured metrics. Raises InputError for one that the program cannot run."""
        return supported_metric_rule(self.metric_rule, self.program)

    def prepare(
        self,
        queries: Sequence[Query],
        *key: int,
        learned: Learned | None = None,
        optimizing: bool = False,
        operators: Mapping[str, PauliSum] | None = None,
    ) -> PreparedRound:
        """Expand a round into a batch: its price is then known, and nothing has run.

        Args:
            queries: what is asked.
            key: names the round's random stream.
            learned: what earlier rounds have shown.
            optimizing: whether the optimizer asks.
            operators: to read off the outcomes of the first energy, where the program gives them.
        """
        return PreparedRound(
            self,
            queries,
            self.seed,
            key,
            learned or _NOTHING_LEARNED,
            optimizing=optimizing,
            operators=operators,
        )

    def answer(self, queries: Sequence[Query], *key: int) -> list[Answer]:
        """Answer a round of its own; `key` names its random stream."""
        return list(self.prepare(queries, *key).run().answers)

    def exact_energy(self, x: FloatArray) -> float:
        """The true value of the objective at x, outside every account: for monitoring."""
        return self.objective.exact_energy(self, x)

    def need_plan(self) -> MeasurementPlan:
        """Return the plan, or raise InputError if there is none."""
        if self.plan is None:
            raise InputError("a number of shots needs a measurement plan, and there is none")
        return self.plan

    def shots_of(self, shots: object) -> int:
        """Return a query's number of shots, by default the evaluator's; InputError for others."""
        asked = self.shots if shots is None else shots
        if not isinstance(asked, int | np.integer) or asked <= 0:
            raise InputError(f"shots must be a positive integer, got {asked!r}")
        return int(asked)

    def weights(self, learned: Learned, *, shifted: bool) -> FloatArray:
        """Share of each group in an energy's shots, or in those of a gradient's shifted energy."""
        plan = self.need_plan()
        weights, prior = plan.weights, plan.deviations
        if shifted and plan.shifted_weights is not None:
            weights, prior = plan.shifted_weights, plan.shifted_deviations
        pooled = learned.shifted if shifted else learned.energies
        if not self.learns_groups or pooled is None:
            return weights
        return learned_weights(pooled, prior)

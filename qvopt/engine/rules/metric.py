"""The Fubini-Study metric: exact, or from measured fidelities, generators or overlaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from qvopt.gradients.metric_rules import measured_metric
from qvopt.optimizers.protocol import Answer, Matrix, Metric
from qvopt_molecules.errors import InputError

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator
    from qvopt.engine.round import PreparedRound


class MetricQueryRule:
    """The metric of the circuit's state."""

    def expand(
        self, query: Metric, evaluator: Evaluator, round_: PreparedRound
    ) -> Callable[[], Answer]:
        """Ask for the circuits of the metric rule, or count one exact metric."""
        if not evaluator.objective.has_metric:
            raise InputError(
                "subspace search takes optimizers that ask for energies and gradients; natural "
                "gradients are of one state"
            )
        if evaluator.shots is None or query.shots == 0:
            round_.exact(query.x, query.purpose)

            def exact() -> Answer:
                metric = evaluator.exact.metric(query.x, query.kind)
                return Matrix(metric, np.zeros_like(metric))

            return exact
        rule = evaluator.sampled_metric_rule
        expansion = measured_metric(rule, evaluator.circuit, query.x, query.kind)
        shots = evaluator.shots_of(query.shots)
        samples, taken = round_.metric(evaluator, expansion, shots, query.purpose)
        circuits = len(expansion.pairs) + len(expansion.readings) + len(expansion.overlaps)

        def combine() -> Answer:
            value, variance, dof = expansion.combine_with_dof(samples(), taken)
            return Matrix(value, variance, circuits * taken, dof)

        return combine

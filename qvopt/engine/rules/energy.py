"""Energies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qvopt.backends.batch import Point
from qvopt.engine.objectives import Sampling
from qvopt.optimizers.protocol import Answer, Energy, Scalar

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator
    from qvopt.engine.round import PreparedRound


class EnergyRule:
    """One value of the objective."""

    def expand(
        self, query: Energy, evaluator: Evaluator, round_: PreparedRound
    ) -> Callable[[], Answer]:
        """Ask for the value at x."""
        if evaluator.shots is None:
            round_.exact_at(query.x, query.purpose)
            if round_.differentiates(query.x):
                return lambda: Scalar(evaluator.objective.exact_gradient(evaluator, query.x)[0])
            return lambda: Scalar(evaluator.exact_energy(query.x))
        shots = evaluator.shots_of(query.shots)
        # An energy that an optimizer takes derivatives from stands at a shifted point.
        shifted = query.purpose == "gradient"
        sampling = Sampling([Point(query.x)], [shots], query.spread, query.purpose, shifted=shifted)
        values = evaluator.objective.measure(evaluator, round_, sampling)

        def combine() -> Answer:
            (estimate,) = values()
            return Scalar(estimate.value, estimate.variance, estimate.shots, estimate.dof)

        return combine

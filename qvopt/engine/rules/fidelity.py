"""Fidelities between the circuit's states at two points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from qvopt.backends.batch import Point
from qvopt.optimizers.protocol import Answer, Fidelity, Scalar
from qvopt_molecules.errors import InputError

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator
    from qvopt.engine.round import PreparedRound


class FidelityRule:
    """|⟨ψ(y)|ψ(x)⟩|²."""

    def expand(
        self, query: Fidelity, evaluator: Evaluator, round_: PreparedRound
    ) -> Callable[[], Answer]:
        """Ask for one overlap circuit, or count one exact fidelity."""
        if not evaluator.objective.has_metric:
            raise InputError(
                "subspace search takes optimizers that ask for energies and gradients; fidelities "
                "are of one state"
            )
        if evaluator.shots is None:
            round_.exact(query.x, query.purpose)
            return lambda: Scalar(
                float(evaluator.exact.fidelities([Point(query.x)], [query.y])[0, 0])
            )
        shots = np.array([evaluator.shots_of(query.shots)], dtype=np.int64)
        pairs = [(Point(query.x), Point(query.y))]
        values = round_.fidelities(evaluator, pairs, shots, query.purpose)

        def combine() -> Answer:
            (estimate,) = values()
            return Scalar(estimate.value, estimate.variance, estimate.shots, estimate.dof)

        return combine

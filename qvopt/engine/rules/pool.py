"""Gradients along the pool of an adaptive ansatz."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from qvopt.engine.growing import probe_evaluator
from qvopt.optimizers.protocol import Answer, Gradient, PoolGradient, Vector
from qvopt_molecules.errors import InputError

from .gradient import GradientQueryRule

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator
    from qvopt.engine.round import PreparedRound


class PoolGradientRule:
    """dE/dt of every operator of the pool at t = 0.

    It is the gradient of one circuit, the present one with all operators after it at zero: one
    adjoint pass where it is exact, shift rules for each operator under shots. A backend that
    tabulates the pool needs the present state alone.
    """

    def expand(
        self, query: PoolGradient, evaluator: Evaluator, round_: PreparedRound
    ) -> Callable[[], Answer]:
        """Ask for the gradient of the circuit with the pool after it."""
        growth = evaluator.growth
        if growth is None:
            raise InputError("this circuit has no pool of operators; use ansatz = 'adapt'")
        slopes = growth.slopes
        if evaluator.shots is None and slopes is not None:
            round_.exact(query.x, query.purpose)

            def exact() -> Answer:
                gradient = slopes.at(evaluator.program, query.x)
                return Vector(gradient, np.zeros_like(gradient))

            return exact
        zeros = np.zeros(len(growth.pool))
        at_zero = Gradient(zeros, query.shots, query.purpose)
        probe = probe_evaluator(evaluator, query.x)
        return GradientQueryRule().expand(at_zero, probe, round_)

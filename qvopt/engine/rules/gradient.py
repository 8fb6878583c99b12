"""Gradients: exact, or from values at shifted parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qvopt.engine.objectives import Sampling
from qvopt.gradients.parameter_shift import Combination, GradientExpansion
from qvopt.measurement.allocation import allocate
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.estimate_table import EstimateTable
from qvopt.optimizers.protocol import Answer, Gradient, Vector
from qvopt_molecules.arrays import IntArray
from qvopt_molecules.errors import InputError

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator
    from qvopt.engine.round import PreparedRound


class GradientQueryRule:
    """The derivatives of the objective."""

    def expand(
        self, query: Gradient, evaluator: Evaluator, round_: PreparedRound
    ) -> Callable[[], Answer]:
        """Ask for the values at the points that the gradient rule shifts to."""
        objective = evaluator.objective
        if evaluator.shots is None:
            round_.exact_at(query.x, query.purpose)

            def exact() -> Answer:
                gradient = objective.exact_gradient(evaluator, query.x)[1]
                return Vector(gradient, np.zeros_like(gradient))

            return exact
        expansion = evaluator.gradient_rule(
            evaluator.circuit, query.x, lambda: round_.rng(evaluator)
        )
        if query.shots is None or isinstance(query.shots, int | np.integer):
            shots = _by_weight(query, expansion, evaluator, round_)
        else:
            shots = _by_component(query.shots, query, expansion, evaluator, round_)
        points, measured = expansion.points, np.flatnonzero(shots)
        if len(measured) < len(shots):
            points = tuple([points[k] for k in measured.tolist()])
        sampling = Sampling(
            points,
            shots[measured].tolist(),
            query.spread,
            query.purpose,
            shifted=True,
            differentiates=len(measured) == len(shots),
        )
        values = objective.measure(evaluator, round_, sampling)

        def combine() -> Answer:
            estimates = values()
            taken = int(EstimateTable.of(estimates).shots.sum())
            if len(measured) < len(shots):
                return Vector(*_partial(expansion, estimates, measured), taken)
            value, variance = expansion.combine(estimates)
            dof = expansion.degrees_of_freedom(estimates, variance)
            return Vector(value, variance, taken, dof)

        return combine


def _by_weight(
    query: Gradient, expansion: GradientExpansion, evaluator: Evaluator, round_: PreparedRound
) -> IntArray:
    """As many shots for each shifted value on average, by weight and by measured deviation."""
    n_points = len(expansion.points)
    mean = evaluator.shots_of(query.shots)
    min_shots = round_.min_shots(evaluator, query.spread)
    if query.spread == "planned" and mean < min_shots:
        raise InputError(
            f"{mean} shots are too few for {len(evaluator.need_plan().groups)} measurement groups; "
            f"give at least {min_shots}"
        )
    weights = expansion.weights * round_.deviations(evaluator, n_points)
    return allocate(weights, mean * n_points, minimum=min(mean, min_shots))


def _by_component(
    shots: Sequence[int],
    query: Gradient,
    expansion: GradientExpansion,
    evaluator: Evaluator,
    round_: PreparedRound,
) -> IntArray:
    """Split each component's shots over its shifted values; a component with none is left out."""
    if type(expansion) is not GradientExpansion:
        raise InputError(
            "this optimizer sets the shots of every partial derivative, which a stochastic "
            "gradient rule has none of; use measurement.gradient = 'parameter-shift'"
        )
    per_component = np.asarray(shots, dtype=np.int64)
    if per_component.shape != (evaluator.circuit.n_parameters,):
        raise InputError(
            f"shots must hold one number a parameter ({evaluator.circuit.n_parameters}), got "
            f"{per_component.shape}"
        )
    if np.any(per_component < 0):
        raise InputError("shots of partial derivatives must not be negative")
    n_points = len(expansion.points)
    min_shots = round_.min_shots(evaluator, query.spread)
    split = np.zeros(n_points, dtype=np.int64)
    matrix = abs(expansion.matrix).toarray() * round_.deviations(evaluator, n_points)
    for weights, total in zip(matrix, per_component.tolist(), strict=True):
        used = np.flatnonzero(weights)
        if total and len(used):
            share = weights[used] / weights[used].sum()
            if total < min_shots * len(used):
                raise InputError(
                    f"{total} shots are too few for a partial derivative of {len(used)} shifted "
                    f"energies; give at least {min_shots * len(used)}, or 0 to leave it out"
                )
            split[used] += allocate(share, total, minimum=min_shots)
    return split


def _partial(
    expansion: GradientExpansion, estimates: Sequence[Estimate], measured: IntArray
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Combine the components that were measured; the others are 0 with infinite variance."""
    matrix = expansion.matrix.tocsc()[:, measured].tocsr()
    points = tuple(expansion.points[k] for k in measured)
    value, variance = GradientExpansion(points, Combination.of_matrix(matrix)).combine(estimates)
    entries = np.diff(expansion.matrix.indptr)
    left_out = (np.diff(matrix.indptr) < entries) & (entries > 0)
    return np.where(left_out, 0.0, value), np.where(left_out, np.inf, variance)

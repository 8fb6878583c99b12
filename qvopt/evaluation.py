"""Answers rounds of queries with one batched backend call each, and knows their price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import MeteredProgram, Point, Program
from qvopt.gradients.metric_rules import MetricRule, measured_metric, metric_rule
from qvopt.gradients.parameter_shift import GradientExpansion, measured_points
from qvopt.gradients.rules import GradientRule, get_gradient_rule
from qvopt.landscape import describe_landscape
from qvopt.measurement.allocation import (
    Scatter,
    allocate,
    learned_deviations,
    learned_weights,
)
from qvopt.measurement.blocks import in_blocks
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.extrapolation import Extrapolation
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.readout import Calibration
from qvopt.mitigation.spec import ReadoutSpec
from qvopt.optimizers.protocol import (
    Answer,
    Energy,
    Fidelity,
    Gradient,
    Landscape,
    Matrix,
    Metric,
    Query,
    Scalar,
    Spread,
    Vector,
)
from qvopt.rounds import Finish, Job, NonFiniteError, PreparedRound, Results
from qvopt.streams import stream
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass
class Evaluator:
    """Answers queries about one circuit on one program.

    Attributes:
        program: the compiled problem.
        circuit: its circuit.
        plan: how an energy is measured; None for exact values.
        shots: shots of one energy, in total over all groups, where a query does not say; None
            answers exactly.
        seed: entropy of every stream.
        gradient_rule: how measured gradients are expanded into energies.
        adaptive: whether the split over groups follows what `learn` was told.
        adaptive_gradient: whether the split of a gradient over its shifted energies follows it too.
        extrapolation: zero-noise extrapolation of every sampled energy; None for none.
        readout: how readout is corrected in sampled energies; None for not at all.
        metric_rule: how measured metrics are expanded into circuits; None as `metric_rule` says.
    """

    program: Program
    circuit: Circuit
    plan: MeasurementPlan | None
    shots: int | None
    seed: int
    gradient_rule: GradientRule = field(default_factory=get_gradient_rule)
    adaptive: bool = False
    extrapolation: Extrapolation | None = None
    readout: ReadoutSpec | None = None
    metric_rule: MetricRule | None = None
    adaptive_gradient: bool = False

    def __post_init__(self) -> None:
        self.calibration: Calibration | None = None
        self._allocations: dict[tuple[int, bool], IntArray] = {}
        self._learned: dict[bool, Scatter] = {}
        self._learned_points: Scatter | None = None
        self._last_exact: tuple[FloatArray, float, FloatArray] | None = None
        self._block = 1
        if self.shots is not None and isinstance(self.program, MeteredProgram):
            self._block = self.program.block(self.shots)
        self._last_energy: tuple[FloatArray, float] | None = None
        if self.shots is None:
            if not self.program.exact:
                raise InputError("this backend has no exact energies; give a number of shots")
        else:
            for total in self._amplified([], [self.shots], "planned")[1]:
                self._allocate(total, shifted=False)

    @cached_property
    def landscape(self) -> Landscape:
        """What the circuit says of the energy before it is measured."""
        problem = self.program.problem
        return describe_landscape(
            self.circuit, problem.observable, self.plan, self.gradient_rule, problem.hamiltonian
        )

    def prepare(self, queries: Sequence[Query], *key: int) -> PreparedRound:
        """Expand a round into circuits: its price is then known, and nothing has run.

        `key` names the round's random stream.
        """
        job = Job(lambda: stream(self.seed, *key, 2))
        return PreparedRound(self, job, self._expand(queries, job), key)

    def answer(self, queries: Sequence[Query], *key: int) -> list[Answer]:
        """Answer a round; `key` names its random stream.

        Without a calibration that a driver has set, the round makes one of its own, outside its
        price.
        """
        return self.prepare(queries, *key).run()

    def exact_energy(self, x: FloatArray) -> float:
        """The true energy at x, outside every account: for monitoring on simulators.

        Never the energy that came with a gradient: its last bits may differ, and a resumed run has
        not seen the gradients of replayed rounds.
        """
        if self._last_energy is None or not np.array_equal(self._last_energy[0], x):
            self._last_energy = (x.copy(), float(self.program.energies([Point(x)])[0]))
        return self._last_energy[1]

    def _expand(self, queries: Sequence[Query], job: Job) -> list[Finish]:
        finish: list[Finish] = []
        exact_points: list[FloatArray] = []
        differentiated = [q.x for q in queries if isinstance(q, Gradient)]
        for query in queries:
            self.circuit.check_parameters(query.x)
            if not np.all(np.isfinite(query.x)):
                raise NonFiniteError(
                    "the optimizer asked for parameters that are not finite numbers; a smaller "
                    "learning rate may mend it"
                )
            # An experiment without shots is exact, whatever an optimizer asks for.
            if self.shots is None or (isinstance(query, Metric) and query.shots == 0):
                if isinstance(query, Energy | Gradient):
                    if not any(np.array_equal(query.x, x) for x in exact_points):
                        exact_points.append(query.x)
                        job.add_exact(query.purpose)
                else:
                    job.add_exact(query.purpose)
                finish.append(self._exact(query, differentiated))
            else:
                finish.append(self._sampled(query, job))
        return finish

    def _exact(self, query: Query, differentiated: Sequence[FloatArray]) -> Finish:
        def finish(_: Results) -> Answer:
            if isinstance(query, Energy):
                if any(np.array_equal(query.x, x) for x in differentiated):
                    return Scalar(self._exact_gradient(query.x)[0])
                return Scalar(self.exact_energy(query.x))
            if isinstance(query, Gradient):
                gradient = self._exact_gradient(query.x)[1]
                return Vector(gradient, np.zeros_like(gradient))
            if isinstance(query, Metric):
                if not self.program.exact:
                    raise InputError(
                        "this backend has no exact metric; leave metric_shots out, or give a "
                        "positive number"
                    )
                metric = self.program.metric(query.x, query.kind)
                return Matrix(metric, np.zeros_like(metric))
            if not isinstance(query, Fidelity):
                raise InputError("this circuit has no pool of operators")
            pair = (Point(query.x), Point(query.y))
            return Scalar(float(self.program.fidelities([pair])[0]))

        return finish

    def _exact_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        if self._last_exact is None or not np.array_equal(self._last_exact[0], x):
            energy, gradient = self.program.gradient(x)
            self._last_exact = (x.copy(), float(energy), gradient)
        return self._last_exact[1], self._last_exact[2]

    def _sampled(self, query: Query, job: Job) -> Finish:
        if isinstance(query, Energy):
            return self._sampled_energy(query, job)
        if isinstance(query, Gradient):
            return self._sampled_gradient(query, job)
        if isinstance(query, Metric):
            return self._sampled_metric(query, job)
        if isinstance(query, Fidelity):
            return self._sampled_fidelity(query, job)
        raise InputError("this circuit has no pool of operators")

    def _sampled_energy(self, query: Energy, job: Job) -> Finish:
        # An energy that an optimizer takes derivatives from stands at a shifted point.
        shifted = query.purpose == "gradient"
        points, totals = self._amplified([Point(query.x)], [self._shots_of(query)], query.spread)
        shots, drawn = self._spread(totals, query.spread, job, shifted=shifted)
        where = job.add_points(query.purpose, points, shots, drawn, shifted=shifted)

        def finish(results: Results) -> Answer:
            estimate = self._extrapolated(results.energies[where])[0]
            return Scalar(estimate.value, estimate.variance, estimate.shots)

        return finish

    def _sampled_gradient(self, query: Gradient, job: Job) -> Finish:
        full = self.gradient_rule(self.circuit, query.x, lambda: job.rng)
        split = self._gradient_shots(query, full)
        expansion, split = measured_points(full, split)
        points, totals = self._amplified(expansion.points, split, query.spread)
        shots, drawn = self._spread(totals, query.spread, job, shifted=True)
        where = job.add_points(query.purpose, points, shots, drawn, shifted=True)
        # Deviations by shifted energy are learned from complete gradients alone.
        if self.extrapolation is None and expansion is full:
            job.gradients.append(where)
        left_out = left_out_components(query)

        def finish(results: Results) -> Answer:
            estimates = self._extrapolated(results.energies[where])
            value, variance = expansion.combine(estimates)
            variance[left_out] = np.inf
            return Vector(value, variance, sum(e.shots for e in estimates))

        return finish

    def _gradient_shots(self, query: Gradient, expansion: GradientExpansion) -> list[int]:
        """Shots of each shifted energy: by its weight, and by its deviation once it is learned."""
        n_points = len(expansion.points)
        if query.shots is None or isinstance(query.shots, int):
            each = self._shots_of(query)
            if query.spread == "planned":
                # Refuses too few for the groups.
                for part in self._amplified([], [each], query.spread)[1]:
                    self._allocate(part, shifted=True)
            least = min(each, self._least(query.spread))
            weights = expansion.weights * self._deviations(n_points)
            totals = allocate(weights, each * n_points, minimum=least)
            return [int(total) for total in totals]
        if type(expansion) is not GradientExpansion:
            raise InputError(
                "this optimizer sets the shots of every partial derivative, which a stochastic "
                "gradient rule has none of; use measurement.gradient = 'parameter-shift'"
            )
        per_component = np.asarray(query.shots, dtype=np.int64)
        if per_component.shape != (self.circuit.n_parameters,):
            raise InputError(
                f"shots must hold one number a parameter ({self.circuit.n_parameters}), got "
                f"{per_component.shape}"
            )
        split = np.zeros(n_points, dtype=np.int64)
        matrix = abs(expansion.matrix).toarray() * self._deviations(n_points)
        for weights, total in zip(matrix, per_component, strict=True):
            used = np.flatnonzero(weights)
            if len(used) and total:
                split[used] += self._split(weights[used], int(total), query.spread)
        return [int(total) for total in split]

    def _deviations(self, n_points: int) -> FloatArray:
        """Relative deviations of the shifted energies, as far as they are known."""
        learned = self._learned_points
        known = learned is not None and len(learned.squares) == n_points
        return learned_deviations(learned) if learned and known else np.ones(n_points)

    def _split(self, weights: FloatArray, total: int, spread: Spread) -> IntArray:
        """Split a component's shots over its shifted energies, each getting what it needs."""
        least = self._least(spread)
        if total < least * len(weights):
            raise InputError(
                f"{total} shots are too few for a partial derivative of {len(weights)} shifted "
                f"energies; give at least {least * len(weights)}, or 0 to leave it out"
            )
        return allocate(weights / weights.sum(), total, minimum=least)

    def _least(self, spread: Spread) -> int:
        scales = 1 if self.extrapolation is None else len(self.extrapolation.scales)
        return scales * (2 if spread == "random" else 2 * len(self.need_plan().groups))

    def _amplified(
        self, points: Sequence[Point], totals: Sequence[int], spread: Spread
    ) -> tuple[list[Point], list[int]]:
        """Points at every noise scale, and the shots of each: together those of the point."""
        if self.extrapolation is None:
            return list(points), list(totals)
        scales, least = self.extrapolation.scales, self._least(spread)
        split: list[int] = []
        for total in totals:
            if 0 < total < least:
                raise InputError(
                    f"{total} shots are too few for {len(scales)} noise scales; give at least "
                    f"{least}"
                )
            minimum = least // len(scales) if total else 0
            split.extend(allocate(self.extrapolation.share, total, minimum).tolist())
        return [replace(p, noise_scale=s) for p in points for s in scales], split

    def _extrapolated(self, results: list[Estimate]) -> list[Estimate]:
        """One estimate for each point, out of those at all noise scales."""
        if self.extrapolation is None:
            return results
        n = len(self.extrapolation.scales)
        rows = [results[k : k + n] for k in range(0, len(results), n)]
        return [self.extrapolation.combine(row) for row in rows]

    def _spread(
        self, totals: Sequence[int], spread: Spread, job: Job, *, shifted: bool
    ) -> tuple[list[IntArray], FloatArray | None]:
        """Shots by group as planned; or drawn at random, with the weights they were drawn by."""
        if spread == "random":
            weights = self._weights(shifted=shifted)
            return [job.rng.multinomial(n, weights).astype(np.int64) for n in totals], weights
        return in_blocks([self._allocate(n, shifted=shifted) for n in totals], self._block), None

    def _weights(self, *, shifted: bool) -> FloatArray:
        """The plan's weights, for energies or for the shifted circuits of gradients."""
        plan = self.need_plan()
        weights, prior = plan.weights, plan.deviations
        if shifted and plan.shifted_weights is not None:
            weights, prior = plan.shifted_weights, plan.shifted_deviations
        learned = self._learned.get(shifted)
        return weights if learned is None else learned_weights(learned, prior)

    def learn(self, found: Sequence[Scatter | None]) -> None:
        """Take note of how energies and shifted energies scattered (see `PreparedRound.found`).

        A driver tells it in the order of the rounds, replayed ones too, so that a resumed run
        splits its shots as an uninterrupted one.
        """
        for shifted, scatter in zip((False, True), found[:2], strict=True):
            if scatter is not None:
                old = self._learned.get(shifted)
                self._learned[shifted] = scatter if old is None else old.after(scatter)
        points = found[2] if len(found) > 2 else None
        if points is not None:
            before = self._learned_points
            # A circuit that has grown has other shifted energies.
            same = before is not None and len(before.squares) == len(points.squares)
            self._learned_points = before.after(points) if before and same else points
        self._allocations.clear()

    def inherit(self, other: Evaluator) -> None:
        """Take over what another evaluator of the same groups has learned."""
        self._learned = dict(other._learned)
        self._allocations.clear()

    def _sampled_metric(self, query: Metric, job: Job) -> Finish:
        rule = metric_rule(self.metric_rule, self.program)
        expansion = measured_metric(rule, self.circuit, query.x, query.kind)
        shots = self._shots_of(query)
        where = job.add_metric(query.purpose, expansion, shots)
        circuits = len(expansion.pairs) + len(expansion.readings) + len(expansion.overlaps)

        def finish(results: Results) -> Answer:
            value, variance = expansion.combine(where.samples(results), shots)
            return Matrix(value, variance, circuits * shots)

        return finish

    def _sampled_fidelity(self, query: Fidelity, job: Job) -> Finish:
        shots = self._shots_of(query)
        where = job.add_pairs(query.purpose, [(Point(query.x), Point(query.y))], shots)

        def finish(results: Results) -> Answer:
            p = float(results.fidelities[where][0]) / shots
            return Scalar(p, p * (1 - p) / max(shots - 1, 1), shots)

        return finish

    def _shots_of(self, query: Query) -> int:
        shots = query.shots if query.shots is not None else self.shots
        if not isinstance(shots, int | np.integer) or shots <= 0:
            raise InputError(f"shots must be a positive integer, got {shots!r}")
        return int(shots)

    def need_plan(self) -> MeasurementPlan:
        """Return the plan, or raise InputError if there is none."""
        if self.plan is None:
            raise InputError("a number of shots needs a measurement plan, and there is none")
        return self.plan

    def _allocate(self, shots: int, *, shifted: bool) -> IntArray:
        key = (shots, shifted)
        if key not in self._allocations:
            self._allocations[key] = allocate(self._weights(shifted=shifted), shots)
        return self._allocations[key]


def left_out_components(query: Gradient) -> npt.NDArray[np.bool_]:
    """Return which components a gradient query leaves out, with zero shots."""
    if query.shots is None or isinstance(query.shots, int):
        return np.zeros(len(query.x), dtype=np.bool_)
    shots: IntArray = np.asarray(query.shots, dtype=np.int64)
    return np.asarray(shots == 0)

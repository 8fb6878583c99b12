"""The final estimate: a fresh energy at the last point, as precise as was asked.

A run asks for its precision σ or for its shots N. N shots are one round. For σ a first round (the
pilot) measures the variance there; where its own error is above σ, one further round takes

    n = V n₁ r f / σ²,    r = Σ_g (s_g²/w'_g) / Σ_g (s_g²/w_g),    f = 1.1 d / χ²_{5 %}(d) ≤ 2

shots, split over the groups by the variances s_g² that the pilot showed, and its energy is reported
alone. V is the pilot's variance, n₁ its shots, d the degrees of freedom of V, w_g and w'_g the
shares of the groups in the pilot and after it. f makes σ hold in 95 of 100 runs. n depends on the
pilot, and the outcomes of the second round do not: its energy is unbiased and its variance is its
own (the first half of C. Stein, Ann. Math. Stat. 16, 243 (1945), which pools both).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from qvopt.backends.cost import Cost
from qvopt.engine.evaluator import Evaluator
from qvopt.engine.learned import Learned
from qvopt.engine.part import CALIBRATION
from qvopt.experiment.specification import MeasurementSpec
from qvopt.measurement.allocation import Scatter, shares_by_deviation
from qvopt.optimizers.protocol import Answer, Energy, Query, Scalar
from qvopt.records.end_events import FinalRecord
from qvopt.records.ledger import FINAL, Costs, Ledger
from qvopt.runs.rounds import JournaledRounds, RoundName
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import BudgetExceededError, InputError
from qvopt_molecules.pauli import PauliSum

PRECISION: Final = 1e-3
"""Standard error that a run aims at which names none: 1 mHa (in the unit of its problem)."""

SHARE: Final = 0.1
"""Of a run's shots, or of its budget, that such a final estimate takes at most."""

_PILOT: Final = 0.1  # of the shots that are expected
_SPARE: Final = 1.2  # kept back over what is expected
_WORTH: Final = 4
_CONFIDENCE: Final = 0.05
_MARGIN: Final = 1.1  # for what the split of the shots gains less than expected
_MOST_DOUBT: Final = 2.0
_EVENLY: Final = 0.2
_MOST: Final = 10**12


@dataclass(frozen=True)
class FinalAim:
    """How good the final estimate is to be: `shots`, or else a `precision`.

    `share` bounds the shots for a precision, as part of the budget or of what the run has spent.
    """

    shots: int | None = None
    precision: float | None = None
    share: float | None = None

    @classmethod
    def of(cls, settings: MeasurementSpec) -> FinalAim | None:
        """Read the settings; None where they name no aim."""
        if settings.final_shots is None and settings.final_precision is None:
            return None
        return cls(settings.final_shots, settings.final_precision, settings.final_share)


@dataclass(frozen=True)
class Measured:
    """The energy of the final estimate, the answers beside it, and how it was measured."""

    energy: Scalar
    others: tuple[Scalar, ...]
    record: FinalRecord | None


@dataclass(frozen=True)
class FinalEstimate:
    """Measures final energies.

    Attributes:
        aim: how good they are to be; None takes the shots of one energy.
        best: makes the evaluator that serves energies alone, of that of the run.
    """

    aim: FinalAim | None = None
    best: Callable[[Evaluator], Evaluator] = lambda evaluator: evaluator.reported

    def reserve(self, evaluator: Evaluator, points: Sequence[FloatArray], ledger: Ledger) -> Cost:
        """What the budget keeps back for the end: the expected cost, without calibrations.

        Args:
            evaluator: of the run.
            points: the last point, and those that are measured beside it.
            ledger: of the run.
        """
        reported = evaluator.reported
        aim = self._aim_of(reported)
        if aim is None:
            return _cost(reported, [Energy(p, purpose=FINAL) for p in points])
        limit = self._limit(aim, reported, points[0], ledger)
        first = self._first(aim, reported, limit)
        others: list[Query] = [Energy(p, purpose=FINAL) for p in points[1:]]
        cost = _cost(reported, [Energy(points[0], first, FINAL), *others])
        wanted = math.ceil(_SPARE * self.expected(reported))
        rest = min(wanted, limit - first)
        if rest > _least_second(first, rest < wanted):
            cost = cost + _cost(reported, [Energy(points[0], rest, FINAL)])
        return cost

    def most(
        self, evaluator: Evaluator, points: Sequence[FloatArray], ledger: Ledger
    ) -> Cost | None:
        """What it takes at most, whatever its first round shows, without calibrations.

        Args:
            evaluator, points: as of `reserve`.
            ledger: of the run at its end: what was spent bounds a share where no budget does.

        Returns None where a precision was asked for without a bound on its shots.
        """
        reported = evaluator.reported
        aim = self._aim_of(reported)
        if aim is None or aim.precision is None:
            return self.reserve(evaluator, points, ledger)
        if aim.share is None:
            return None
        limit = self._limit(aim, reported, points[0], ledger)
        first = self._first(aim, reported, limit)
        others: list[Query] = [Energy(p, purpose=FINAL) for p in points[1:]]
        cost = _cost(reported, [Energy(points[0], first, FINAL), *others])
        rest = limit - first
        if rest > _least_second(first, rest < self.expected(reported)):
            cost = cost + _cost(reported, [Energy(points[0], rest, FINAL)])
        return cost

    def refuse_beyond_budget(self, reserve: Cost, ledger: Ledger) -> None:
        """Raise InputError where what was asked of the final estimate is more than a budget has."""
        if self.aim is None or self.aim.share is not None:
            return
        try:
            Ledger(ledger.budget).check({FINAL: reserve})
        except BudgetExceededError:
            asked = f"final_shots = {self.aim.shots}"
            if self.aim.shots is None:
                asked = f"final_precision = {self.aim.precision:g}"
            raise InputError(
                f"the final estimate, {asked}, takes about {reserve.shots:,} shots, and that is "
                f"more than the budget has; ask less of it, or give a larger budget"
            ) from None

    def measure(
        self,
        rounds: JournaledRounds,
        evaluator: Evaluator,
        points: Sequence[FloatArray],
        name: RoundName,
        ledger: Ledger,
        operators: Mapping[str, PauliSum] | None = None,
    ) -> Measured:
        """Measure the energy at the first of `points`, and with the shots of one at the others.

        `operators` are read off the outcomes of the energy.

        Raises BudgetExceededError where the first round does not fit in.
        """
        reported = evaluator.reported
        aim = self._aim_of(reported)
        if aim is None:
            queries: list[Query] = [Energy(p, purpose=FINAL) for p in points]
            answers = rounds.answer(reported, queries, *name, operators=operators)
            return Measured(_scalar(answers[0]), tuple(map(_scalar, answers[1:])), None)
        best = self.best(evaluator)
        limit = self._limit(aim, reported, points[0], ledger)
        first = rounds.recorded_shots(name) or self._first(aim, reported, limit)
        x = points[0]
        queries = [Energy(x, first, FINAL), *(Energy(p, purpose=FINAL) for p in points[1:])]
        learned = replace(rounds.learned, energies=None, shifted=None, points=None)
        pilots = best
        if min(self.expected(reported), limit - first) > _least_second(first, True):
            pilots = _with_every_group(best)
        answers, observed = rounds.answer_beside(pilots, queries, name, learned, operators)
        pilot = _scalar(answers[0])
        others = tuple(map(_scalar, answers[1:]))
        plan = best.need_plan().name
        if aim.precision is None:
            return Measured(pilot, others, FinalRecord(pilot.shots, plan, dof=pilot.dof))
        gain = 1.0
        if observed is not None and observed[0] is not None:
            best, gain = _reallocated(best, observed[0], pilots.need_plan().weights)
        second = name.for_estimate()
        wanted = _shots_for(aim.precision, pilot, gain)
        rest = limit - first
        allowed = min(wanted, rest)
        # Where less is left than is expected, few shots are not stated beforehand (`most`).
        bounded = allowed < wanted or rest < self.expected(reported)
        least = _least_second(first, bounded)
        shots = rounds.recorded_shots(second)
        if shots is None:
            shots = _largest(
                allowed,
                lambda n: _fits(best, x, n, learned, second, ledger),
                least=least,
            )
        bound = ""
        if shots < wanted:
            in_share = allowed == wanted and not (bounded and allowed <= least)
            bound = "budget" if shots < allowed and in_share else "share"
        if not shots:
            record = FinalRecord(pilot.shots, plan, aim.precision, 0, bound, pilot.dof)
            return Measured(pilot, others, record)
        answers, _ = rounds.answer_beside(
            best, [Energy(x, shots, FINAL)], second, learned, operators
        )
        energy = _scalar(answers[0])
        record = FinalRecord(energy.shots, plan, aim.precision, pilot.shots, bound, energy.dof)
        return Measured(energy, others, record)

    def expected(self, evaluator: Evaluator) -> int:
        """Shots that a precision takes, by what is known before anything is measured."""
        if self.aim is None or self.aim.precision is None:
            return 0
        plan = evaluator.need_plan()
        known = plan.deviations
        variances = plan.prior.variances if known is None else np.square(known)
        variance = float(np.sum(variances / plan.weights)) * evaluator.copies**2
        return math.ceil(min(variance / self.aim.precision**2, _MOST))

    def _aim_of(self, evaluator: Evaluator) -> FinalAim | None:
        return None if evaluator.shots is None else self.aim

    def _first(self, aim: FinalAim, evaluator: Evaluator, limit: int) -> int:
        """Shots of the first round: never fewer than an energy of the run has."""
        if aim.shots is not None:
            return aim.shots
        least = evaluator.shots_of(None)
        return max(least, math.ceil(_PILOT * min(self.expected(evaluator), limit)))

    def _limit(self, aim: FinalAim, evaluator: Evaluator, x: FloatArray, ledger: Ledger) -> int:
        """The most shots of the final estimate: its share of the budget, else of what was spent."""
        share = aim.share
        if share is None:
            return _MOST
        least = evaluator.shots_of(None)
        caps = {k: v for k, v in ledger.budget.caps() if k in ("shots", "qpu_seconds", "money")}
        if not caps:
            spent = sum(c.shots for p, c in ledger.spent.items() if p != FINAL)
            return max(least, math.floor(share * spent))

        def within(n: int) -> bool:
            cost = _cost(evaluator, [Energy(x, n, FINAL)])
            return all(getattr(cost, name) <= share * cap for name, cap in caps.items())

        return max(least, _largest(self.expected(evaluator) * 4, within, least=least))


def _cost(evaluator: Evaluator, queries: Sequence[Query]) -> Cost:
    """Without a calibration, which is made long before the end."""
    costs = evaluator.prepare(queries).costs
    return sum((c for p, c in costs.items() if p != CALIBRATION), Cost())


def _fits(
    evaluator: Evaluator,
    x: FloatArray,
    shots: int,
    learned: Learned,
    name: RoundName,
    ledger: Ledger,
) -> bool:
    """Whether the budget has room for a round."""
    prepared = evaluator.prepare(
        [Energy(x, shots, FINAL)], name.stream, name.number, learned=learned
    )
    costs: Costs = prepared.costs
    try:
        ledger.check(costs)
    except BudgetExceededError:
        return False
    return True


def _least_second(first: int, bounded: bool) -> int:
    """Shots that a second round must pass: bounded, and too few to halve the error, it is none."""
    return _WORTH * first - 1 if bounded else first


def _largest(most: int, holds: Callable[[int], bool], *, least: int) -> int:
    """Return the largest n ≤ most for which it holds, to three digits; 0 if none above `least`."""
    if most <= least:
        return 0
    if holds(most):
        return most
    low, high = least, most
    if not holds(low):
        return 0
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _with_every_group(evaluator: Evaluator) -> Evaluator:
    """Return an evaluator that takes some shots of groups that scatter little in the plan's state.

    In the state at hand, or under noise, they may scatter more.
    """
    plan = evaluator.need_plan()
    even = np.full(len(plan.groups), 1.0 / max(len(plan.groups), 1))
    weights = (1.0 - _EVENLY) * plan.weights + _EVENLY * even
    return replace(evaluator, plan=replace(plan, weights=weights))


def _reallocated(
    evaluator: Evaluator, scatter: Scatter, before: FloatArray
) -> tuple[Evaluator, float]:
    """Return an evaluator that splits shots by the variances that a pilot showed, and its gain.

    The variances are those that an energy is reported with (`qvopt.measurement.prior`): a group
    that showed no rare outcome yet is not starved for that. The gain is the variance over that at
    the shares `before`, at equal shots; at most 1.
    """
    plan = evaluator.need_plan()
    shots = scatter.freedoms + 1.0
    variances = plan.prior.of_each(shots, scatter.squares)[0] * shots
    weights = shares_by_deviation(np.sqrt(variances))
    old, new = (float(np.sum(variances / w)) for w in (before, weights))
    gain = min(new / old, 1.0) if old > 0.0 else 1.0
    return replace(evaluator, plan=replace(plan, weights=weights), learns_groups=False), gain


def _shots_for(precision: float, pilot: Scalar, gain: float) -> int:
    """Shots for a standard error, by the upper limit of the pilot's variance; 0 if it has it."""
    if pilot.variance <= precision**2:
        return 0
    from scipy.special import chdtri

    factor = _MARGIN
    if math.isfinite(pilot.dof):
        factor = min(factor * pilot.dof / float(chdtri(pilot.dof, 1 - _CONFIDENCE)), _MOST_DOUBT)
    shots = pilot.variance * pilot.shots * gain * factor / precision**2
    return math.ceil(shots) if shots < _MOST else _MOST


def _scalar(answer: Answer) -> Scalar:
    assert isinstance(answer, Scalar)
    return answer

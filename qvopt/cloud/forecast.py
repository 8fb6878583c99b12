"""What a run on hardware will take, before anything is sent: its first steps, played dry."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.backends.protocol import Bill, Counts, MeteredProgram, Outcomes, Point
from qvopt.engine.growing import GrowingEvaluator
from qvopt.measurement.estimate import Moments
from qvopt.optimizers.registry import get_optimizer
from qvopt.records.ledger import Budget, Cost, Ledger
from qvopt.runs.driver import Driver
from qvopt_molecules.errors import InputError

from .budgets import make_budget
from .program import HardwareProgram

IntArray = npt.NDArray[np.int64]

_PLAYED = 3


class DryProgram:
    """Stands for a hardware program: answers with noise around nothing, and bills the forecast."""

    def __init__(self, program: HardwareProgram) -> None:
        self._program = program
        self._bill = Bill()
        self._rng = np.random.default_rng(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._program, name)

    def sample(self, points: Sequence[Point], shots: IntArray, seed: Any) -> list[list[Moments]]:
        """Moments of a group with a spread of 0.1 Ha a shot."""
        self._bill += self.forecast(points, shots, [], np.zeros(0, dtype=np.int64))
        return [
            [Moments(n, float(self._rng.normal(0, 0.1 / max(n, 1) ** 0.5)), 0.01 * n) for n in row]
            for row in shots.tolist()
        ]

    def sample_counts(self, points: Sequence[Point], shots: IntArray, seed: Any) -> Any:
        """Every shot gives 0."""
        self._bill += self.forecast(points, shots, [], np.zeros(0, dtype=np.int64))
        return [[{0: n} if n else {} for n in row] for row in shots.tolist()]

    def sample_fidelities(self, pairs: Any, shots: IntArray, seed: Any) -> IntArray:
        """Nine tenths of the shots."""
        self._bill += self.forecast([], np.zeros((0, 0), dtype=np.int64), pairs, shots)
        return np.asarray(0.9 * shots, dtype=np.int64)

    def sample_generators(self, readings: Any, shots: IntArray, seed: Any) -> list[Outcomes]:
        """Every generator is -1 as often as 1, and they agree."""
        none = np.zeros((0, 0), dtype=np.int64)
        self._bill += self.forecast([], none, [], none.ravel(), readings, shots)
        return [
            (
                np.tile([[-1.0], [1.0]], (1, len(r.gates))),
                np.array([n // 2, n - n // 2], dtype=np.int64),
            )
            for r, n in zip(readings, shots.tolist(), strict=True)
        ]

    def sample_calibration(self, shots: int, seed: Any) -> tuple[tuple[int, ...], Counts, Counts]:
        """A readout without errors."""
        self._bill += self.forecast_calibration(shots)
        qubits = self.readout_qubits(0)
        return qubits, {0: shots}, {2 ** len(qubits) - 1: shots}

    def take_bill(self) -> Bill:
        """The forecasts since this was asked last."""
        bill, self._bill = self._bill, Bill()
        return bill


@dataclass(frozen=True)
class RunForecast:
    """Costs of the first step, of each later one and of the final check; and of the whole run.

    `steps` is the experiment's most steps. An optimizer may end before, or ask for more in some
    steps than in those that were played.
    """

    device: str
    steps: int
    first: Cost
    each: Cost
    final: Cost
    budget: Budget
    priced: bool
    currency: str

    @property
    def whole(self) -> Cost:
        """All steps and the final check."""
        total = self.first + self.final
        more = max(self.steps - 1, 0)
        c = self.each
        return total + Cost(
            more * c.evaluations,
            more * c.circuits,
            more * c.shots,
            more * c.jobs,
            more * c.qpu_seconds,
            more * c.money,
        )

    def steps_in_budget(self) -> int:
        """Steps that fit in, at the forecast's costs, with the final check."""
        left = self.steps
        for name, cap in self.budget.caps():
            first, each = getattr(self.first, name), getattr(self.each, name)
            room = cap - getattr(self.final, name) - first
            if self.steps and room < 0:
                return 0
            if each > 0:
                left = min(left, 1 + int(room / each + 1e-9))
        return left

    def warnings(self) -> list[str]:
        """One line where the budget ends the run before its last step."""
        fit = self.steps_in_budget()
        if fit >= self.steps:
            return []
        what = f"about {fit:,} of the {self.steps:,} steps" if fit else "not even the first step"
        return [f"the budget pays for {what}"]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each part."""
        parts = {
            "first step": self.first,
            "each later step": self.each,
            "final check": self.final,
            f"{self.steps} steps": self.whole,
        }
        return [
            {
                "part": name,
                "jobs": cost.jobs,
                "circuits": cost.circuits,
                "shots": cost.shots,
                "qpu_seconds": round(cost.qpu_seconds, 2),
                "money": round(cost.money, 4) if self.priced else None,
            }
            for name, cost in parts.items()
        ]


def forecast_run(assembly: Any) -> RunForecast:
    """Play the first steps of an assembled experiment, with nothing sent.

    Raises InputError where its backend is not hardware.
    """
    program, experiment = assembly.program, assembly.experiment
    if not isinstance(program, HardwareProgram):
        raise InputError("only runs on hardware have a forecast of jobs; use `qvopt run --dry`")
    evaluator = assembly.evaluator
    if isinstance(evaluator, GrowingEvaluator):
        raise InputError(
            "a circuit that grows has no forecast: cap the run by --budget in jobs, shots or "
            "QPU seconds"
        )
    dry: Any = DryProgram(program)
    assert isinstance(dry, MeteredProgram)
    evaluator.program = dry
    spec = experiment.optimizer_spec
    played = min(_PLAYED, experiment.max_steps)
    ledger = Ledger()
    driver = Driver(
        evaluator,
        get_optimizer(spec.name, **spec.options),
        assembly.start,
        experiment.seed,
        played,
        ledger,
        experiment.monitor or "none",
    )
    totals = [ledger.total for _ in driver]
    evaluator.program = program
    final = _less(ledger.total, totals[-1])
    # What is spent by step 0, such as its monitor's energy, is the first step's.
    steps = [_less(b, a) for a, b in itertools.pairwise([Cost(), *totals[1:]])]
    first = steps[0] if steps else totals[0]
    each = steps[-1] if steps else Cost()
    return RunForecast(
        program.device.full_name,
        experiment.max_steps,
        first,
        each,
        final,
        make_budget(experiment.budget, program),
        program.device.price.known,
        program.device.price.currency,
    )


def _less(a: Cost, b: Cost) -> Cost:
    return Cost(
        a.evaluations - b.evaluations,
        a.circuits - b.circuits,
        a.shots - b.shots,
        a.jobs - b.jobs,
        a.qpu_seconds - b.qpu_seconds,
        a.money - b.money,
    )

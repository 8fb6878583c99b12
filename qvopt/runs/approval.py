"""The brake on runs that cost money or a place in a queue: a bound, a statement, and an approval.

Every task that may submit jobs passes here before its first one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, Pricing
from qvopt.engine.assembly import Assembly
from qvopt.experiment.specification import Experiment
from qvopt.records.ledger import Costs
from qvopt_molecules.errors import InputError

from .budget import caps_of, refuse_unbounded
from .forecast import forecast_run

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class CostStatement:
    """What jobs may take, before the first of them is submitted.

    Attributes:
        pricing: of the device.
        cost: jobs, circuits, shots, QPU seconds and money; None where there is no forecast.
        purpose: what they are for, such as "2 runs".
        durable: whether jobs outlive the process.
        caps: of a budget, by name; they hold for each run.
        currency: of the cap in money.
        remarks: further lines, such as how many steps the budget pays for.
        runs: how many they are.
    """

    pricing: Pricing
    cost: Cost | None
    purpose: str
    durable: bool = True
    caps: Mapping[str, float] = field(default_factory=dict)
    currency: str = "USD"
    remarks: tuple[str, ...] = ()
    runs: int = 1

    @property
    def simulated(self) -> bool:
        """Whether nothing is paid or queued."""
        return self.pricing.simulated

    @property
    def lines(self) -> list[str]:
        """The statement in words."""
        lines = [*self.remarks]
        if self.cost is not None:
            amounts = cost_words(self.pricing, self.cost, durable=self.durable)
            lines.insert(0, f"{self.pricing.device}: {amounts} for {self.purpose}")
        if self.caps:
            what = "each run" if self.runs > 1 else "the run"
            lines.append(caps_line(self.caps, self.currency, what))
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


Approve = Callable[[CostStatement], object]
"""Is called with what jobs may take; a false value refuses them."""


def cost_words(pricing: Pricing, cost: Cost, *, durable: bool = True) -> str:
    """Jobs and shots, and of jobs that outlive the process QPU seconds and money, in words."""
    words = [f"{cost.jobs:,} {'job' if cost.jobs == 1 else 'jobs'}", f"{cost.shots:,} shots"]
    if durable:
        assumed = " (assumed)" if pricing.time_assumed else ""
        words.append(f"about {cost.qpu_seconds:,.0f} QPU seconds{assumed}")
        words.append(f"{cost.money:,.2f} {pricing.currency}" if pricing.known else "not priced")
    return ", ".join(words)


def caps_line(caps: Mapping[str, float], currency: str, what: str = "the run") -> str:
    """The caps of a budget in one line; `what` stops before it passes them."""
    units = {"qpu_seconds": "QPU seconds", "money": currency}
    amounts = ", ".join(f"{v:,.10g} {units.get(k, k)}" for k, v in caps.items())
    return f"{what} stops before it passes {amounts}"


def runs_in_words(runs: int) -> str:
    """Their number."""
    return "1 run" if runs == 1 else f"{runs:,} runs"


def agree(statement: CostStatement, approve: Approve | None) -> None:
    """State what jobs may take, and go on unless the answer is no.

    Args:
        statement: what they may take.
        approve: is called with it, also where nothing is paid or queued; None writes the statement
            to the log, as a warning, where something is.

    Raises InputError where `approve` returns a false value.
    """
    if approve is None:
        if not statement.simulated:
            _log.warning("%s", statement)
    elif not approve(statement):
        raise InputError("not agreed to, and nothing was submitted")


def approve_run(
    assembly: Assembly,
    approve: Approve | None,
    *,
    more_steps: int = 0,
    spent: Cost | None = None,
) -> None:
    """State what a run may take before its first job, and go on unless the answer is no.

    A run that has submitted a job was agreed to, but for steps beyond those of its experiment.

    Args:
        assembly: of the run, its program attached to the journal.
        approve: see `agree`.
        more_steps: how many steps beyond those of its experiment it takes.
        spent: by the run so far.

    Raises InputError where the answer is no.
    """
    program = assembly.program
    if not isinstance(program, DurableProgram):
        return
    experiment = assembly.experiment
    if program.submitted():
        if more_steps <= 0:
            return
        steps = more_steps
    else:
        steps = experiment.max_steps + more_steps
    experiment = experiment.model_copy(update={"max_steps": steps})
    statement = run_statement(replace(assembly, experiment=experiment), spent=spent)
    agree(statement, approve)


def approve_measurement(
    assembly: Assembly, costs: Costs, purpose: str, approve: Approve | None
) -> None:
    """State what one measurement takes before its job, and go on unless the answer is no.

    Args:
        assembly: of the run that is measured.
        costs: by purpose, as they are forecast.
        purpose: in words.
        approve: see `agree`.

    Raises InputError where the answer is no.
    """
    if isinstance(assembly.program, DurableProgram):
        agree(statement_of(assembly, sum(costs.values(), Cost()), purpose), approve)


def approve_runs(
    experiment: Experiment, assembly: Assembly, runs: int, approve: Approve | None
) -> None:
    """The same of a task of several runs, before the first of them.

    Args:
        experiment: of every run, but for what the task changes, as it was given.
        assembly: its parts.
        runs: how many there are at most.
        approve: see `agree`.

    Raises InputError where a run has no bound, and where the answer is no.
    """
    if not isinstance(assembly.program, DurableProgram):
        return
    refuse_unbounded(experiment, assembly.program, runs)
    agree(run_statement(assembly, runs), approve)


def run_statement(assembly: Assembly, runs: int = 1, *, spent: Cost | None = None) -> CostStatement:
    """What equal runs on hardware may take beyond what was spent; nothing is sent."""
    program = assembly.program
    assert isinstance(program, DurableProgram)
    try:
        forecast = forecast_run(assembly, spent=spent)
    except InputError as error:
        return statement_of(assembly, None, "", (f"{program.pricing.device}: {error}",), runs)
    steps = f"{forecast.steps:,} {'step' if forecast.steps == 1 else 'steps'}"
    purpose = f"{steps} and the final estimate" if runs == 1 else runs_in_words(runs)
    total = forecast.total.times(runs)
    return statement_of(assembly, total, purpose, tuple(forecast.remarks()), runs)


def statement_of(
    assembly: Assembly,
    cost: Cost | None,
    purpose: str,
    remarks: tuple[str, ...] = (),
    runs: int = 1,
) -> CostStatement:
    """What work on an assembly's device may take, under the caps of its experiment."""
    program, budget = assembly.program, assembly.experiment.budget
    assert isinstance(program, DurableProgram)
    caps, currency = caps_of(budget), budget.currency or program.pricing.currency
    return CostStatement(
        program.pricing, cost, purpose, program.durable, caps, currency, remarks, runs
    )

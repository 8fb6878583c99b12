"""The caps of a run, as its backend can keep them."""

from __future__ import annotations

from qvopt.backends.protocol import DurableProgram, Program
from qvopt.experiment.specification import BudgetSpec, Experiment
from qvopt.records.ledger import Budget
from qvopt_molecules.errors import InputError


def make_budget(spec: BudgetSpec, program: Program, *, begun: bool = False) -> Budget:
    """Return the caps; raises InputError where one in money or QPU seconds cannot be kept.

    Nor may one stop nothing, but for what was `begun` with it by an earlier version.
    """
    data = spec.model_dump()
    if spec.qpu_seconds is not None and isinstance(program, DurableProgram) and not begun:
        _check_seconds(program)
    currency = data.pop("currency")
    if spec.money is not None:
        if not isinstance(program, DurableProgram):
            raise InputError("a simulator costs no money; take the cap in money out of the budget")
        pricing = program.pricing
        if not pricing.known:
            raise InputError(
                f"{pricing.device} has no known price, so that a cap in money cannot be kept; cap "
                f"QPU seconds, shots or jobs, or give the price in [backend]"
            )
        if pricing.free and not program.durable and not begun:
            raise InputError(
                f"jobs of {pricing.device} are simulated here and cost no money, so that a cap in "
                f"money would stop nothing; take it out of the budget, or rehearse it on a "
                f"snapshot: set timed = true and price_per_second in [backend]"
            )
        if pricing.free:
            return Budget(**data, currency=currency or pricing.currency)  # in any currency
        if currency is not None and currency != pricing.currency:
            raise InputError(
                f"{pricing.device} is priced in {pricing.currency}, the budget in {currency}; give "
                f"the budget in {pricing.currency}"
            )
        currency = pricing.currency
    return Budget(**data, currency=currency or "USD")


def _check_seconds(program: DurableProgram) -> None:
    pricing = program.pricing
    if pricing.timed:
        return
    if pricing.simulated and not program.durable:
        mend = "a snapshot counts them with timed = true in [backend]; else cap shots or jobs"
    else:
        mend = "cap shots or jobs"
    raise InputError(
        f"no QPU seconds are counted for jobs of {pricing.device}, so that a cap in them would "
        f"stop nothing; {mend}"
    )


def caps_of(budget: BudgetSpec) -> dict[str, float]:
    """The caps that are set."""
    return budget.model_dump(exclude_none=True, exclude={"currency"})


def refuse_unbounded(experiment: Experiment, program: Program, runs: int = 1) -> None:
    """Raise InputError for runs on paid or queued hardware with neither a cap nor `max_steps`."""
    if not isinstance(program, DurableProgram) or program.pricing.simulated:
        return
    if "max_steps" in experiment.model_fields_set or caps_of(experiment.budget):
        return
    device, steps = program.pricing.device, experiment.max_steps
    which = f"this run on {device} may be (it" if runs == 1 else (
        f"the {runs} runs on {device} may be (each"
    )  # fmt: skip
    raise InputError(
        f"nothing limits how long {which} would take up to {steps} steps): add --max-steps 20, or "
        f"a cap such as --budget '20 QPU-min' or '100 jobs' (in Python and in files max_steps = 20 "
        f"or budget = '20 QPU-min')"
    )

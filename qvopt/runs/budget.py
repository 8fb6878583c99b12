"""The caps of a run, as its backend can keep them."""

from __future__ import annotations

from qvopt.backends.protocol import DurableProgram, Program
from qvopt.experiment.specification import BudgetSpec
from qvopt.records.ledger import Budget
from qvopt_molecules.errors import InputError


def make_budget(spec: BudgetSpec, program: Program) -> Budget:
    """Return the caps; raises InputError where one in money cannot be kept."""
    data = spec.model_dump()
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
        if pricing.free:
            return Budget(**data, currency=currency or pricing.currency)  # in any currency
        if currency is not None and currency != pricing.currency:
            raise InputError(
                f"{pricing.device} is priced in {pricing.currency}, the budget in {currency}; give "
                f"the budget in {pricing.currency}"
            )
        currency = pricing.currency
    return Budget(**data, currency=currency or "USD")

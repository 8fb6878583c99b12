"""What a run has spent, by purpose, and the caps on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from qvopt.backends.cost import NOTHING, Cost
from qvopt_molecules.errors import BudgetExceededError

Costs = dict[str, Cost]
"""Cost by purpose: energy, gradient, metric, calibration, line-search, monitor, final, …"""

FINAL: Final = "final"
"""The purpose of what is measured at the end of a run."""


def add_costs(costs: Mapping[str, Cost], more: Mapping[str, Cost]) -> Costs:
    """Return the costs of both, purpose by purpose; nothing spent has no purpose."""
    total = dict(costs)
    for purpose, cost in more.items():
        if cost.evaluations or cost != NOTHING:
            total[purpose] = total[purpose] + cost if purpose in total else cost
    return total


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps over everything a run ever spends; None is no cap. Money is in `currency`."""

    shots: int | None = None
    circuits: int | None = None
    evaluations: int | None = None
    jobs: int | None = None
    qpu_seconds: float | None = None
    money: float | None = None
    currency: str = "USD"

    def unit(self, name: str) -> str:
        """Return what amounts under a cap are counted in."""
        return {"qpu_seconds": "QPU seconds", "money": self.currency}.get(name, name)

    def caps(self) -> Iterator[tuple[str, float]]:
        """Iterate over the caps that are set."""
        for name in ("shots", "circuits", "evaluations", "jobs", "qpu_seconds", "money"):
            cap = getattr(self, name)
            if cap is not None:
                yield name, cap


@dataclass
class Ledger:
    """Adds up costs and refuses a spend that would pass a cap.

    Attributes:
        budget: the caps.
        spent: everything spent, by purpose.
        simulated: whether shots are simulated, so that some of them may stay outside the caps.
        outside: what was spent and does not count against the caps.
    """

    budget: Budget = field(default_factory=Budget)
    spent: Costs = field(default_factory=dict)
    simulated: bool = False
    outside: Cost = NOTHING

    @property
    def total(self) -> Cost:
        """Everything spent so far."""
        return sum(self.spent.values(), NOTHING)

    def check(self, planned: Mapping[str, Cost], reserve: Cost | None = None) -> None:
        """Raise BudgetExceededError if `planned` would pass a cap, or eat into `reserve`."""
        caps = tuple(self.budget.caps())
        if not caps:
            return
        total = sum(planned.values(), self.total) + (reserve or Cost())
        for name, cap in caps:
            outside = getattr(self.outside, name)
            spent, needed = (getattr(cost, name) - outside for cost in (self.total, total))
            if needed > cap:
                raise BudgetExceededError(
                    f"the next round and the final estimate need "
                    f"{_amount(needed - spent)} {self.budget.unit(name)}, but only "
                    f"{_amount(cap - spent)} of {_amount(cap)} are left"
                )

    def charge(self, costs: Mapping[str, Cost]) -> None:
        """Add `costs` to what was spent."""
        self.spent = add_costs(self.spent, costs)

    def charge_passed_end(self, costs: Mapping[str, Cost]) -> None:
        """Add the final estimate of an end that the run has gone on after.

        Simulated, it stays outside the caps, so that the steps that follow are those of a run that
        was not interrupted. A calibration in it serves later rounds too, and counts.
        """
        self.charge(costs)
        if self.simulated:
            estimates = (cost for purpose, cost in costs.items() if purpose != "calibration")
            self.outside = sum(estimates, self.outside)


def _amount(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"

"""What a run of a comparison may spend.

budget = 100_000                                   # shots
budget = "1e5 shots, 2000 circuits"                # the same, as `qvopt run --budget` takes it
budget = {shots = 100_000, circuits = 2_000}       # whichever is used up first
budget = [10_000, 100_000, 1_000_000]              # every problem with each
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from qvopt.backends.catalogue import is_provider
from qvopt.experiment.budget_text import parse_budget
from qvopt.experiment.counts import Count, Shots
from qvopt.experiment.strict_model import StrictModel
from qvopt_molecules.errors import InputError

_UNITS: Final = {
    "shots": "shots", "circuits": "circuits", "jobs": "jobs", "qpu_seconds": "QPU seconds",
}  # fmt: skip


class RunBudget(StrictModel):
    """Caps on everything that a run spends, in one unit or several.

    Attributes:
        shots: measurements of the whole register.
        circuits: settings times measurement groups.
        jobs, qpu_seconds: what a vendor bills; on hardware.
    """

    shots: Shots | None = Field(default=None, gt=0, le=10**15)
    circuits: Count | None = Field(default=None, gt=0, le=10**15)
    jobs: Count | None = Field(default=None, gt=0, le=10**9)
    qpu_seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _caps_something(self) -> Self:
        if not self.caps():
            raise ValueError("a budget needs a cap: " + ", ".join(_UNITS))
        return self

    def caps(self) -> dict[str, Any]:
        """The caps that are set, as an experiment takes them."""
        return self.model_dump(exclude_none=True)

    def text(self) -> str:
        """The caps in words: "100,000 shots and 200 circuits"."""
        return " and ".join(f"{cap:,} {_UNITS[name]}" for name, cap in self.caps().items())

    def energies(self, shots: int, groups: int) -> float:
        """How many energies the caps pay; infinite if neither shots nor circuits are capped.

        Args:
            shots: of one energy.
            groups: circuits of one energy.
        """
        by_shots = math.inf if self.shots is None else self.shots / shots
        by_circuits = math.inf if self.circuits is None else self.circuits / max(groups, 1)
        return min(by_shots, by_circuits)

    @property
    def rounds(self) -> float:
        """How many rounds the caps pay at most: a round is a job, and a job about a second."""
        return min(self.jobs or math.inf, self.qpu_seconds or math.inf)

    def check_backend(self, backend: str) -> None:
        """Raise InputError for a cap that a backend never uses up."""
        if is_provider(backend):
            return
        for name in ("jobs", "qpu_seconds"):
            if getattr(self, name) is not None:
                raise InputError(
                    f"budget.{name} is what a vendor bills, and {backend} bills nothing; give "
                    f"shots or circuits"
                )


def _tables(value: Any) -> Any:
    """Let a number stand for shots, and one budget for a list of one."""
    listed = value if isinstance(value, list | tuple) else [value]
    return [v if isinstance(v, Mapping | RunBudget) else _table(v) for v in listed]


def _table(value: Any) -> dict[str, Any]:
    """A number is one of shots; a text may name other units: "200 jobs"."""
    return parse_budget(value) if isinstance(value, str) else {"shots": value}


def _plain(budgets: tuple[RunBudget, ...]) -> Any:
    listed = [b.shots if list(b.caps()) == ["shots"] else b.caps() for b in budgets]
    return listed[0] if len(listed) == 1 else listed


Budgets = Annotated[
    tuple[RunBudget, ...],
    Field(min_length=1),
    BeforeValidator(_tables),
    PlainSerializer(_plain),
]
"""One budget or several, each a number of shots or a table of caps."""

OneBudget = Annotated[
    tuple[RunBudget, ...],
    Field(min_length=1, max_length=1),
    BeforeValidator(_tables),
    PlainSerializer(_plain),
]

"""What a run on hardware will take: of its steps, of its final estimate, and as a whole."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import Any

from qvopt.backends.compiled_size import CompiledSize
from qvopt.backends.cost import Cost
from qvopt.records.ledger import Budget


@dataclass(frozen=True, repr=False)
class RunForecast:
    """Costs of the first step, of each later one and of the final estimate; and of the whole run.

    `steps` is the experiment's most steps. An optimizer may end before, or ask for more in some
    steps than in those that were played. `final` is the most that the final estimate takes, and
    `expected` what is kept back for it; where `bounded` is False nothing but a budget limits it,
    and `final` is what is expected. `compiled` is the size of the circuits in the device's gates.
    `time_assumed`: the QPU seconds rest on an assumed time of a shot. `reach` is a line where so
    few steps get nowhere.
    """

    device: str
    steps: int
    first: Cost
    later: Cost
    final: Cost
    budget: Budget
    priced: bool
    currency: str
    note: str = ""
    compiled: CompiledSize | None = None
    expected: Cost | None = None
    bounded: bool = True
    time_assumed: bool = False
    reach: str = ""

    @property
    def total(self) -> Cost:
        """All steps and the final estimate."""
        ends = self.first + self.final
        return ends + self.later.times(max(self.steps - 1, 0))

    @property
    def within_budget(self) -> Cost:
        """The steps that the budget pays for, and the final estimate; never above its caps."""
        steps = self.steps_in_budget()
        cost = self.first + self.final + self.later.times(steps - 1) if steps else Cost()
        capped = {name: min(getattr(cost, name), cap) for name, cap in self.budget.caps()}
        return replace(cost, **capped)

    def steps_in_budget(self) -> int:
        """Steps that fit in, at the forecast's costs, with what is kept back for the end."""
        left = self.steps
        kept = self.final if self.expected is None else self.expected
        for name, cap in self.budget.caps():
            first, later = getattr(self.first, name), getattr(self.later, name)
            room = cap - getattr(kept, name) - first
            if self.steps and room < 0:
                return 0
            if later > 0:
                left = min(left, 1 + int(room / later + 1e-9))
        return left

    def warnings(self) -> list[str]:
        """One line where the budget ends the run before its last step."""
        fit = self.steps_in_budget()
        if fit >= self.steps:
            return []
        if fit:
            return [f"the budget pays for about {fit:,} of the {self.steps:,} steps"]
        short = [
            f"{getattr(self.final, name):,.10g} {self.budget.unit(name)} of {cap:,.10g}"
            for name, cap in self.budget.caps()
            if getattr(self.final, name) > cap
        ]
        if short:
            return [f"the budget does not pay for the final estimate: {', '.join(short)}"]
        return ["the budget does not pay for the first step and the final estimate together"]

    def remarks(self) -> list[str]:
        """Lines on what the final estimate may take and on assumed times; and the warnings."""
        lines = [self._end_in_words()]
        if self.time_assumed and self.budget.qpu_seconds is not None:
            lines.append(
                "a cap in QPU seconds is kept by an assumed time of a shot; cap money, jobs or "
                "shots as well"
            )
        return [*filter(None, lines), *self.warnings(), *filter(None, (self.reach,))]

    def _end_in_words(self) -> str:
        """How much of the final estimate is certain; "" where all of it is."""
        shots = 0 if self.expected is None else self.expected.shots
        if not self.bounded:
            bound = ", up to what the budget has" if dict(self.budget.caps()) else (
                "; final_shots, final_share or a budget bounds it"
            )  # fmt: skip
            return (
                f"the final estimate is expected to take {shots:,} shots, and takes more where "
                f"noise raises its variance{bound}"
            )
        if shots == self.final.shots:
            return ""
        return (
            f"the final estimate is counted at the most that it may take, {self.final.shots:,} "
            f"shots; without noise it takes about {shots:,}"
        )

    def frame(self) -> Any:
        """The rows as a pandas DataFrame, the currency in the name of its column."""
        import pandas as pd

        return pd.DataFrame(self._named_rows())

    def __repr__(self) -> str:
        lines = [f"{self.device}: nothing was sent", self.frame().to_string(index=False)]
        notes = [textwrap.fill(note, 110, subsequent_indent="  ") for note in self._notes()]
        return "\n".join([*lines, *notes])

    def _repr_html_(self) -> str:
        from html import escape

        from qvopt.runs.html import html_table

        rows = self._named_rows()
        shown = ([f"{v:,}" if isinstance(v, int | float) else v for v in r.values()] for r in rows)
        texts = [f"{self.device}: nothing was sent", *self._notes()]
        above, *below = [f"<p>{escape(text)}</p>" for text in texts]
        return above + html_table(shown, list(rows[0])) + "".join(below)

    def _notes(self) -> list[str]:
        compiled = "" if self.compiled is None else f"compiled: {self.compiled}"
        return [line for line in (compiled, self.note, *self.remarks()) if line]

    def _named_rows(self) -> list[dict[str, Any]]:
        """The rows with the currency in the name of the money, or without an unknown price."""
        named = []
        for row in self.rows():
            money = row.pop("money")
            named.append({**row, **({f"money_{self.currency}": money} if self.priced else {})})
        return named

    def rows(self) -> list[dict[str, Any]]:
        """One row for each part."""
        parts = {
            "first step": self.first,
            "each later step": self.later,
            "final estimate": self.final,
            f"{self.steps} steps": self.total,
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

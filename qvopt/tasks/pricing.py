"""What the queries of an experiment cost, before any of them runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qvopt.backends.cost import Cost
from qvopt.engine.assembly import Assembly, assemble
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Metric, PoolGradient, Query
from qvopt.records.ledger import Ledger
from qvopt.runs.budget import make_budget
from qvopt.runs.defaults import with_final_aim
from qvopt.runs.final_estimate import FinalAim, FinalEstimate


@dataclass(frozen=True)
class QueryPrice:
    """A kind of query, and what one of it costs."""

    query: str
    cost: Cost

    def document(self) -> dict[str, Any]:
        """The row as plain data."""
        c = self.cost
        return {
            "query": self.query,
            "energies": c.evaluations,
            "circuits": c.circuits,
            "shots": c.shots,
        }


def price_list(experiment: Experiment) -> list[QueryPrice]:
    """Price one energy, gradient, metric and fidelity at the start point.

    Shots are the experiment's: optimizers that set their own spend as they say. Under shots the
    final estimate has a row, too: what its precision is expected to take.
    """
    return assembled_prices(assemble(experiment))


def assembled_prices(assembly: Assembly) -> list[QueryPrice]:
    """Price what an assembled experiment may ask, as `price_list` does."""
    x = assembly.start
    rule = assembly.experiment.measurement.gradient.name
    evaluator = assembly.evaluator
    metric = "exact" if evaluator.shots is None else evaluator.sampled_metric_rule
    queries: list[tuple[str, Query]] = [
        ("energy", Energy(x)),
        (f"gradient ({rule})", Gradient(x)),
        (f"metric, diagonal ({metric})", Metric(x, "diagonal")),
        (f"metric, block-diagonal ({metric})", Metric(x, "block-diagonal")),
        (f"metric, full ({metric})", Metric(x, "full")),
        ("fidelity", Fidelity(x, x)),
    ]
    if assembly.evaluator.growth is not None:
        queries.append(("gradient of the pool", PoolGradient(x)))
    rows = []
    for name, query in queries:
        costs = assembly.evaluator.prepare([query]).costs
        rows.append(QueryPrice(name, sum(costs.values(), Cost())))
    return [*rows, *_final_row(assembly)]


def _final_row(assembly: Assembly) -> list[QueryPrice]:
    """The final estimate, with the energies of the mean iterate and of the start beside it."""
    settings = with_final_aim(assembly).experiment.measurement
    aim = FinalAim.of(settings)
    if aim is None:
        return []
    ledger = Ledger(make_budget(assembly.experiment.budget, assembly.program))
    # Without a budget its share is one of what the run will spend, which is not known here.
    bounded = aim if dict(ledger.budget.caps()) else replace(aim, share=None)
    x = assembly.start
    cost = FinalEstimate(bounded).reserve(assembly.evaluator, [x, x, x], ledger)
    unit = assembly.experiment.molecule.energy_unit
    what = f"{aim.shots:,} shots" if aim.shots else f"to {aim.precision:g} {unit}".strip()
    return [QueryPrice(f"final estimate ({what})", cost)]

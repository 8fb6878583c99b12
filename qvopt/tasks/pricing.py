"""What the queries of an experiment cost, before any of them runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qvopt.backends.cost import Cost
from qvopt.engine.assembly import Assembly, assemble
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Metric, PoolGradient, Query


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

    Shots are the experiment's: optimizers that set their own spend as they say.
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
    return rows

"""One rule for each kind of query: what it asks for, and what becomes of the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from qvopt.optimizers.protocol import Answer, Energy, Fidelity, Gradient, Metric, PoolGradient
from qvopt_molecules.errors import InputError

from .energy import EnergyRule
from .fidelity import FidelityRule
from .gradient import GradientQueryRule
from .metric import MetricQueryRule
from .pool import PoolGradientRule

if TYPE_CHECKING:
    from qvopt.engine.evaluator import Evaluator
    from qvopt.engine.round import PreparedRound


class Rule(Protocol):
    """Answers one kind of query."""

    def expand(
        self, query: Any, evaluator: Evaluator, round_: PreparedRound
    ) -> Callable[[], Answer]:
        """Ask the round for what the query takes; return what combines the results."""
        ...


RULES: Final[Mapping[type, Rule]] = {
    Energy: EnergyRule(),
    Gradient: GradientQueryRule(),
    Metric: MetricQueryRule(),
    Fidelity: FidelityRule(),
    PoolGradient: PoolGradientRule(),
}


def rule_of(query: object) -> Rule:
    """Return the rule of a query. Raises InputError for one of no known kind."""
    rule = RULES.get(type(query))
    if rule is None:
        kinds = ", ".join(kind.__name__ for kind in RULES)
        raise InputError(f"a query is one of {kinds}, got {type(query).__name__}")
    return rule

"""The ways to measure the Fubini-Study metric, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, get_args

from qvopt.backends.batch import Overlap, Point, Reading
from qvopt.backends.protocol import MetricKind, Program
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import PHASES
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, unknown_name

from .covariances import CovarianceExpansion
from .fisher import MetricEstimate, MetricSamples, expand_metric
from .hadamard import HadamardExpansion

MetricRule = Literal["covariances", "fidelities", "hadamard"]


class ExpandedMetric(Protocol):
    """The circuits of a metric, every one with the same shots, and how they combine."""

    @property
    def pairs(self) -> tuple[tuple[Point, Point], ...]:
        """Fidelities |⟨ψ(second)|ψ(first)⟩|², by overlap circuits."""
        ...

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Generators that are read together."""
        ...

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """Hadamard tests."""
        ...

    def combine(self, samples: MetricSamples, shots: int) -> tuple[FloatArray, FloatArray]:
        """Return the metric and the variance of each entry."""
        ...

    def combine_with_dof(self, samples: MetricSamples, shots: int) -> MetricEstimate:
        """Return the same with the degrees of freedom of each variance."""
        ...


_EXPAND: Final[dict[str, Callable[[Circuit, FloatArray, MetricKind], ExpandedMetric]]] = {
    "covariances": CovarianceExpansion,
    "fidelities": expand_metric,
    "hadamard": HadamardExpansion,
}


def measured_metric(
    rule: MetricRule, circuit: Circuit, x: FloatArray, kind: MetricKind
) -> ExpandedMetric:
    """Expand a metric into circuits.

    - "covariances": generators of commuting gates read together in the state that enters them,
      one circuit for all; pairs of gates that stand apart by fidelities.
    - "fidelities": overlap circuits U(second)† U(first), twice as deep.
    - "hadamard": Hadamard tests, with one qubit more.

    All without bias. Raises InputError for an unknown rule.
    """
    if rule not in _EXPAND:
        raise unknown_name("metric rule", str(rule), get_args(MetricRule))
    return _EXPAND[rule](circuit, x, kind)


def supported_metric_rule(rule: MetricRule | None, program: Program) -> MetricRule:
    """Return the rule that a program runs: by default "covariances" where it can.

    Raises InputError where it cannot run the one that was asked for.
    """
    reads = "generators" in program.samples and not _has_phases(program)
    if rule is None:
        return "covariances" if reads else "fidelities"
    if rule not in _EXPAND:
        raise unknown_name("metric rule", str(rule), get_args(MetricRule))
    if (rule == "covariances" and not reads) or (
        rule == "hadamard" and "overlaps" not in program.samples
    ):
        raise InputError(
            f"this backend does not measure metrics by {rule}; use measurement.metric = "
            f"'fidelities'"
        )
    return rule


def _has_phases(program: Any) -> bool:
    """Whether the circuit has phases of occupations, whose outcomes are not -1, 0 or 1."""
    return any(gate.name in PHASES for gate in program.problem.circuit.gates)

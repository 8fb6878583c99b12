"""The price of work, in everything that is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cost:
    """Price of some work; costs add, subtract and scale.

    Attributes:
        evaluations: energies at distinct circuit settings, shifted ones included; an exact
            gradient counts once.
        circuits: settings times measurement groups that are sampled.
        shots: measurements of the whole register.
        jobs, qpu_seconds, money: what a vendor counts; all zero on simulators.
    """

    evaluations: int = 0
    circuits: int = 0
    shots: int = 0
    jobs: int = 0
    qpu_seconds: float = 0.0
    money: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.evaluations + other.evaluations,
            self.circuits + other.circuits,
            self.shots + other.shots,
            self.jobs + other.jobs,
            self.qpu_seconds + other.qpu_seconds,
            self.money + other.money,
        )

    def __sub__(self, other: Cost) -> Cost:
        return self + other.times(-1)

    def times(self, n: int) -> Cost:
        """Return the cost of the same work n times."""
        return Cost(
            n * self.evaluations,
            n * self.circuits,
            n * self.shots,
            n * self.jobs,
            n * self.qpu_seconds,
            n * self.money,
        )


NOTHING: Final = Cost()
"""What takes nothing."""

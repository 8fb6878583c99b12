"""Records that a run yields: one per step, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qvopt.optimizers.protocol import Scalar
from qvopt.records.events import Average
from qvopt_molecules.arrays import FloatArray

Monitor = Literal["exact", "measured", "none"]
Status = Literal["running", "converged", "max-steps", "budget", "diverged", "interrupted"]


@dataclass(frozen=True, eq=False)
class Step:
    """What is known after a step; step 0 is the starting point.

    Energies in Hartree. `exact` is the noiseless energy, where the monitor can see it; the
    optimizer never does. `shots` and `evaluations` count everything spent so far.
    """

    number: int
    x: FloatArray
    energy: Scalar | None
    exact: float | None
    gradient_norm: float | None
    shots: int
    evaluations: int
    seconds: float
    replayed: bool
    note: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a run ended: its last point, and a fresh energy there.

    `average` is the same for the mean of the last quarter of the iterates (at most `TAIL`), which
    under shots is often the better point; exact runs have none.
    """

    status: Status
    x: FloatArray
    energy: Scalar | None
    exact: float | None
    steps: int
    message: str = ""
    average: Average | None = None

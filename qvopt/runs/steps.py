"""Records that a run yields: one per step, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qvopt.optimizers.protocol import Scalar
from qvopt.records.end_events import Average, FinalRecord
from qvopt.runs.state_numbers import StateNumbers
from qvopt_molecules.arrays import FloatArray

Monitor = Literal["exact", "measured", "none"]
Status = Literal[
    "running",
    "converged",
    "stopped",
    "max-steps",
    "budget",
    "diverged",
    "below-exact",
    "interrupted",
]
"""How a run stands.

"converged": exact values met the optimizer's tolerance, or a rule of `[stopping]` held on measured
ones. "stopped": the optimizer stopped by itself under shots, which shows no minimum. "below-exact":
the energy lies below the exact one of its sector, so that it is not that of the state asked for.
"""


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
    under shots is often the better point; exact runs have none. `numbers` are those of the last
    state, where a simulator tells it. `final` says how the energy was measured.
    """

    status: Status
    x: FloatArray
    energy: Scalar | None
    exact: float | None
    steps: int
    message: str = ""
    average: Average | None = None
    numbers: StateNumbers | None = None
    final: FinalRecord | None = None

"""What it means that an optimizer has ended by itself at an expected error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from qvopt.experiment.specification import StoppingSpec
from qvopt.optimizers.protocol import Landscape

from .steps import Status

_REDUNDANT: Final = 1e-9
"""Eigenvalue of a classical Hessian, in Hartree, below which parameters can replace each other."""


@dataclass(frozen=True)
class Certificate:
    """An expected error that ends a run, in words."""

    bound: str

    @classmethod
    def of(cls, stopping: StoppingSpec, unit: str) -> Certificate | None:
        """Read the rules of a run; None where they ask for no expected error.

        `unit` is that of the problem's energies; "" where they have none.
        """
        if stopping.expected_error is None:
            return None
        bound = f"{stopping.expected_error:g} {unit}".strip()
        if stopping.confidence is not None:
            return cls(f"less than {bound} above {{}}, with {100 * stopping.confidence:g} %")
        return cls(f"{bound} above {{}}, as it expects")

    def judged(self, landscape: Landscape) -> tuple[Status, str]:
        """How the run has ended: at a minimum, or where that is not known.

        The optimizer's model tells a minimum from a saddle point by the curvature that is
        classically known. Without it, and where parameters are redundant, slow saddle points pass
        for minima.
        """
        if has_minimum_in_sight(landscape):
            return "converged", f"the optimizer holds the energy to be {self.bound}".format(
                "the circuit's minimum"
            )
        return "stopped", (
            f"by its own model the optimizer is {self.bound}".format("a stationary point")
            + "; nothing classical says that it is the minimum"
        )


def has_minimum_in_sight(landscape: Landscape) -> bool:
    """Whether a classical Hessian is there, and every parameter that matters has a share in it."""
    model = None if landscape.classical is None else landscape.classical()
    if model is None:
        return False
    active = np.flatnonzero(~model.vanishing)
    eigenvalues = np.linalg.eigvalsh(model.hessian[np.ix_(active, active)])
    return bool(np.all(np.abs(eigenvalues) > _REDUNDANT))

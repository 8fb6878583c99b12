"""The energy that errors are counted from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from qvopt.engine.assembly import exact_counterpart
from qvopt.experiment.specification import Experiment
from qvopt.optimizers.minimize import minimize
from qvopt.runs.references import References
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian

_STARTS: Final = 6
_SPREAD: Final = 0.1  # radians


def reference_energy(
    wanted: str | float,
    experiment: Experiment,
    hamiltonian: Hamiltonian,
    references: Mapping[str, float | None],
) -> float:
    """Return the reference in Hartree: full CI, the ansatz's own minimum, or a given number.

    Raises InputError where full CI is wanted and is not known.
    """
    if not isinstance(wanted, str):
        return float(wanted)
    if wanted == "ansatz":
        return ansatz_minimum(experiment, hamiltonian)
    energy = references.get("fci")
    if energy is None:
        raise InputError(
            "its full CI energy is not known and takes too long here; give "
            "reference = 'ansatz', or an energy in Hartree"
        )
    return float(energy)


def reference_name(wanted: str | float, references: References) -> str:
    """Return what the reference is called, and of which state it is."""
    if not isinstance(wanted, str):
        return "as given"
    if wanted == "ansatz":
        return "the ansatz's minimum"
    state = references.state
    return "exact" if state is None else f"{state.method}, {state.state}"


def ansatz_minimum(experiment: Experiment, hamiltonian: Hamiltonian) -> float:
    """Return the lowest energy of exact L-BFGS minimisations from the start and near it.

    An upper bound of the ansatz's minimum: another minimum may lie lower still.
    """
    twin = exact_counterpart(experiment, hamiltonian)
    rng = np.random.default_rng(np.random.SeedSequence(0))
    lowest = np.inf
    for k in range(_STARTS):
        x = twin.start + (rng.normal(0.0, _SPREAD, size=twin.start.shape) if k else 0.0)
        minimum = minimize(
            twin.evaluator.exact_energy,
            x,
            "l-bfgs",
            jac=lambda point: twin.program.gradient(point)[1],
        )
        lowest = min(lowest, twin.evaluator.reported.exact_energy(minimum.x))
    return float(lowest)

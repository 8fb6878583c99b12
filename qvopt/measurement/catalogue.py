"""The ways to group a Hamiltonian for measurement, by name."""

from __future__ import annotations

from typing import Final, get_args

from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum

from .basis_rotation import basis_rotation_plan
from .colouring import coloured_plan
from .fluid import fluid_plan
from .fully_commuting import fully_commuting_plan
from .plan import Grouping, MeasurementPlan
from .qubit_wise import qubit_wise_plan
from .shadows.derandomized import derandomized_plan
from .shared import shared_plan

DERANDOMIZED_BASES: Final = 200
"""Bases of a derandomised shadow before those that cover what is left."""

GROUPINGS: Final[tuple[Grouping, ...]] = get_args(Grouping)


def build_plan(
    name: str, hamiltonian: MolecularHamiltonian, observable: PauliSum, mapping: str
) -> MeasurementPlan:
    """Return the plan of that name.

    Raises InputError for an unknown name, or where mapping or size do not allow it.
    """
    if name not in GROUPINGS:
        raise unknown_name("grouping", name, GROUPINGS)
    if mapping != "jordan-wigner" and name.endswith(("-rotation", "-shared")):
        raise InputError(
            f"{name} groups need the jordan-wigner mapping, got {mapping}; use --grouping "
            f"qubit-wise"
        )
    if name == "fluid-basis-rotation":
        return fluid_plan(hamiltonian)
    if name == "basis-rotation":
        return basis_rotation_plan(hamiltonian)
    if name == "derandomized":
        return derandomized_plan(observable, DERANDOMIZED_BASES)
    if name == "fully-commuting-coloring":
        return coloured_plan(observable, "fully-commuting")
    if name == "qubit-wise-coloring":
        return coloured_plan(observable, "qubit-wise")
    make = fully_commuting_plan if name.startswith("fully-commuting") else qubit_wise_plan
    plan = make(observable)
    return shared_plan(plan, observable, hamiltonian) if name.endswith("-shared") else plan

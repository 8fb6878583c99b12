"""The ways to group a Hamiltonian for measurement, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

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

_Builder = Callable[[MolecularHamiltonian, PauliSum], MeasurementPlan]
_BUILDERS: Final[dict[Grouping, _Builder]] = {
    "fluid-basis-rotation": lambda h, _: fluid_plan(h),
    "basis-rotation": lambda h, _: basis_rotation_plan(h),
    "fully-commuting": lambda _, o: fully_commuting_plan(o),
    "fully-commuting-shared": lambda h, o: shared_plan(fully_commuting_plan(o), o, h),
    "fully-commuting-coloring": lambda _, o: coloured_plan(o, "fully-commuting"),
    "qubit-wise": lambda _, o: qubit_wise_plan(o),
    "qubit-wise-shared": lambda h, o: shared_plan(qubit_wise_plan(o), o, h),
    "qubit-wise-coloring": lambda _, o: coloured_plan(o, "qubit-wise"),
    "derandomized": lambda _, o: derandomized_plan(o, DERANDOMIZED_BASES),
}
GROUPINGS: Final = tuple(_BUILDERS)


def build_plan(
    name: Grouping, hamiltonian: MolecularHamiltonian, observable: PauliSum, mapping: str
) -> MeasurementPlan:
    """Return the plan of that name.

    Raises InputError for an unknown name, or where mapping or size do not allow it.
    """
    if name not in _BUILDERS:
        raise unknown_name("grouping", name, GROUPINGS)
    if mapping != "jordan-wigner" and name.endswith(("-rotation", "-shared")):
        raise InputError(
            f"{name} groups need the jordan-wigner mapping, got {mapping}; use --grouping "
            f"qubit-wise"
        )
    return _BUILDERS[name](hamiltonian, observable)

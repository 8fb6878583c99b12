"""The ways to group a Hamiltonian for measurement, by name."""

from __future__ import annotations

from collections.abc import Callable
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

_Builder = Callable[[MolecularHamiltonian, PauliSum], MeasurementPlan]
_OF_STRINGS: Final[dict[Grouping, Callable[[PauliSum], MeasurementPlan]]] = {
    "fully-commuting": fully_commuting_plan,
    "fully-commuting-coloring": lambda o: coloured_plan(o, "fully-commuting"),
    "qubit-wise": qubit_wise_plan,
    "qubit-wise-coloring": lambda o: coloured_plan(o, "qubit-wise"),
    "derandomized": lambda o: derandomized_plan(o, DERANDOMIZED_BASES),
}
_OF_ORBITALS: Final[dict[Grouping, _Builder]] = {
    "fluid-basis-rotation": lambda h, _: fluid_plan(h),
    "basis-rotation": lambda h, _: basis_rotation_plan(h),
    "fully-commuting-shared": lambda h, o: shared_plan(fully_commuting_plan(o), o, h),
    "qubit-wise-shared": lambda h, o: shared_plan(qubit_wise_plan(o), o, h),
}
GROUPINGS: Final = get_args(Grouping)


def build_plan(
    name: Grouping, hamiltonian: MolecularHamiltonian, observable: PauliSum, mapping: str
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
    if name in _OF_STRINGS:
        return _OF_STRINGS[name](observable)
    return _OF_ORBITALS[name](hamiltonian, observable)


def pauli_plan(name: Grouping, observable: PauliSum) -> MeasurementPlan:
    """Return a plan that asks for nothing but Pauli strings, as of spins.

    Raises InputError for an unknown name, or one that needs orbitals.
    """
    if name not in GROUPINGS:
        raise unknown_name("grouping", name, GROUPINGS)
    if name not in _OF_STRINGS:
        raise InputError(
            f"{name} groups need orbitals, and there are only spins; use --grouping qubit-wise or "
            f"fully-commuting"
        )
    return _OF_STRINGS[name](observable)

"""The ways to group a Hamiltonian for measurement, by name; ours and those of plug-ins.

To add one: a module with a function from strings or orbitals to a plan, and a line here; or, in
another distribution, a `Grouping` under the entry-point group `qvopt.groupings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from qvopt_molecules.errors import InputError, unknown_name
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum

from .basis_rotation import basis_rotation_plan
from .colouring import coloured_plan
from .fluid import fluid_plan
from .fully_commuting import fully_commuting_plan
from .plan import MeasurementPlan
from .qubit_wise import qubit_wise_plan
from .shadows.derandomized import derandomized_plan
from .shared import shared_plan

ENTRY_POINT_GROUP: Final = "qvopt.groupings"
"""Where other distributions register a grouping: name = "module:a Grouping"."""

DERANDOMIZED_BASES: Final = 200
"""Bases of a derandomised shadow before those that cover what is left."""


@dataclass(frozen=True)
class Grouping:
    """A way to group a Hamiltonian.

    Attributes:
        description: what it is, in a few words.
        of_strings: makes a plan of a sum of Pauli strings, in any mapping; None where orbitals are
            needed.
        of_orbitals: makes a plan of integrals and their Jordan-Wigner strings; None where strings
            are enough.
        of_energies: the same for energies alone, where the plan above serves gradients too; None
            where they share one.
    """

    description: str
    of_strings: Callable[[PauliSum], MeasurementPlan] | None = None
    of_orbitals: Callable[[MolecularHamiltonian, PauliSum], MeasurementPlan] | None = None
    of_energies: Callable[[MolecularHamiltonian, PauliSum], MeasurementPlan] | None = None


GROUPINGS: Final[Mapping[str, Grouping]] = MappingProxyType(
    {
        "fluid-basis-rotation": Grouping(
            "basis rotations whose fragments are optimised for low variance",
            of_orbitals=lambda h, _: fluid_plan(h),
            of_energies=lambda h, _: fluid_plan(h, excited=0.0),
        ),
        "basis-rotation": Grouping(
            "basis rotations of the double factorisation",
            of_orbitals=lambda h, _: basis_rotation_plan(h),
        ),
        "fully-commuting": Grouping(
            "groups of commuting strings, by sorted insertion", fully_commuting_plan
        ),
        "fully-commuting-shared": Grouping(
            "commuting groups, terms shared between them for low variance",
            of_orbitals=lambda h, o: shared_plan(fully_commuting_plan(o), o, h),
        ),
        "fully-commuting-coloring": Grouping(
            "commuting groups by graph colouring", lambda o: coloured_plan(o, "fully-commuting")
        ),
        "qubit-wise": Grouping(
            "groups that commute qubit by qubit, by sorted insertion", qubit_wise_plan
        ),
        "qubit-wise-shared": Grouping(
            "qubit-wise groups, terms shared between them for low variance",
            of_orbitals=lambda h, o: shared_plan(qubit_wise_plan(o), o, h),
        ),
        "qubit-wise-coloring": Grouping(
            "qubit-wise groups by graph colouring", lambda o: coloured_plan(o, "qubit-wise")
        ),
        "derandomized": Grouping(
            "derandomised shadows", lambda o: derandomized_plan(o, DERANDOMIZED_BASES)
        ),
    }
)


def grouping_names() -> tuple[str, ...]:
    """Registered names, ours first."""
    return (*GROUPINGS, *sorted(set(_plugged()) - set(GROUPINGS)))


def get_grouping(name: str) -> Grouping:
    """Return the grouping of that name. Raises InputError for an unknown one."""
    if name in GROUPINGS:
        return GROUPINGS[name]
    plugged = _plugged()
    if name not in plugged:
        raise unknown_name("grouping", name, grouping_names())
    entry = plugged[name]
    try:
        grouping = entry.load()
    except Exception as error:  # a third party's
        raise InputError(f"grouping {name} ({entry.value}) does not load: {error}") from error
    if not isinstance(grouping, Grouping):
        raise InputError(f"grouping {name} ({entry.value}) is not a qvopt Grouping")
    return grouping


def build_plan(
    name: str, hamiltonian: MolecularHamiltonian, observable: PauliSum, mapping: str
) -> MeasurementPlan:
    """Return the plan of that name.

    Raises InputError for an unknown name, or where mapping or size do not allow it.
    """
    grouping = get_grouping(name)
    if grouping.of_strings is not None:
        return grouping.of_strings(observable)
    if grouping.of_orbitals is None:
        raise InputError(f"grouping {name} makes no plan, neither of strings nor of orbitals")
    if mapping != "jordan-wigner":
        raise InputError(
            f"{name} groups need the jordan-wigner mapping, got {mapping}; use --grouping "
            f"qubit-wise"
        )
    return grouping.of_orbitals(hamiltonian, observable)


def pauli_plan(name: str, observable: PauliSum) -> MeasurementPlan:
    """Return a plan that asks for nothing but Pauli strings, as of spins.

    Raises InputError for an unknown name, or one that needs orbitals.
    """
    grouping = get_grouping(name)
    if grouping.of_strings is None:
        raise InputError(
            f"{name} groups need orbitals, and there are only spins; use --grouping qubit-wise or "
            f"fully-commuting"
        )
    return grouping.of_strings(observable)


def _plugged() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}

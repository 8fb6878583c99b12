"""Groups of commuting Pauli strings, measured by Clifford basis changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt_molecules.pauli import PauliSum

from .clifford import conjugated, diagonalizing_gates
from .greedy_colours import first_fits
from .plan import CliffordBasis, Diagonal, MeasurementGroup, MeasurementPlan


def fully_commuting_plan(observable: PauliSum) -> MeasurementPlan:
    """Group by sorted insertion: strings by decreasing |c|, each into the first group that fits.

    Strings fit where they commute. Fewer and lower-variance groups than qubit-wise ones, for
    entangling basis changes that do not conserve particle number. Reference: O. Crawford et al.,
    Quantum 5, 385 (2021), arXiv:1908.06942.
    """
    return plan_of_members(observable, sorted_insertion(observable))


def sorted_insertion(observable: PauliSum) -> list[list[int]]:
    """Return the indices of each group's strings; the identity is in none."""
    order = np.argsort(-np.abs(observable.coefficients), kind="stable")
    order = order[(observable.x[order] | observable.z[order]) != 0]
    x, z = observable.x[order].astype(np.uint64), observable.z[order].astype(np.uint64)
    members: list[list[int]] = []
    for k, group in zip(order.tolist(), first_fits(x, z, False).tolist(), strict=True):
        if group == len(members):
            members.append([])
        members[group].append(k)
    return members


def plan_of_members(
    observable: PauliSum, members: Sequence[Sequence[int]], name: str = "fully-commuting"
) -> MeasurementPlan:
    """Return the plan of given groups of commuting strings, by index."""
    groups = []
    for terms in members:
        at = np.asarray(terms, dtype=np.int64)
        x, z = observable.x[at], observable.z[at]
        gates = diagonalizing_gates(x, z, observable.n_qubits)
        _, masks, signs = conjugated(x, z, gates)
        basis = CliffordBasis(tuple(gates), x, z)
        diagonal = Diagonal(masks, signs * observable.coefficients[at])
        groups.append(MeasurementGroup(basis, diagonal))
    weights = np.full(len(groups), 1.0 / max(len(groups), 1))
    return MeasurementPlan(name, observable.n_qubits, observable.constant, tuple(groups), weights)

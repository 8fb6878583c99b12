"""Groups of qubit-wise commuting Pauli strings, measured by single-qubit basis changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qvopt_molecules.pauli import PauliSum, commute_qubit_wise, label

from .plan import Diagonal, MeasurementGroup, MeasurementPlan, PauliBasis


def qubit_wise_plan(observable: PauliSum) -> MeasurementPlan:
    """Group by sorted insertion: strings by decreasing |c|, each into the first group that fits.

    Two strings fit where on every qubit their letters agree or one is the identity. Reference:
    O. Crawford et al., Quantum 5, 385 (2021), arXiv:1908.06942.
    """
    return plan_of_members(observable, sorted_insertion(observable))


def sorted_insertion(observable: PauliSum) -> list[list[int]]:
    """Return the indices of each group's strings; the identity is in none."""
    order = np.argsort(-np.abs(observable.coefficients), kind="stable")
    # Letters that a group has taken so far, as masks.
    taken_x = np.zeros(len(order), dtype=np.uint64)
    taken_z = np.zeros(len(order), dtype=np.uint64)
    members: list[list[int]] = []
    for k in order.tolist():
        x, z = observable.x[k], observable.z[k]
        if x | z == 0:
            continue
        n = len(members)
        fits = np.flatnonzero(commute_qubit_wise(taken_x[:n], taken_z[:n], x, z))
        if len(fits):
            at = int(fits[0])
            members[at].append(k)
        else:
            at = n
            members.append([k])
        taken_x[at] |= x
        taken_z[at] |= z
    return members


def plan_of_members(
    observable: PauliSum, members: Sequence[Sequence[int]], name: str = "qubit-wise"
) -> MeasurementPlan:
    """Return the plan of given groups of strings, each one commuting qubit-wise, by index."""
    groups = []
    for terms in members:
        at = np.asarray(terms, dtype=np.int64)
        x, z = observable.x[at], observable.z[at]
        taken_x, taken_z = np.bitwise_or.reduce(x), np.bitwise_or.reduce(z)
        letters = label(int(taken_x), int(taken_z), observable.n_qubits)
        diagonal = Diagonal(x | z, observable.coefficients[at])
        groups.append(MeasurementGroup(PauliBasis(letters), diagonal))
    weights = np.full(len(groups), 1.0 / max(len(groups), 1))
    return MeasurementPlan(name, observable.n_qubits, observable.constant, tuple(groups), weights)

r"""Operators that the outcomes of an energy's groups show beside it, for no shot more.

A sum of Z strings commutes with reading in the computational basis, and a Z string that a group's
basis change takes to a Z string is in its outcomes. Rotations of orbitals, and gates that conserve
the electrons of each spin, leave N and S_z as they are. Where no group shows the whole operator,
each of its strings is averaged over the groups that show it, by their shots:

    O = c_0 + Σ_g Σ_{k shown in g} c_k (n_g / Σ_{g' shows k} n_g') ± Z_{mask_k(g)}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray, MaskArray
from qvopt_molecules.pauli import PauliSum

from .clifford import conjugated
from .estimate import Estimate
from .plan import CliffordBasis, Diagonal, MeasurementGroup, MeasurementPlan, PauliBasis
from .statistics import combine_moments, moments_of_group


def read_operators(
    plan: MeasurementPlan, counts: Sequence[Mapping[int, int]], operators: Mapping[str, PauliSum]
) -> dict[str, Estimate]:
    """Return the operators' estimates from the counts of each group, as they were read.

    Nothing is corrected, and no outcome is thrown away. An operator that the groups do not show is
    left out.

    Args:
        plan: whose groups were measured.
        counts: times by outcome of each group.
        operators: sums of Z strings; functions of the electrons of each spin alone, where groups
            rotate orbitals.
    """
    shots = np.array([sum(c.values()) for c in counts], dtype=np.float64)
    estimates = {}
    for name, operator in operators.items():
        reading = _reading_plan(plan, operator, shots)
        if reading is None:
            continue
        kept = [
            (g, c) for g, c in zip(reading.groups, counts, strict=True) if len(g.diagonal.masks)
        ]
        groups = tuple(g for g, _ in kept)
        if not groups:
            estimates[name] = Estimate(reading.constant)
            continue
        alone = replace(reading, groups=groups, weights=np.full(len(groups), 1 / len(groups)))
        estimates[name] = combine_moments(alone, [moments_of_group(g, c) for g, c in kept])
    return estimates


def _reading_plan(
    plan: MeasurementPlan, operator: PauliSum, shots: FloatArray
) -> MeasurementPlan | None:
    """The plan whose groups, each read once, add up to the operator; None where they do not."""
    strings = operator.z != 0
    masks, coefficients = operator.z[strings], operator.coefficients[strings]
    images = [_images(group, masks) for group in plan.groups]
    table = np.array([seen for _, _, seen in images], dtype=bool).reshape(len(images), len(masks))
    table &= shots[:, None] > 0
    complete = np.all(table, axis=1, keepdims=True)
    if complete.any():
        table &= complete  # of rotated orbitals only the whole is the same
    total = table.T @ shots
    if not np.all(total > 0):
        return None
    groups = []
    for group, (image, signs, _), seen, n in zip(plan.groups, images, table, shots, strict=True):
        share = coefficients[seen] * signs[seen] * n / total[seen]
        groups.append(MeasurementGroup(group.basis, Diagonal(image[seen], share)))
    return MeasurementPlan(
        plan.name, plan.n_qubits, float(operator.coefficients[~strings].sum()), tuple(groups),
        plan.weights,
    )  # fmt: skip


def _images(group: MeasurementGroup, masks: MaskArray) -> tuple[MaskArray, FloatArray, BoolArray]:
    """Z strings as a group's outcomes show them: masks, signs, and which of them are shown."""
    basis, ones = group.basis, np.ones(len(masks))
    if isinstance(basis, CliffordBasis):
        x, image, signs = conjugated(np.zeros_like(masks), masks, list(basis.gates))
        return image, np.asarray(signs), np.asarray(x == 0)
    if isinstance(basis, PauliBasis):
        rotated = sum(1 << q for q, letter in enumerate(basis.letters) if letter in "XY")
        return masks, ones, np.asarray((masks & np.uint64(rotated)) == 0)
    return masks, ones, np.ones(len(masks), dtype=bool)

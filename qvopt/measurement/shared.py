"""Terms measured in several groups: coefficients split for the least variance.

A Pauli string may be read in every group that it commutes with. Let c_kg be the part of c_k that
group g measures, Σ_g c_kg = c_k: the sum is the same Hamiltonian for any split. Under a reference
state the standard deviation of group g is (c_gᵀ C_g c_g)^½, C_g the covariances of its strings, and
Σ_g sd_g, whose square is variance × shots at the best allocation, is convex in the split. It is
minimised by reweighted least squares: with weights w_g = 1 / sd_g, the least Σ w_g c_gᵀ C_g c_g has
c_g = (w_g C_g)⁻¹ μ, the multipliers μ solving one linear system over the strings.

This is the problem of "iterative coefficient splitting": T.-C. Yen, A. Ganeshram, A. F. Izmaylov,
npj Quantum Inf. 9, 14 (2023), arXiv:2201.01471; here it is solved to its minimum.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.pauli import PauliSum, masks
from qvopt_molecules.states import cisd_state, sector_bits

from . import fully_commuting, images, qubit_wise
from .greedy_colours import fitting
from .plan import CliffordBasis, Diagonal, MeasurementGroup, MeasurementPlan, PauliBasis

_SWEEPS, _LEAST_GAIN = 50, 1e-7
_MANY = 3000
"""Strings beyond which a sweep takes seconds: then the first few, which gain nearly all, suffice.

Eight sweeps leave the variance of H8's 2,912 strings 0.13 % above its minimum.
"""

_SWEEPS_OF_MANY, _LEAST_GAIN_OF_MANY = 8, 1e-4
MOST_SHARED_TERMS = 8000
"""Beyond, a linear system over all strings takes minutes a sweep."""


def shared_plan(
    plan: MeasurementPlan,
    observable: PauliSum,
    hamiltonian: MolecularHamiltonian,
    reference: FloatArray | None = None,
    *,
    mixed: float = 0.01,
) -> MeasurementPlan:
    """Let every group of a plan measure all strings that it can, and split their coefficients.

    Args:
        plan: qubit-wise or fully commuting groups of the observable.
        observable: under Jordan-Wigner.
        hamiltonian: of the sector.
        reference: amplitudes ψ[alpha string, beta string] of a state like the one to measure;
            None takes CISD. A poor one costs shots, never correctness.
        mixed: weight of the maximally mixed state, whose covariances are those of independent
            coins. It keeps parts bounded where the reference has no variance.
    """
    if not all(isinstance(g.basis, PauliBasis | CliffordBasis) for g in plan.groups):
        raise InputError("only groups of Pauli strings can share terms")
    if len(observable) > MOST_SHARED_TERMS:
        raise InputError(
            f"shared groups are made for at most {MOST_SHARED_TERMS} Pauli strings, and there are "
            f"{len(observable)}; use --grouping {plan.name} or fluid-basis-rotation"
        )
    if not 0 < mixed <= 1:
        raise InputError(f"mixed must be above 0 and at most 1, got {mixed!r}")
    part = observable.without_identity()
    members = [_readable(group, part) for group in plan.groups]
    # With coefficients 1 the diagonals hold the signs that the strings take on.
    signed = replace(part, coefficients=np.ones(len(part)))
    clifford = any(isinstance(g.basis, CliffordBasis) for g in plan.groups)
    make = fully_commuting.plan_of_members if clifford else qubit_wise.plan_of_members
    groups = make(signed, members).groups
    psi = cisd_state(hamiltonian) if reference is None else reference
    bits = sector_bits(hamiltonian).astype(np.uint64)
    covariances = []
    for m in members:
        pure = images.covariances(part.x[m], part.z[m], bits, psi.reshape(-1))
        covariances.append((1 - mixed) * pure + mixed * np.eye(len(m)))
    parts = _split(part.coefficients, members, covariances)
    squares = [float(c @ v @ c) for c, v in zip(parts, covariances, strict=True)]
    return replace(
        plan,
        name=f"{plan.name}-shared",
        groups=tuple(
            replace(g, diagonal=Diagonal(g.diagonal.masks, g.diagonal.coefficients * c))
            for g, c in zip(groups, parts, strict=True)
        ),
        deviations=np.sqrt(np.maximum(squares, 0.0)),
    )


def _readable(group: MeasurementGroup, part: PauliSum) -> list[int]:
    """Strings that a group can read at once: its own, and by decreasing |c| what fits to all."""
    order = np.argsort(-np.abs(part.coefficients), kind="stable")
    x, z = part.x[order].astype(np.uint64), part.z[order].astype(np.uint64)
    if isinstance(group.basis, PauliBasis):
        letters = masks(group.basis.letters)
        first_x, first_z = (np.array([mask], dtype=np.uint64) for mask in letters)
        return [int(k) for k in order[fitting(x, z, first_x, first_z, True)]]
    assert isinstance(group.basis, CliffordBasis)
    first_x, first_z = (m.astype(np.uint64) for m in (group.basis.x, group.basis.z))
    return [int(k) for k in order[fitting(x, z, first_x, first_z, False)]]


def _split(
    c: FloatArray, members: list[list[int]], covariances: list[FloatArray]
) -> list[FloatArray]:
    """Minimise Σ_g (c_gᵀ C_g c_g)^½ subject to Σ_g c_kg = c_k."""
    from scipy.linalg import cho_factor, cho_solve

    inverses = [np.linalg.inv(v) for v in covariances]
    deviations: FloatArray = np.ones(len(members))
    best: list[FloatArray] = []
    lowest = np.inf
    many = len(c) > _MANY
    least_gain = _LEAST_GAIN_OF_MANY if many else _LEAST_GAIN
    for _ in range(_SWEEPS_OF_MANY if many else _SWEEPS):
        system = np.zeros((len(c), len(c)))
        for m, inverse, sd in zip(members, inverses, deviations, strict=True):
            system[np.ix_(m, m)] += sd * inverse
        multipliers = cho_solve(cho_factor(system, overwrite_a=True), c)
        parts = [
            sd * inverse @ multipliers[m]
            for m, inverse, sd in zip(members, inverses, deviations, strict=True)
        ]
        deviations = np.array([np.sqrt(p @ v @ p) for p, v in zip(parts, covariances, strict=True)])
        total = float(deviations.sum())
        # A group that is not needed goes to zero and would leave the system singular.
        deviations = np.maximum(deviations, 1e-6 * total)
        if total >= lowest * (1 - least_gain):
            break
        best, lowest = parts, total
    return best

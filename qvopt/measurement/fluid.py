"""Basis-rotation groups re-optimised for low variance: fluid fermionic fragments.

An occupation is its own square, n = n², so a double-factorised fragment ½ λ (Σ_k ε_k N_k)² holds
one-electron parts, and any Σ_k c_k N_k can be added to it and taken from the one-electron fragment
in the same orbitals: the Hamiltonian stays the same operator, and the variances change. With one c
for each fragment and orbital, the standard deviation of every fragment under reference states is
the root of a quadratic form in c, and Σ_g sd_g, whose square is variance × shots at the best
allocation, is convex. It is minimised by reweighted least squares. Moments come from a vector of
the sector where it is small, and else from the determinants of CISD alone (`occupation_moments`).

Source: S. Choi, I. Loaiza, A. F. Izmaylov, Quantum 7, 889 (2023), arXiv:2208.14490, where the
one-electron parts are moved by a gradient search.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.cache import cached_numbers
from qvopt_molecules.determinants import compound_matrix, occupied_orbitals
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.references import n_determinants
from qvopt_molecules.states import cisd_state, half_excited_states, spin_strings

from .basis_rotation import Factor, double_factorization, plan_of_factors
from .fragment_moments import FragmentMoments, ReferenceMoments
from .plan import MeasurementPlan

LARGEST_VECTOR = 20_000
"""Determinants beyond which a vector of the sector costs more than lists of few determinants."""

_MOST_KEPT = 4096
"""Numbers of a covariance that is kept on disk."""

_SWEEPS = 60


def fluid_plan(
    hamiltonian: MolecularHamiltonian,
    reference: FloatArray | None = None,
    *,
    excited: float = 0.03,
    threshold: float = 1e-8,
) -> MeasurementPlan:
    """Return the double-factorised plan with one-electron parts moved for the least variance.

    Args:
        hamiltonian: what to measure.
        reference: amplitudes ψ[alpha string, beta string] of a state like the one to measure;
            None takes CISD. A poor one costs shots, never correctness.
        excited: weight of states half-way to an excited determinant, (|HF⟩ + |D⟩)/√2, D singly or
            doubly excited. A shifted circuit of a gradient prepares such states, far from the
            reference: without them gradients keep two to three times the variance. With 0 the plan
            is for energies alone.
        threshold: smallest |λ| that is kept, in Hartree.
    """
    if not 0 <= excited <= 1:
        raise InputError(f"excited must be between 0 and 1, got {excited!r}")
    near, halfway = _references(hamiltonian, reference)
    constant, one_body, factors = double_factorization(hamiltonian, threshold)
    n = hamiltonian.norb
    here = [near.moments(factor) for factor in factors]
    far, there, weight = near, here, 0.0
    if halfway is not None:
        far, weight = halfway, excited
        there = [far.moments(factor) for factor in factors]
    statistics = [a.mixed(b, weight) for a, b in zip(here, there, strict=True)]
    one_electron = (1 - weight) * near.one_electron + weight * far.one_electron
    # Row (g, k): the one-electron matrix of N_k in the orbitals of fragment g.
    moved = np.array([np.outer(r, r).reshape(-1) for f in factors for r in f.rotation.T])
    moved = moved.reshape(len(factors) * n, n * n)
    c = _minimize(one_body.reshape(-1), one_electron, statistics, moved)
    rest = (one_body.reshape(-1) - c @ moved).reshape(n, n)
    values, rotation = np.linalg.eigh((rest + rest.T) / 2)
    plan = plan_of_factors(
        "fluid-basis-rotation", constant, (values, rotation), factors, c.reshape(len(factors), n)
    )

    def deviations(states: ReferenceMoments, of: list[FragmentMoments]) -> FloatArray:
        deviations = [_deviation_of_one(rest.reshape(-1), states.one_electron)]
        deviations += [s.deviation(part) for s, part in zip(of, c.reshape(-1, n), strict=True)]
        return np.array(deviations)

    return replace(
        plan, deviations=deviations(near, here), shifted_deviations=deviations(far, there)
    )


def _references(
    hamiltonian: MolecularHamiltonian, reference: FloatArray | None
) -> tuple[ReferenceMoments, ReferenceMoments | None]:
    """Return the moments of the reference, and those of half-excited states if there are any."""
    if n_determinants(hamiltonian) > LARGEST_VECTOR:
        from . import occupation_moments as few

        if reference is None:
            near = few.cisd_reference(hamiltonian)
        else:
            near = few.reference_of(hamiltonian, reference)
        return near, few.half_excited_reference(hamiltonian)
    psi = cisd_state(hamiltonian) if reference is None else reference
    halfway = half_excited_states(hamiltonian)
    vector = _Occupations(hamiltonian, [psi], "cisd" if reference is None else None)
    return vector, _Occupations(hamiltonian, halfway, "half-excited") if halfway else None


class _Occupations:
    """Moments of occupations in rotated orbitals, averaged over vectors of the sector.

    States that follow from the Hamiltonian have a `name`, under which their density matrices are
    kept on disk: PySCF, which makes them, takes longer to import than a short run.
    """

    def __init__(
        self, hamiltonian: MolecularHamiltonian, states: list[FloatArray], name: str | None
    ) -> None:
        n = hamiltonian.norb
        self._states = states
        strings = spin_strings(hamiltonian)
        self._occupied = [occupied_orbitals(s, n) for s in strings]
        alpha, beta = (((s[:, None] >> np.arange(n)) & 1).astype(np.float64) for s in strings)
        self._numbers = (alpha[:, None, :] + beta[None, :, :]).reshape(-1, n)
        if name is None or n**4 > _MOST_KEPT:
            self.one_electron = _mean_covariance(hamiltonian, states)
        else:
            document = {"covariance": hamiltonian.content_hash(), "states": name}
            values = cached_numbers(
                document, n**4, lambda: _mean_covariance(hamiltonian, states).reshape(-1).tolist()
            )
            self.one_electron = np.array(values, dtype=np.float64).reshape(n * n, n * n)

    def moments(self, factor: Factor) -> FragmentMoments:
        """Exact moments over the outcomes of a fragment's basis."""
        left = compound_matrix(factor.rotation, self._occupied[0])
        right = compound_matrix(factor.rotation, self._occupied[1])
        numbers = self._numbers
        square = 0.5 * factor.weight * (numbers @ factor.values) ** 2
        # All moments of one state are those of the columns (N, q).
        columns = np.concatenate([numbers, square[:, None]], axis=1)
        total = np.zeros((columns.shape[1], columns.shape[1]))
        for psi in self._states:
            p = np.square(left.T @ psi @ right).reshape(-1)
            p /= p.sum()
            centred = columns - p @ columns
            total += (centred * p[:, None]).T @ centred / len(self._states)
        return FragmentMoments(total[:-1, :-1], total[:-1, -1], float(total[-1, -1]))


def _mean_covariance(hamiltonian: MolecularHamiltonian, states: list[FloatArray]) -> FloatArray:
    n = hamiltonian.norb
    mean = np.zeros((n * n, n * n))
    for psi in states:
        mean += one_electron_covariance(hamiltonian, psi) / len(states)
    return mean


def one_electron_covariance(hamiltonian: MolecularHamiltonian, psi: FloatArray) -> FloatArray:
    """Return Cov(E_pq, E_rs) as an (n², n²) matrix, E_pq = Σ_σ a†_pσ a_qσ, symmetrised."""
    from pyscf.fci import direct_spin1

    n = hamiltonian.norb
    one, two = direct_spin1.make_rdm12(psi, n, (hamiltonian.n_alpha, hamiltonian.n_beta))
    # ⟨E_pq E_rs⟩ = Γ_pqrs + δ_qr γ_ps
    product = np.asarray(two) + np.einsum("qr,ps->pqrs", np.eye(n), one)
    product = product.reshape(n * n, n * n) - np.outer(one, one)
    return np.asarray((product + product.T) / 2)


def _deviation_of_one(matrix: FloatArray, covariance: FloatArray) -> float:
    return math.sqrt(max(float(matrix @ covariance @ matrix), 0.0))


def _minimize(
    one_body: FloatArray,
    covariance: FloatArray,
    statistics: list[FragmentMoments],
    moved: FloatArray,
) -> FloatArray:
    """Minimise sd(one_body - c·moved) + Σ_g sd(q_g + c_g·N) by reweighted least squares.

    Each sweep minimises Σ_g sd_g² / (2 s_g) with s_g the deviations before it, which is an upper
    bound of the sum that touches it there (up to a constant): the sum never rises.
    """
    n = len(statistics[0].cross) if statistics else 0
    c = np.zeros(len(moved))
    best, lowest = c, np.inf
    pulled = moved @ covariance
    for _ in range(_SWEEPS):
        parts = c.reshape(-1, n) if n else np.zeros((0, 0))
        deviations = np.array(
            [
                _deviation_of_one(one_body - c @ moved, covariance),
                *(s.deviation(part) for s, part in zip(statistics, parts, strict=True)),
            ]
        )
        total = float(deviations.sum())
        if total < lowest:
            gain, best, lowest = lowest - total, c, total
            if gain < 1e-9 * total:
                break
        weights = 1.0 / np.maximum(deviations, 1e-4 * max(total, 1e-12))
        system = weights[0] * pulled @ moved.T
        right = weights[0] * pulled @ one_body
        for g, s in enumerate(statistics):
            block = slice(g * n, (g + 1) * n)
            system[block, block] += weights[g + 1] * s.covariance
            right[block] -= weights[g + 1] * s.cross
        # Directions without variance (the number of electrons) are left alone.
        system += 1e-9 * max(float(np.trace(system)), 1e-300) / max(len(system), 1) * np.eye(len(c))
        c = np.linalg.solve(system, right)
    return best

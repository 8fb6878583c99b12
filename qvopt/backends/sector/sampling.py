"""Real outcomes of a sector state: one distribution a group, sampled exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.measurement.estimate import Moments
from qvopt.measurement.images import group_deviation
from qvopt.measurement.pauli_outcomes import PauliSampler
from qvopt.measurement.plan import MeasurementGroup, MeasurementPlan, OrbitalBasis
from qvopt_molecules.determinants import compound_matrix, occupied_orbitals
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits, spin_strings

from .draws import moments_of_draws
from .rotated_sampling import GivensSampler
from .workers import Workers

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_MOST_BYTES = 1 << 30


class OrbitalSampler:
    """Basis-rotation groups: C' = M_aᵀ C M_b stays in the sector; outcomes follow |C'|²."""

    def __init__(
        self, groups: Sequence[MeasurementGroup], hamiltonian: MolecularHamiltonian
    ) -> None:
        strings = spin_strings(hamiltonian)
        shape = (len(strings[0]), len(strings[1]))
        bits = sector_bits(hamiltonian).astype(np.uint64)
        self.left = np.empty((len(groups), shape[0], shape[0]))
        self.right = np.empty((len(groups), shape[1], shape[1]))
        self.values = np.empty((len(groups), len(bits)))
        occupied = [occupied_orbitals(s, hamiltonian.norb) for s in strings]
        for k, group in enumerate(groups):
            assert isinstance(group.basis, OrbitalBasis)
            rotation = group.basis.rotation
            self.left[k] = compound_matrix(rotation, occupied[0]).T
            self.right[k] = compound_matrix(rotation, occupied[1])
            self.values[k] = group.diagonal.values(bits)

    def distribution(self, psi: npt.NDArray[Any], group: int) -> tuple[FloatArray, FloatArray]:
        """Probabilities of the outcomes of one group, and their values."""
        rotated = self.left[group] @ psi @ self.right[group]
        return _squares(rotated).reshape(-1), self.values[group]

    def distributions(self, psi: npt.NDArray[Any]) -> FloatArray:
        """Probabilities of all outcomes in every group, shape (groups, determinants)."""
        rotated = np.matmul(np.matmul(self.left, psi), self.right)
        return _squares(rotated).reshape(len(self.left), -1)


def _squares(amplitudes: npt.NDArray[Any]) -> FloatArray:
    """|ψ|², in place for real amplitudes."""
    if np.iscomplexobj(amplitudes):
        return np.asarray(np.square(amplitudes.real) + np.square(amplitudes.imag))
    return np.asarray(np.square(amplitudes, out=amplitudes))


def _minors_bytes(n_groups: int, hamiltonian: MolecularHamiltonian) -> int:
    """Memory of the rotations of all groups as matrices over strings."""
    a, b = (len(s) for s in spin_strings(hamiltonian))
    return n_groups * 8 * (a**2 + b**2 + 3 * a * b)


Sampler = OrbitalSampler | GivensSampler | PauliSampler


def make_sampler(
    plan: MeasurementPlan, hamiltonian: MolecularHamiltonian, workers: Workers | None = None
) -> Sampler:
    """Return the sampler of a plan's groups on the Hamiltonian's sector.

    Raises InputError for a plan that mixes kinds of bases.
    """
    orbital = [isinstance(g.basis, OrbitalBasis) for g in plan.groups]
    if any(orbital) and not all(orbital):
        raise InputError("a plan must be all orbital rotations or all Pauli bases")
    if not all(orbital):
        return PauliSampler(plan.groups, hamiltonian)
    if _minors_bytes(len(plan.groups), hamiltonian) > _MOST_BYTES:
        return GivensSampler(plan.groups, hamiltonian, workers)
    return OrbitalSampler(plan.groups, hamiltonian)


def exact_deviations(
    plan: MeasurementPlan, hamiltonian: MolecularHamiltonian, psi: npt.NDArray[Any]
) -> FloatArray:
    """Standard deviation of one shot of every group in a sector state, in Hartree."""
    return np.asarray(deviations_in_states(plan, hamiltonian, [psi])[0])


def deviations_in_states(
    plan: MeasurementPlan, hamiltonian: MolecularHamiltonian, states: Sequence[FloatArray]
) -> FloatArray:
    """The same in several states, shape (states, groups)."""
    out = np.empty((len(states), len(plan.groups)))
    if not all(isinstance(group.basis, OrbitalBasis) for group in plan.groups):
        bits = sector_bits(hamiltonian).astype(np.uint64)
        for s, psi in enumerate(states):
            for g, group in enumerate(plan.groups):
                out[s, g] = group_deviation(group, bits, psi.reshape(-1), plan.n_qubits)
        return out
    sampler = make_sampler(plan, hamiltonian)
    for s, psi in enumerate(states):
        for g in range(len(plan.groups)):
            p, values = sampler.distribution(psi, g)
            mean = float(p @ values) / float(p.sum())
            out[s, g] = np.sqrt(float(p @ (values - mean) ** 2) / float(p.sum()))
    return out


def draw_moments(
    probabilities: FloatArray, values: FloatArray, shots: IntArray, rng: np.random.Generator
) -> list[Moments]:
    """Sample each group's distribution (rows) and return its moments.

    Few shots are drawn one by one by inversion, many as one multinomial; both are exact.
    """
    n_outcomes = probabilities.shape[1]
    few = np.where(shots <= 4 * n_outcomes, shots, 0)
    uniforms = rng.random(int(few.sum()))
    out = np.zeros((len(shots), 2))
    moments_of_draws(np.cumsum(probabilities, axis=1), values, uniforms, few, out)
    moments = []
    for g, n in enumerate(shots.tolist()):
        if few[g] == n:
            moments.append(Moments(n, float(out[g, 0]), float(out[g, 1])))
        else:
            p = probabilities[g] / probabilities[g].sum()
            moments.append(Moments.from_counts(values[g], rng.multinomial(n, p)))
    return moments


def sample_plan(
    sampler: Sampler,
    plan: MeasurementPlan,
    psi: npt.NDArray[Any],
    shots: IntArray,
    rng: np.random.Generator,
) -> list[Moments]:
    """Sample all groups of a plan in one state."""
    if isinstance(sampler, GivensSampler):
        return [sampler.draw(psi, g, int(n), rng) for g, n in enumerate(shots)]
    if isinstance(sampler, OrbitalSampler):
        return draw_moments(sampler.distributions(psi), sampler.values, shots, rng)
    moments = []
    for g in range(len(plan.groups)):
        if shots[g] == 0:
            moments.append(Moments(0, 0.0, 0.0))
            continue
        p, values = sampler.distribution(psi, g)
        moments += draw_moments(p[None, :], values[None, :], shots[g : g + 1], rng)
    return moments

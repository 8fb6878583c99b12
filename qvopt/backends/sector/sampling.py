"""Real outcomes of a sector state: one distribution a group, sampled exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Point
from qvopt.measurement.images import group_deviation
from qvopt.measurement.moment_table import MomentTable
from qvopt.measurement.plan import MeasurementPlan, OrbitalBasis
from qvopt_circuits.circuit import Circuit
from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.states import sector_bits, spin_strings

from .compilation import GateTables, PairTables
from .draws import by_multinomial
from .orbital_sampling import OrbitalSampler
from .pauli_sampling import PauliGroupSampler
from .point_arrays import point_arrays
from .point_draws import draw_points
from .rotated_sampling import GivensSampler
from .workers import Workers
from .xoshiro import WordArray, key_of

MOST_STRINGS_IN_LANES = 128
"""Strings of a spin up to which products with minors are faster than Givens rotations."""


Sampler = OrbitalSampler | GivensSampler | PauliGroupSampler


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
        return PauliGroupSampler(plan.groups, hamiltonian)
    if max(len(strings) for strings in spin_strings(hamiltonian)) > MOST_STRINGS_IN_LANES:
        return GivensSampler(plan.groups, hamiltonian, workers)
    return OrbitalSampler(plan.groups, hamiltonian)


def deviations_in_states(
    plan: MeasurementPlan, hamiltonian: MolecularHamiltonian, states: Sequence[FloatArray]
) -> FloatArray:
    """Standard deviations of one shot in sector states, in Hartree, shape (states, groups)."""
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


def sample_states(
    sampler: Sampler, states: Iterable[npt.NDArray[Any]], shots: IntArray, key: WordArray
) -> MomentTable:
    """Sample all groups in one state after another; each (state, group) has a random stream."""
    table = MomentTable(shots, np.zeros(shots.shape), np.zeros(shots.shape))
    n_groups = shots.shape[1]
    for i, psi in enumerate(states):
        number = i * n_groups
        together = sampler.together(shots[i])
        at_once = np.where(together, shots[i], 0)
        table.means[i], table.m2s[i] = sampler.draw(psi, at_once, key, number)
        for g in np.flatnonzero(shots[i] - at_once).tolist():
            moments = sampler.draw_group(psi, g, int(shots[i, g]), key, number + g)
            table.means[i, g], table.m2s[i, g] = moments.mean, moments.m2
    return table


class PlanSampler:
    """Samples batches of points of a circuit in all groups of a plan.

    Args:
        plan: the groups.
        hamiltonian: whose sector the states lie in.
        circuit: prepares the states.
        tables: its gates.
        pairs: the gates over explicit pairs of determinants, where there are such.
        workers: threads; outcomes do not depend on their number.
    """

    def __init__(
        self,
        plan: MeasurementPlan,
        hamiltonian: MolecularHamiltonian,
        circuit: Circuit,
        tables: GateTables,
        pairs: PairTables | None,
        workers: Workers,
    ) -> None:
        self.sampler = make_sampler(plan, hamiltonian, workers)
        self._circuit, self._tables, self._workers = circuit, tables, workers
        self._arguments: tuple[Any, ...] | None = None
        if pairs is None or not isinstance(self.sampler, OrbitalSampler):
            return
        # What `draw_points` takes beside points, shots, stream and results.
        self._arguments = (
            tables.offsets, tables.parametric, *circuit.affine, tables.reference,
            pairs.first, pairs.left, pairs.right, self.sampler.shape, *self.sampler.tables,
        )  # fmt: skip
        self._n_outcomes = self.sampler.n_outcomes
        a, b = self.sampler.shape
        self._rotating = 0.1 * len(plan.groups) * a * b * (a + b)
        """Nanoseconds that the rotations of a point take, roughly."""

    def sample(
        self,
        points: Sequence[Point],
        shots: IntArray,
        seed: np.random.SeedSequence,
        state: Callable[[Point], npt.NDArray[Any]],
    ) -> MomentTable:
        """Run `shots[i, g]` shots of point i in group g.

        `state` gives amplitudes over (alpha string, beta string) where no kernel goes all the way.
        """
        shots = np.ascontiguousarray(shots, dtype=np.int64)
        key, arguments = key_of(seed), self._arguments
        counts = shots.ravel().tolist()  # of a few, a list is faster than two reductions
        if arguments is None or by_multinomial(max(counts, default=0), self._n_outcomes):
            return sample_states(self.sampler, map(state, points), shots, key)
        table = MomentTable(shots, np.zeros(shots.shape), np.zeros(shots.shape))
        n_points = len(shots)
        self._workers.run(
            draw_points, n_points, *point_arrays(points, self._tables, self._circuit), *arguments,
            shots, key, table.means, table.m2s, work=n_points * self._rotating + 5.0 * sum(counts),
        )  # fmt: skip
        return table

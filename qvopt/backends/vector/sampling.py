"""Shots of a measurement plan on full states: changes of basis are planned once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from qvopt.backends.batch import Counts
from qvopt.measurement.moment_table import MomentTable
from qvopt.measurement.plan import MeasurementPlan
from qvopt.measurement.statistics import moments_of_group
from qvopt_molecules.arrays import FloatArray, IntArray, MaskArray, aligned_zeros

from .basis_tree import BasisTree, Node, measuring_gates
from .drawing import accumulate, draw, walk
from .lanes import LANE_BITS, LANES
from .sweeps import run_operations

Planes = tuple[FloatArray, FloatArray]

_MANY = 4
"""Above this many shots for each outcome, one multinomial is drawn instead of shot by shot."""


class VectorSampler:
    """Draws outcomes of every group of a plan in a state of `n_qubits`.

    All draws are exact: shots are independent samples of |ψ'|². Results depend on the state, the
    shots and the generator alone. Not for use from several threads at once.
    """

    def __init__(self, plan: MeasurementPlan, n_qubits: int) -> None:
        self.plan = plan
        self._n_qubits = n_qubits
        self._tree = BasisTree.of(plan.groups, n_qubits)
        self._alone: dict[int, BasisTree] = {}
        diagonals = [group.diagonal for group in plan.groups]
        self._z_starts = np.cumsum([0, *(len(d.masks) for d in diagonals)], dtype=np.int64)
        self._z_masks = np.concatenate([np.zeros(0, np.uint64), *(d.masks for d in diagonals)])
        self._coefficients = np.concatenate([np.zeros(0), *(d.coefficients for d in diagonals)])
        self._selects = np.array([bool(group.selection) for group in plan.groups])
        self._rows = 1 << (max(n_qubits, LANE_BITS) - LANE_BITS)
        self._stack: FloatArray = np.empty(0)

    def moments(
        self, states: Iterable[Planes], shots: IntArray, rng: np.random.Generator
    ) -> MomentTable:
        """Return the moments of each group's outcomes in each state: shots[i, g] of group g in i.

        States are drawn from in their order, each before the next one is asked for.
        """
        table = MomentTable(shots.copy(), np.empty(shots.shape), np.empty(shots.shape))
        n_states = 0
        for k, state in enumerate(states):
            many = (shots[k] > _MANY * (1 << self._n_qubits)) | (self._selects & (shots[k] > 0))
            _, values = self._walk(state, np.where(many, 0, shots[k]), rng)
            table.means[k], table.m2s[k] = values.T
            for g in np.flatnonzero(many).tolist():
                counts = self._multinomial(state, g, int(shots[k, g]), rng)
                kept = moments_of_group(self.plan.groups[g], counts)
                table.shots[k, g], table.means[k, g], table.m2s[k, g] = (
                    kept.shots,
                    kept.mean,
                    kept.m2,
                )
            n_states = k + 1
        if n_states != len(shots):
            raise ValueError(f"{n_states} states need as many rows of shots, got {len(shots)}")
        return table

    def counts(self, state: Planes, shots: IntArray, rng: np.random.Generator) -> list[Counts]:
        """Return each group's counts by outcome."""
        many = shots > _MANY * (1 << self._n_qubits)
        few = np.where(many, 0, shots)
        outcomes, _ = self._walk(state, few, rng)
        ends = np.cumsum(few)
        out = [counted(outcomes[end - n : end]) for n, end in zip(few, ends, strict=True)]
        for g in np.flatnonzero(many).tolist():
            out[g] = self._multinomial(state, g, int(shots[g]), rng)
        return out

    def _walk(
        self, state: Planes, shots: IntArray, rng: np.random.Generator
    ) -> tuple[MaskArray, FloatArray]:
        """Outcomes of all groups, one after the other, and (mean, m2) of each group."""
        starts = np.zeros(len(shots) + 1, dtype=np.int64)
        np.cumsum(shots, out=starts[1:])
        uniforms = rng.random(int(starts[-1]))
        outcomes = np.empty(len(uniforms), dtype=np.uint64)
        moments = np.zeros((len(shots), 2))
        tree, operations = self._tree, self._tree.operations
        stack_re, stack_im = self._places(tree, state)
        walk(
            operations.kinds, operations.masks, operations.lanes, operations.turns,
            tree.steps, tree.groups, stack_re, stack_im, starts, uniforms, outcomes,
            self._z_starts, self._z_masks, self._coefficients, moments,
        )  # fmt: skip
        return outcomes, moments

    def _places(self, tree: BasisTree, state: Planes) -> Planes:
        """A stack of states with a copy of `state` at place 0; real where everything is."""
        re, im = state
        planes = 1 if not len(im) and tree.operations.are_real else 2
        shape = (planes, tree.depth, self._rows, LANES)
        if self._stack.shape[0:1] + self._stack.shape[2:] != shape[:1] + shape[2:] or (
            self._stack.shape[1] < tree.depth
        ):
            self._stack = aligned_zeros(*shape)
        stack_re = self._stack[0]
        stack_im = self._stack[1] if planes == 2 else np.empty((tree.depth, 0, LANES))
        stack_re[0] = re
        stack_im[0] = im if len(im) else 0.0
        return stack_re, stack_im

    def _multinomial(
        self, state: Planes, group: int, shots: int, rng: np.random.Generator
    ) -> Counts:
        """Counts of one group, drawn at once."""
        if group not in self._alone:
            gates = measuring_gates(self.plan.groups[group], self._n_qubits)
            self._alone[group] = BasisTree.of_nodes([Node(0, 0, gates, ())])
        operations = self._alone[group].operations
        re, im = (plane[0] for plane in self._places(self._alone[group], state))
        o = operations
        run_operations(o.kinds, o.masks, o.lanes, o.turns, 0, len(o.kinds), re, im)
        return multinomial(probabilities((re, im)), shots, rng)


def probabilities(state: Planes) -> FloatArray:
    """|ψ_n|² of planes, shape (2^n,), summing to 1."""
    re, im = state
    p = np.square(re).reshape(-1)
    if len(im):
        p += np.square(im).reshape(-1)
    return np.asarray(p / p.sum())


def multinomial(p: FloatArray, shots: int, rng: np.random.Generator) -> Counts:
    """Counts of `shots` draws from p."""
    times = rng.multinomial(shots, p)
    outcomes = np.flatnonzero(times)
    return dict(zip(outcomes.tolist(), times[outcomes].tolist(), strict=True))


def draw_counts(state: Planes, shots: int, rng: np.random.Generator) -> Counts:
    """Counts of a state read as it is."""
    if shots > _MANY * state[0].size:
        return multinomial(probabilities(state), shots, rng)
    cumulative = np.empty(len(state[0]))
    accumulate(*state, cumulative)
    outcomes = np.empty(shots, dtype=np.uint64)
    draw(*state, cumulative, rng.random(shots), outcomes)
    return counted(outcomes)


def counted(outcomes: MaskArray) -> Counts:
    """Times by outcome."""
    distinct, times = np.unique(outcomes, return_counts=True)
    return dict(zip(distinct.tolist(), times.tolist(), strict=True))


def planes_of(amplitudes: npt.NDArray[np.complex128]) -> Planes:
    """Real and imaginary parts of amplitudes as planes, padded to three qubits."""
    size = max(len(amplitudes), LANES)
    planes = np.zeros((2, size))
    planes[0, : len(amplitudes)] = amplitudes.real
    planes[1, : len(amplitudes)] = amplitudes.imag
    re, im = planes.reshape(2, -1, LANES)
    return re, im

"""Circuits of small complex states in one call: every run over lines, every run of phases.

On a few hundred determinants a call of a kernel takes longer than its work. All runs of a circuit
lie here one after another in flat arrays, in the order in which their gates are applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from qvopt_molecules.arrays import FloatArray, IntArray

from .diagonal import apply_phases, phase_image
from .factored import COLUMNS, PHASE, ROWS
from .lanes import WIDTH
from .runs import GateRun, LineRun, PhaseRun
from .tiles import apply_run, unapply_run


@dataclass(frozen=True, eq=False)
class PackedRuns:
    """Runs of gates of one spin and of phases, laid end to end.

    Attributes:
        runs: a row for each run: what it does (ROWS, COLUMNS or PHASE), its first gate and one past
            its last, its first phase's row in `alpha` and one past the last, the same in `beta`.
        order: the gates' numbers in the circuit.
        factors: half of an angle turns pairs, `scale` times an angle turns phases.
        ranges: each gate's pairs or strings, as in `LineRun`; the rows of its numbers in `alpha`
            and `beta`, counted from its run's first, in a run of phases.
        diagonal: whether a gate in a run over lines multiplies by phases.
        alpha: distinct numbers on alpha strings of every run of phases, see `PhaseFactors`.
        beta: the same for beta.
    """

    runs: IntArray
    order: IntArray
    factors: FloatArray
    ranges: IntArray
    diagonal: npt.NDArray[np.bool_]
    alpha: FloatArray
    beta: FloatArray

    @classmethod
    def of(
        cls, runs: Sequence[GateRun], factors: FloatArray, shape: tuple[int, int]
    ) -> PackedRuns | None:
        """Lay out the runs of a circuit; None where one is of another kind."""
        rows: list[tuple[int, ...]] = []
        ranges: list[IntArray] = [np.zeros((0, 2), dtype=np.int64)]
        diagonal: list[npt.NDArray[np.bool_]] = [np.zeros(0, dtype=np.bool_)]
        numbers: tuple[list[FloatArray], ...] = tuple([np.zeros((0, n))] for n in shape)
        gates: list[IntArray] = [np.zeros(0, dtype=np.int64)]
        for run in runs:
            first = sum(map(len, gates)), *(sum(map(len, part)) for part in numbers)
            if isinstance(run, PhaseRun):
                kind = PHASE
                ranges.append(run.factors.kind)
                diagonal.append(np.ones(len(run.gates), dtype=np.bool_))
                numbers[0].append(run.factors.alpha)
                numbers[1].append(run.factors.beta)
            elif isinstance(run, LineRun):
                kind = COLUMNS if run.by_rows else ROWS
                ranges.append(run.ranges)
                diagonal.append(run.diagonal)
            else:
                return None
            gates.append(run.gates)
            last = sum(map(len, gates)), *(sum(map(len, part)) for part in numbers)
            rows.append((kind, *(end for pair in zip(first, last, strict=True) for end in pair)))
        order = np.concatenate(gates)
        return cls(
            runs=np.array(rows, dtype=np.int64).reshape(-1, 7),
            order=order,
            factors=factors[order],
            ranges=np.concatenate(ranges),
            diagonal=np.concatenate(diagonal),
            alpha=np.concatenate(numbers[0]),
            beta=np.concatenate(numbers[1]),
        )

    @property
    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """What the kernels take."""
        return (
            self.runs, self.order, self.factors, self.ranges, self.diagonal, self.alpha, self.beta,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def apply_packed(  # type: ignore[no-untyped-def]
    z, planes, shape, angles, runs, order, factors, ranges, diagonal, alpha, beta, left, right, sign
):
    """Apply a circuit to states in place."""
    half = factors * angles[order]
    turns = _turns(half)
    lines = np.arange(max(shape))
    width = WIDTH // planes
    start = np.int64(0)  # a literal would compile versions of their own
    for r in range(len(runs)):
        kind, first, last, a0, a1, b0, b1 = runs[r]
        if kind == PHASE:
            cosines, sines = _phases(half[first:last], ranges[first:last], a1 - a0, beta[b0:b1])
            apply_phases(z, planes, shape, alpha[a0:a1], cosines, sines, start, shape[0])
            continue
        by_rows = kind == COLUMNS
        count = shape[0] if by_rows else shape[1]
        apply_run(
            z, planes, shape, by_rows, lines[:count], ranges[first:last], diagonal[first:last],
            turns[first:last], left, right, sign, start, (count + width - 1) // width,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def unapply_packed(  # type: ignore[no-untyped-def]
    z, planes, shape, angles, runs, order, factors, ranges, diagonal, alpha, beta, left, right,
    sign, slopes,
):  # fmt: skip
    """Undo a circuit on ψ and λ = Hψ; slopes <- the derivatives of ⟨H⟩ by every gate's angle."""
    half = factors * angles[order]
    turns = _turns(half)
    lines = np.arange(max(shape))
    width = WIDTH // planes
    start = np.int64(0)  # a literal would compile versions of their own
    image = np.empty(shape[0] * shape[1])
    for r in range(len(runs) - 1, -1, -1):
        kind, first, last, a0, a1, b0, b1 = runs[r]
        if kind == PHASE:
            phase_image(z, shape, image, start, shape[0])
            cosines, sines = _phases(-half[first:last], ranges[first:last], a1 - a0, beta[b0:b1])
            apply_phases(z, planes, shape, alpha[a0:a1], cosines, sines, start, shape[0])
            by_beta = _by_kind(image, shape, beta[b0:b1])
            for g in range(first, last):
                total = 0.0
                for row in range(shape[0]):
                    total += alpha[a0 + ranges[g, 0], row] * by_beta[ranges[g, 1], row]
                slopes[order[g]] = 2.0 * factors[g] * total
            continue
        by_rows = kind == COLUMNS
        count = shape[0] if by_rows else shape[1]
        tiles = (count + width - 1) // width
        parts = np.zeros((tiles, last - first))
        unapply_run(
            z, planes, shape, by_rows, lines[:count], ranges[first:last], diagonal[first:last],
            turns[first:last], left, right, sign, parts, start, tiles,
        )  # fmt: skip
        for g in range(first, last):
            total = 0.0
            for tile in range(tiles):
                total += parts[tile, g - first]
            slopes[order[g]] = total * factors[g] if diagonal[g] else total


@njit(cache=True, nogil=True)
def _turns(half):  # type: ignore[no-untyped-def]
    """Cosines and sines, shape (gates, 2)."""
    turns = np.empty((len(half), 2))
    for g in range(len(half)):
        turns[g, 0] = np.cos(half[g])
        turns[g, 1] = np.sin(half[g])
    return turns


@njit(cache=True, nogil=True)
def _phases(scaled, kind, n_alpha_kinds, beta):  # type: ignore[no-untyped-def]
    """See `PhaseFactors.turns`: cosines and sines of shape (kinds on alpha strings, n_beta)."""
    n_columns = beta.shape[1]
    cosines, sines = np.zeros((n_alpha_kinds, n_columns)), np.zeros((n_alpha_kinds, n_columns))
    for g in range(len(kind)):
        a, b = kind[g]
        for k in range(n_columns):
            cosines[a, k] += scaled[g] * beta[b, k]
    for a in range(n_alpha_kinds):
        for k in range(n_columns):
            phase = cosines[a, k]
            cosines[a, k] = np.cos(phase)
            sines[a, k] = np.sin(phase)
    return cosines, sines


@njit(cache=True, nogil=True)
def _by_kind(image, shape, beta):  # type: ignore[no-untyped-def]
    """Σ_K v(K) image[I, K] for every kind v of numbers on beta strings, shape (kinds, n_alpha)."""
    out = np.zeros((len(beta), shape[0]))
    for b in range(len(beta)):
        for k in range(shape[1]):
            number = beta[b, k]
            if number != 0.0:
                for row in range(shape[0]):
                    out[b, row] += number * image[row * shape[1] + k]
    return out

r"""A few shots of orbital bases: of the state only the lines are rotated that outcomes need.

Of C' = R_a C R_bᵀ an outcome (I, K) is drawn in three steps. A beta string J is drawn in the
orbitals that the state is in, from Σ_I |C_IJ|², the same for all groups; then I from
|(R_a C)_IJ|², and J is forgotten: what beta electrons are measured in does not change how often I
is read. Row I of R_a C is a row of R_a times C. It is rotated, and K is drawn from it.

A shot takes 2 n_a n_b operations for its row at most, whereas rotating the alpha orbitals of the
whole state takes the same for any number of shots. Rows of all groups are multiplied at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray

from .draws import padded, places_in_rows, rows_of_draws
from .group_rotations import PAIR, GroupRotations
from .lanes import WIDTH
from .line_products import LEAST_ROWS, SPAN, multiply_lines
from .neighbours import RotationSteps
from .xoshiro import WordArray

_PRODUCT = 0.07
"""Nanoseconds of an element of C in the product with a row."""

_SINGLE = 2.0
"""How much longer a rotation of its own takes than one of three."""


@dataclass(frozen=True, eq=False)
class _AlphaStrings:
    """Alpha strings that a group's shots have read.

    Attributes:
        strings: their places, ascending.
        counts: how often each was read.
        stream: state of the random stream after that.
    """

    group: int
    strings: IntArray
    counts: IntArray
    stream: WordArray


class LineSampler:
    """Draws outcomes of groups that have few shots.

    Attributes:
        most_shots: up to which a group is drawn faster than from the whole state rotated.
    """

    def __init__(self, rotations: GroupRotations) -> None:
        self._rotations = rotations
        self._shape = rotations.shape
        n_alpha, n_beta = self._shape
        pairs = PAIR * rotations.most_turned
        whole = pairs * -(-n_beta // WIDTH)
        one = pairs * (1 + _SINGLE) / WIDTH + _PRODUCT * n_alpha * n_beta
        self.most_shots = int(whole / one)

    def draw(
        self, source: FloatArray, planes: int, shots: IntArray, key: WordArray, number: int
    ) -> Iterator[tuple[int, IntArray]]:
        """Places of the determinants that each group with shots reads, one a shot.

        Args:
            source: the planes of the state, flat.
            planes: one for a real state, two for a complex one.
            shots: of each group.
            key: see `xoshiro.key_of`.
            number: names the random stream of the first group; the others follow.
        """
        state = source.reshape(planes, *self._shape)
        weights = padded(np.einsum("pij,pij->j", state, state))
        for groups in self._batches(shots):
            read = [self._read_alpha(state, weights, g, shots[g], key, number + g) for g in groups]
            rows = self._rows(source, planes, read)
            first = 0
            for alpha in read:
                part = rows[:, first : first + len(alpha.strings)]
                yield alpha.group, self._read_beta(np.ascontiguousarray(part), alpha)
                first += len(alpha.strings)

    def _batches(self, shots: IntArray) -> Iterator[list[int]]:
        """Groups whose rows together are no more than half of the state's."""
        batch: list[int] = []
        room = self._shape[0] // 2
        for g in np.flatnonzero(shots).tolist():
            if batch and shots[[*batch, g]].sum() > room:
                yield batch
                batch = []
            batch.append(g)
        if batch:
            yield batch

    def _read_alpha(
        self, state: FloatArray, weights: FloatArray, group: int, shots: int, key: WordArray,
        number: int,
    ) -> _AlphaStrings:  # fmt: skip
        """Draw beta strings, rotate their columns, and draw an alpha string for each shot."""
        counts, stream = np.zeros(len(weights), dtype=np.int64), np.zeros(4, dtype=np.uint64)
        rows_of_draws(weights.copy(), shots, key, number, stream, counts)
        drawn = np.flatnonzero(counts)
        columns = np.ascontiguousarray(state[:, :, drawn].transpose(0, 2, 1))
        self._rotate(0, self._rotations.steps(group), columns)
        places = _draw_in(columns, counts[drawn], stream)
        times = np.bincount(places % self._shape[0])
        strings = np.flatnonzero(times)
        return _AlphaStrings(group, strings, times[strings], stream)

    def _rows(self, source: FloatArray, planes: int, read: Sequence[_AlphaStrings]) -> FloatArray:
        """The rows of R_a C of all strings that were read, shape (planes, strings, n_beta)."""
        n_alpha, n_beta = self._shape
        n_rows = sum(len(alpha.strings) for alpha in read)
        factors = np.zeros((max(n_rows, LEAST_ROWS), n_alpha))
        first = 0
        for alpha in read:
            # Row I of R_a is column I of its inverse: of what undoes the rotations.
            part = factors[first : first + len(alpha.strings)]
            part[np.arange(len(part)), alpha.strings] = 1.0
            self._rotate(0, self._rotations.steps(alpha.group).inverse, part[None])
            first += len(part)
        rows = np.empty((planes, n_rows, n_beta))
        tiles = planes * -(-n_beta // SPAN)
        self._rotations.workers.run(
            multiply_lines, tiles, factors.reshape(-1), n_rows, source, self._shape,
            rows.reshape(-1), work=_PRODUCT * planes * n_rows * n_alpha * n_beta,
        )  # fmt: skip
        return rows

    def _read_beta(self, rows: FloatArray, alpha: _AlphaStrings) -> IntArray:
        """Rotate the rows of a group's alpha strings, and draw a beta string for each shot."""
        self._rotate(1, self._rotations.steps(alpha.group), rows)
        row, column = np.divmod(_draw_in(rows, alpha.counts, alpha.stream), self._shape[1])
        places: IntArray = alpha.strings[row] * self._shape[1] + column
        return places

    def _rotate(self, spin: int, steps: RotationSteps, lines: FloatArray) -> None:
        """Rotate all lines of shape (planes, lines, strings), contiguous, in place."""
        planes, n_lines, _ = lines.shape
        self._rotations.rotate_lines(spin, steps, lines.reshape(-1), planes, np.arange(n_lines))


def _draw_in(lines: FloatArray, counts: IntArray, stream: WordArray) -> IntArray:
    """counts[k] places of line k by |amplitude|²; the stream goes on."""
    planes, n_lines, length = lines.shape
    places = np.empty(int(counts.sum()), dtype=np.int64)
    rows = np.arange(n_lines)
    places_in_rows(lines.reshape(-1), planes, (n_lines, length), rows, counts, stream, places)
    return places

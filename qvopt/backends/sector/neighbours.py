"""Givens rotations between neighbouring orbitals of one spin, on the lines of a large state.

A rotation of orbitals k and k + 1 turns each pair of strings that differ in nothing but which of
the two is occupied. Neighbours have no electrons between them: there are no signs.

Rotations of k + 2, k + 1 and k in a row act among strings that agree outside the orbitals k to
k + 3: four strings with one or with three electrons there, six with two. These stay in the
registers for all three: moving them would take longer than turning them. Each amplitude is turned
in the same order and rounds alike, however many rotations are taken at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from qvopt.measurement.basis_change import givens_rotations
from qvopt_molecules.arrays import FloatArray, IntArray

from .lanes import WIDTH, fma, fnma, load, mul, splat, store, total
from .tables import excitation_pairs

Places = npt.NDArray[np.uint32]

_ONE_ELECTRON = (0b1000, 0b0100, 0b0010, 0b0001)
_ONE_HOLE = (0b0111, 0b1011, 0b1101, 0b1110)
_TWO_ELECTRONS = tuple(1 << a | 1 << b for a, b in combinations(range(4), 2))


class NeighbourTables(NamedTuple):
    """Places of the strings of one spin that rotations mix.

    Attributes:
        first: pairs of orbitals k, k + 1 are those from first[k] to first[k + 1].
        left: of each pair, the string with k occupied.
        right: of each pair, the string with k + 1 occupied.
        first_four: where the fours of orbitals k to k + 3 begin, those with one electron there at
            2k and those with three at 2k + 1.
        fours: flat. Three rotations turn the first two of a four, the middle two and the last two.
        first_six: where the sixes of orbitals k to k + 3 begin.
        sixes: flat, electrons on (0, 1), (0, 2), (0, 3), (1, 2), (1, 3) and (2, 3) of the four.
    """

    first: IntArray
    left: Places
    right: Places
    first_four: IntArray
    fours: Places
    first_six: IntArray
    sixes: Places

    @classmethod
    def of(cls, strings: IntArray, norb: int) -> NeighbourTables:
        """Tabulate the strings of one spin, ascending."""
        pairs = [excitation_pairs(strings, (k,), (k + 1,)) for k in range(norb - 1)]
        windows = range(norb - 3)
        fours = [_within(strings, k, w) for k in windows for w in (_ONE_ELECTRON, _ONE_HOLE)]
        sixes = [_within(strings, k, _TWO_ELECTRONS) for k in windows]
        return cls(
            _starts([pair[0] for pair in pairs]),
            _flat([pair[0] for pair in pairs]),
            _flat([pair[1] for pair in pairs]),
            _starts(fours),
            _flat(fours),
            _starts(sixes),
            _flat(sixes),
        )

    def turned(self, n_rotations: int) -> int:
        """How many pairs of strings so many rotations turn: of all neighbours it is the same."""
        return n_rotations * int(self.first[-1]) // max(len(self.first) - 1, 1)


def _within(strings: IntArray, k: int, words: tuple[int, ...]) -> IntArray:
    """Places of the strings with each word in orbitals k to k + 3, equal elsewhere, by rows."""
    window = 0b1111 << k
    rest = strings[strings & window == words[0] << k] & ~window
    bits = rest[:, None] | np.array(words, dtype=np.int64) << k
    return np.asarray(np.searchsorted(strings, bits), dtype=np.int64)


def _starts(parts: list[IntArray]) -> IntArray:
    """Where each part begins, and where the last one ends."""
    return np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)


def _flat(parts: list[IntArray]) -> Places:
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *(part.reshape(-1) for part in parts)]).astype(np.uint32)


@dataclass(frozen=True, eq=False)
class RotationSteps:
    """Givens rotations in the order that they are made in.

    Attributes:
        orbitals: each turns orbitals k and k + 1.
        turns: (cos, sin) of each.
        runs: the lowest orbital and the number of rotations, three or one, of each run.
    """

    orbitals: IntArray
    turns: FloatArray
    runs: IntArray

    @classmethod
    def of(cls, rotation: FloatArray) -> RotationSteps:
        """The rotations that make up one of all orbitals, see `givens_rotations`."""
        steps = givens_rotations(rotation)
        half = 0.5 * np.array([angle for _, angle in steps])
        orbitals = np.array([k for k, _ in steps], dtype=np.int64)
        return cls(orbitals, np.stack([np.cos(half), np.sin(half)], axis=1), _runs(orbitals))

    @cached_property
    def inverse(self) -> RotationSteps:
        """The rotations that undo these."""
        orbitals = self.orbitals[::-1].copy()
        turns = np.ascontiguousarray(self.turns[::-1]) * np.array([1.0, -1.0])
        return RotationSteps(orbitals, turns, _runs(orbitals))


def _runs(orbitals: IntArray) -> IntArray:
    """Threes of neighbours from the upper one down, and what is left one by one."""
    runs: list[tuple[int, int]] = []
    at = 0
    while at < len(orbitals):
        k = int(orbitals[at])
        three = orbitals[at : at + 3].tolist() == [k, k - 1, k - 2]
        runs.append((k - 2, 3) if three else (k, 1))
        at += runs[-1][1]
    return np.array(runs, dtype=np.int64).reshape(-1, 2)


@njit(inline="always")
def _turn_fours(buffer, fours, first, last, ca, da, cb, db, cc, dc):  # type: ignore[no-untyped-def]
    """Three rotations (cos, sin) of neighbours in each four."""
    for n in range(4 * first, 4 * last, 4):
        i, j = np.intp(fours[n]) * WIDTH, np.intp(fours[n + 1]) * WIDTH
        k, m = np.intp(fours[n + 2]) * WIDTH, np.intp(fours[n + 3]) * WIDTH
        p, q = load(buffer, i), load(buffer, j)
        store(buffer, i, fnma(da, q, mul(ca, p)))
        p, q = fma(da, p, mul(ca, q)), load(buffer, k)
        store(buffer, j, fnma(db, q, mul(cb, p)))
        p, q = fma(db, p, mul(cb, q)), load(buffer, m)
        store(buffer, k, fnma(dc, q, mul(cc, p)))
        store(buffer, m, fma(dc, p, mul(cc, q)))


@njit(inline="always")
def _turn_sixes(buffer, sixes, first, last, ca, da, cb, db, cc, dc):  # type: ignore[no-untyped-def]
    """Rotations of orbitals (2, 3), (1, 2) and (0, 1) in each six."""
    for n in range(6 * first, 6 * last, 6):
        i01, i02 = np.intp(sixes[n]) * WIDTH, np.intp(sixes[n + 1]) * WIDTH
        i03, i12 = np.intp(sixes[n + 2]) * WIDTH, np.intp(sixes[n + 3]) * WIDTH
        i13, i23 = np.intp(sixes[n + 4]) * WIDTH, np.intp(sixes[n + 5]) * WIDTH
        p, q = load(buffer, i02), load(buffer, i03)
        s02, s03 = fnma(da, q, mul(ca, p)), fma(da, p, mul(ca, q))
        p, q = load(buffer, i12), load(buffer, i13)
        s12, s13 = fnma(da, q, mul(ca, p)), fma(da, p, mul(ca, q))
        p = load(buffer, i01)
        store(buffer, i01, fnma(db, s02, mul(cb, p)))
        s02 = fma(db, p, mul(cb, s02))
        q = load(buffer, i23)
        store(buffer, i23, fma(db, s13, mul(cb, q)))
        s13 = fnma(db, q, mul(cb, s13))
        store(buffer, i02, fnma(dc, s12, mul(cc, s02)))
        store(buffer, i12, fma(dc, s02, mul(cc, s12)))
        store(buffer, i03, fnma(dc, s13, mul(cc, s03)))
        store(buffer, i13, fma(dc, s03, mul(cc, s13)))


@njit(cache=True, nogil=True)
def rotate_lines(buffer, runs, turns, tables):  # type: ignore[no-untyped-def]
    """Rotate eight lines, buffer[8 string + line], see `RotationSteps` and `NeighbourTables`."""
    g = 0
    for r in range(len(runs)):
        k, ca, sa = runs[r, 0], splat(turns[g, 0]), turns[g, 1]
        da = splat(sa)
        if runs[r, 1] == 1:
            for n in range(tables.first[k], tables.first[k + 1]):
                i, j = np.intp(tables.left[n]) * WIDTH, np.intp(tables.right[n]) * WIDTH
                p, q = load(buffer, i), load(buffer, j)
                store(buffer, i, fnma(da, q, mul(ca, p)))
                store(buffer, j, fma(da, p, mul(ca, q)))
            g += 1
            continue
        cb, sb, cc, sc = turns[g + 1, 0], turns[g + 1, 1], turns[g + 2, 0], turns[g + 2, 1]
        bb, db, ec, dc = splat(cb), splat(sb), splat(cc), splat(sc)
        ends, fours = tables.first_four[2 * k : 2 * k + 3], tables.fours
        # The electron of a four with one starts at the upper end, so that angles change their sign.
        _turn_fours(buffer, fours, ends[0], ends[1], ca, splat(-sa), bb, splat(-sb), ec, splat(-sc))
        _turn_fours(buffer, fours, ends[1], ends[2], ca, da, bb, db, ec, dc)
        first, last = tables.first_six[k], tables.first_six[k + 1]
        _turn_sixes(buffer, tables.sixes, first, last, ca, da, bb, db, ec, dc)
        g += 3


@njit(cache=True, nogil=True)
def rotate_columns(  # type: ignore[no-untyped-def]
    source, z, shape, runs, turns, tables, first_tile, last_tile
):  # fmt: skip
    """z <- the source with the orbitals of alpha strings rotated, by tiles of eight columns."""
    n_rows, n_columns = shape
    tiles = -(-n_columns // WIDTH)
    buffer = np.zeros(n_rows * WIDTH)
    for tile in range(first_tile, last_tile):
        origin = tile // tiles * n_rows * n_columns + tile % tiles * WIDTH
        count = min(WIDTH, n_columns - tile % tiles * WIDTH)
        for row in range(n_rows):
            at = origin + row * n_columns
            if count == WIDTH:
                store(buffer, row * WIDTH, load(source, at))
            else:
                for lane in range(count):
                    buffer[row * WIDTH + lane] = source[at + lane]
        rotate_lines(buffer, runs, turns, tables)
        for row in range(n_rows):
            at = origin + row * n_columns
            if count == WIDTH:
                store(z, at, load(buffer, row * WIDTH))
            else:
                for lane in range(count):
                    z[at + lane] = buffer[row * WIDTH + lane]


@njit(cache=True, nogil=True)
def rotate_rows(  # type: ignore[no-untyped-def]
    z, planes, shape, rows, runs, turns, tables, first_tile, last_tile
):  # fmt: skip
    """Rotate the orbitals of beta strings in some rows, by tiles of eight rows of one plane."""
    n_rows, n_columns = shape
    tiles = -(-len(rows) // WIDTH)
    buffer = np.zeros(n_columns * WIDTH)
    for tile in range(first_tile, last_tile):
        origin, start = tile // tiles * n_rows * n_columns, tile % tiles * WIDTH
        count = min(WIDTH, len(rows) - start)
        for lane in range(count):
            at = origin + rows[start + lane] * n_columns
            for k in range(n_columns):
                buffer[k * WIDTH + lane] = z[at + k]
        rotate_lines(buffer, runs, turns, tables)
        for lane in range(count):
            at = origin + rows[start + lane] * n_columns
            for k in range(n_columns):
                z[at + k] = buffer[k * WIDTH + lane]


@njit(cache=True, nogil=True)
def row_weights(z, planes, shape, weights, first_row, last_row):  # type: ignore[no-untyped-def]
    """weights[row] <- Σ_K |amplitude[row, K]|², for some rows."""
    n_columns = shape[1]
    for row in range(first_row, last_row):
        lanes, rest = splat(0.0), 0.0
        for plane in range(planes):
            at = (plane * shape[0] + row) * n_columns
            k = 0
            while k + WIDTH <= n_columns:
                part = load(z, at + k)
                lanes = fma(part, part, lanes)
                k += WIDTH
            while k < n_columns:
                rest += z[at + k] * z[at + k]
                k += 1
        weights[row] = total(lanes) + rest

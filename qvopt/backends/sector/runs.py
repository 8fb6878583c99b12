"""Cuts a circuit into runs of gates that cross a large state once each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .classes import Pairs, StringClasses, families, string_classes
from .compilation import GateTables
from .factored import BOTH, COLUMNS, PHASE, ROWS

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Part = tuple[int, int]
"""An excitation of one spin by its range in the table of pairs."""

SHORTEST = 4
"""Fewer gates than this are applied one by one: copying to a buffer would cost more."""

LARGEST = 8192
"""Amplitudes of the largest block: eight of them, one a lane, are to stay in the cache."""


@dataclass(frozen=True, eq=False)
class Run:
    """Gates by their numbers, in order; this kind is applied gate by gate."""

    gates: IntArray


@dataclass(frozen=True, eq=False)
class LineRun(Run):
    """Gates of one spin, within lines: rows or columns. `ranges` holds each gate's pairs."""

    by_rows: bool
    lines: IntArray
    ranges: IntArray

    @property
    def rotated(self) -> int:
        """Pairs that are rotated within a line."""
        return int(np.diff(self.ranges, axis=1).sum())


@dataclass(frozen=True, eq=False)
class Tiles:
    """What `blocks` works on: (alpha class, beta class, first block) of each tile.

    `copied` amplitudes in each lane, `rotated` pairs of them by all gates of the run.
    """

    places: IntArray
    copied: IntArray
    rotated: IntArray


@dataclass(frozen=True, eq=False)
class BlockRun(Run):
    """Mixed gates, over blocks: each one's alpha and beta excitation among those of the classes."""

    alpha: StringClasses
    beta: StringClasses
    excitations: IntArray
    _tiles: dict[int, Tiles] = field(default_factory=dict)

    @property
    def room(self) -> tuple[int, int]:
        """The most places of an alpha and of a beta family."""
        return int(self.alpha.size.max()), int(self.beta.size.max())

    def tiles(self, width: int) -> Tiles:
        """Cut the blocks that some gate rotates into tiles of at most `width`."""
        if width not in self._tiles:
            sides = (self.alpha, self.excitations[:, 0]), (self.beta, self.excitations[:, 1])
            pairs = [np.diff(classes.first, axis=1)[:, e] for classes, e in sides]
            rotated = pairs[0] @ pairs[1].T
            copied = np.outer(self.alpha.size, self.beta.size)
            blocks = np.outer(self.alpha.count, self.beta.count)
            places = [
                (a, b, first)
                for a, b in zip(*np.nonzero(rotated), strict=True)
                for first in range(0, int(blocks[a, b]), width)
            ]
            # One alpha family after another: its rows then stay in the cache.
            places.sort(key=lambda place: (place[0], place[2] // int(self.beta.count[place[1]])))
            at = np.array(places, dtype=np.int64).reshape(-1, 3)
            classes_ = at[:, 0], at[:, 1]
            self._tiles[width] = Tiles(at, copied[classes_], rotated[classes_])
        return self._tiles[width]


def cut_into_runs(tables: GateTables) -> list[Run]:
    """Return the runs of a circuit.

    Gates of one spin commute with those of the other, so that their runs may interleave. Mixed
    gates go together as long as their blocks are small.
    """
    gates = tables.gates.astype(np.int64)
    families_ = _Families(tables)
    groups: list[_Group] = []
    for k, row in enumerate(gates.tolist()):
        kind, a0, a1, b0, b1 = row
        if kind in (ROWS, COLUMNS):
            back = -1
            if len(groups) > 1 and groups[-1].kind in (ROWS, COLUMNS) and groups[-1].kind != kind:
                back = -2
            if groups and groups[back].kind == kind:
                groups[back].gates.append(k)
                continue
        elif kind == BOTH:
            if not (groups and groups[-1].kind == BOTH):
                groups.append(_Group(kind))
            if not groups[-1].take(k, (a0, a1), (b0, b1), families_):
                groups.append(_Group(kind))
                groups[-1].take(k, (a0, a1), (b0, b1), families_)
            continue
        groups.append(_Group(kind, [k]))
    return [_run(group, gates, tables, families_) for group in groups]


class _Families:
    """The families of every set of excitations that comes up, by spin."""

    def __init__(self, tables: GateTables) -> None:
        self._shape = tables.shape
        self._left, self._right = tables.left.astype(np.int64), tables.right.astype(np.int64)
        self._sign = tables.sign
        self._largest: dict[tuple[int, frozenset[Part]], int] = {}
        self._classes: dict[tuple[int, tuple[Part, ...]], StringClasses] = {}

    def largest(self, spin: int, parts: dict[Part, int]) -> int:
        """Strings of the largest family."""
        key = (spin, frozenset(parts))
        if key not in self._largest:
            _, labels = families(self._shape[spin], [self._pairs(p) for p in parts])
            self._largest[key] = int(np.bincount(labels).max())
        return self._largest[key]

    def classes(self, spin: int, parts: dict[Part, int]) -> StringClasses:
        key = (spin, tuple(parts))
        if key not in self._classes:
            self._classes[key] = string_classes(self._shape[spin], [self._pairs(p) for p in parts])
        return self._classes[key]

    def _pairs(self, part: Part) -> Pairs:
        each = slice(*part)
        return self._left[each], self._right[each], self._sign[each]


@dataclass
class _Group:
    kind: int
    gates: list[int] = field(default_factory=list)
    alpha: dict[Part, int] = field(default_factory=dict)
    beta: dict[Part, int] = field(default_factory=dict)
    excitations: list[Part] = field(default_factory=list)

    def take(self, k: int, alpha: Part, beta: Part, known: _Families) -> bool:
        """Take a mixed gate, unless the blocks would grow too large."""
        sides = [dict(self.alpha), dict(self.beta)]
        for side, part in zip(sides, (alpha, beta), strict=True):
            side.setdefault(part, len(side))
        if self.gates:
            rows, columns = (known.largest(spin, side) for spin, side in enumerate(sides))
            if rows * columns > LARGEST:
                return False
        self.alpha, self.beta = sides
        self.gates.append(k)
        self.excitations.append((self.alpha[alpha], self.beta[beta]))
        return True


def _run(group: _Group, gates: IntArray, tables: GateTables, known: _Families) -> Run:
    numbers = np.array(group.gates, dtype=np.int64)
    if group.kind == PHASE or len(numbers) < SHORTEST:
        return Run(numbers)
    if group.kind == ROWS:
        return LineRun(numbers, False, np.arange(tables.shape[1]), gates[numbers, 1:3])
    if group.kind == COLUMNS:
        return LineRun(numbers, True, np.arange(tables.shape[0]), gates[numbers, 3:5])
    return BlockRun(
        numbers,
        known.classes(0, group.alpha),
        known.classes(1, group.beta),
        np.array(group.excitations, dtype=np.int64),
    )

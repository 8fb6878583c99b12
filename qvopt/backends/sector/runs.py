"""Cuts a circuit into runs of gates that cross a large state once each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import IntArray

from .classes import Pairs, StringClasses, families, string_classes
from .compilation import GateTables
from .diagonal import PhaseFactors
from .factored import BOTH, COLUMNS, PHASE, ROWS
from .lanes import WIDTH

Part = tuple[int, int]
"""An excitation of one spin by its range in the table of pairs."""

UNCHANGED: Part = (-1, -1)
"""Stands for every string with itself: what a gate of one spin does to the other."""

_MANY = 12
"""Gates of one spin in a row that are worth a run over lines."""

SHORTEST = 4
"""Fewer gates than this are applied one by one: copying to a buffer would cost more."""

LARGEST = 8192
"""Amplitudes of the largest block: eight of them, one a lane, are to stay in the cache."""

_FEW = 1 << 18
"""Determinants up to which smaller blocks are tried too: of large ones there may be fewer than
lanes."""


COPYING, ROTATING = 10.0, 4.0
"""Nanoseconds for eight amplitudes to a buffer and back, and for eight pairs, roughly."""

SINGLE = 1.5
"""Nanoseconds of a pair that is rotated on its own, roughly."""


@dataclass(frozen=True, eq=False)
class GateRun:
    """Gates by their numbers, in order; this kind is applied gate by gate."""

    gates: IntArray


@dataclass(frozen=True, eq=False)
class LineRun(GateRun):
    """Gates of one spin, within lines: rows or columns.

    `ranges` holds each gate's pairs, or the strings that it gives phases to where `diagonal`.
    """

    by_rows: bool
    lines: IntArray
    ranges: IntArray
    diagonal: npt.NDArray[np.bool_]

    @cached_property
    def rotated(self) -> int:
        """Pairs that are rotated within a line."""
        return int(np.diff(self.ranges, axis=1).sum())


@dataclass(frozen=True, eq=False)
class PhaseRun(GateRun):
    """Diagonal gates, all at once."""

    factors: PhaseFactors


@dataclass(frozen=True, eq=False)
class Tiles:
    """What `blocks` works on: (alpha class, beta class, first block) of each tile.

    `copied` amplitudes in each lane, `rotated` pairs of them by all gates of the run.
    """

    places: IntArray
    copied: IntArray
    rotated: IntArray


@dataclass(frozen=True, eq=False)
class BlockRun(GateRun):
    """Gates of any spin, over blocks: their excitations by number in the classes of either spin."""

    alpha: StringClasses
    beta: StringClasses
    excitations: IntArray
    _tiles: dict[int, Tiles] = field(default_factory=dict)

    @property
    def room(self) -> tuple[int, int]:
        """The most places of an alpha and of a beta family."""
        return int(self.alpha.size.max(initial=1)), int(self.beta.size.max(initial=1))

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

    @property
    def work(self) -> float:
        """Nanoseconds of applying the gates to a real state and undoing them on two, roughly."""
        tiles = [self.tiles(WIDTH), self.tiles(WIDTH // 2)]
        return float(sum(COPYING * t.copied.sum() + ROTATING * t.rotated.sum() for t in tiles))


def cut_into_runs(tables: GateTables) -> list[GateRun]:
    """Return the runs of a circuit.

    Gates of one spin commute with those of the other, so that their runs may interleave. Mixed
    gates go together as long as their blocks are small; short stretches of gates of one spin go
    with them, so that a circuit in any order crosses the state seldom.
    """
    families_ = _Families(tables)
    runs = _cut(tables, families_, LARGEST)
    if tables.shape[0] * tables.shape[1] > _FEW:
        return runs
    smaller = _cut(tables, families_, LARGEST // 4)
    return min(runs, smaller, key=lambda cut: _mixed_work(cut, tables.rotated))


def _cut(tables: GateTables, families_: _Families, largest: int) -> list[GateRun]:
    """Cut into runs whose blocks have at most `largest` amplitudes."""
    gates = tables.gates.astype(np.int64)
    groups: list[_Group] = []
    for kind, numbers in _stretches(gates):
        if kind != BOTH:
            groups.append(_Group(kind, numbers))
        else:
            for k in numbers:
                alpha, beta = _parts(gates[k].tolist())
                if not (groups and groups[-1].kind == BOTH):
                    groups.append(_Group(BOTH))
                if not groups[-1].take(k, alpha, beta, families_, largest):
                    groups.append(_Group(BOTH))
                    groups[-1].take(k, alpha, beta, families_, largest)
    return [_run(group, gates, tables, families_) for group in groups]


def _mixed_work(runs: list[GateRun], pairs: IntArray) -> float:
    """Nanoseconds of the runs that depend on how a circuit is cut; `pairs` by gate."""
    total = 0.0
    for run in runs:
        if isinstance(run, BlockRun):
            total += run.work
        elif not isinstance(run, LineRun | PhaseRun):
            total += 3 * SINGLE * float(pairs[run.gates].sum())
    return total


def _stretches(gates: IntArray) -> Iterator[tuple[int, list[int]]]:
    """Gates by what is done with them: long stretches of one spin, mixed ones, phases.

    A stretch of gates of single spins gives those of alpha and those of beta, if there are many of
    either; few are left among the mixed ones. Phases of one spin go with gates of that spin; others
    go together with the phases that stand beside them.
    """
    sorts = _sorts(gates)
    first = 0
    for k in range(1, len(gates) + 1):
        if k < len(gates) and sorts[k] == sorts[first]:
            continue
        numbers = list(range(first, k))
        first = k
        if sorts[numbers[0]] != ROWS:
            yield sorts[numbers[0]], numbers
            continue
        for kind in (ROWS, COLUMNS):
            of_spin = [m for m in numbers if _line_kind(gates[m]) == kind]
            few = len(of_spin) < _MANY and not np.any(gates[of_spin, 0] == PHASE)
            if of_spin:
                yield (BOTH if few else kind), of_spin


def _sorts(gates: IntArray) -> list[int]:
    """ROWS for gates of a single spin, BOTH for mixed ones, PHASE for phases beside mixed ones."""
    sorts = [BOTH if kind == BOTH else ROWS for kind in gates[:, 0].tolist()]
    first = 0
    for k in range(len(gates) + 1):
        if k < len(gates) and gates[k, 0] == PHASE:
            continue
        if np.any(gates[first:k, 2] == 0):
            sorts[first:k] = [PHASE] * (k - first)
        first = k + 1
    return sorts


def _line_kind(gate: IntArray) -> int:
    """Whether a gate of one spin works on rows or on columns."""
    if gate[0] == PHASE:
        return ROWS if gate[2] == 1 else COLUMNS
    return int(gate[0])


def _parts(gate: list[int]) -> tuple[Part, Part]:
    """What a gate excites of either spin."""
    kind, a0, a1, b0, b1 = gate
    alpha = UNCHANGED if kind == COLUMNS else (a0, a1)
    return alpha, UNCHANGED if kind == ROWS else (b0, b1)


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
            _, labels = families(self._shape[spin], [self._pairs(spin, p) for p in parts])
            self._largest[key] = int(np.bincount(labels).max())
        return self._largest[key]

    def classes(self, spin: int, parts: dict[Part, int]) -> StringClasses:
        key = (spin, tuple(parts))
        if key not in self._classes:
            self._classes[key] = string_classes(
                self._shape[spin], [self._pairs(spin, p) for p in parts]
            )
        return self._classes[key]

    def _pairs(self, spin: int, part: Part) -> Pairs:
        if part == UNCHANGED:
            strings = np.arange(self._shape[spin])
            return strings, strings, np.ones(len(strings))
        each = slice(*part)
        return self._left[each], self._right[each], self._sign[each]


@dataclass
class _Group:
    kind: int
    gates: list[int] = field(default_factory=list)
    alpha: dict[Part, int] = field(default_factory=dict)
    beta: dict[Part, int] = field(default_factory=dict)
    excitations: list[Part] = field(default_factory=list)

    def take(self, k: int, alpha: Part, beta: Part, known: _Families, largest: int) -> bool:
        """Take a gate, unless the blocks would grow too large."""
        sides = [dict(self.alpha), dict(self.beta)]
        for side, part in zip(sides, (alpha, beta), strict=True):
            side.setdefault(part, len(side))
        if self.gates:
            rows, columns = (known.largest(spin, side) for spin, side in enumerate(sides))
            if rows * columns > largest:
                return False
        self.alpha, self.beta = sides
        self.gates.append(k)
        self.excitations.append((self.alpha[alpha], self.beta[beta]))
        return True


def _run(group: _Group, gates: IntArray, tables: GateTables, known: _Families) -> GateRun:
    numbers = np.array(group.gates, dtype=np.int64)
    if group.kind == PHASE:
        phases = [tables.phases[number] for number in gates[numbers, 1].tolist()]
        return PhaseRun(numbers, PhaseFactors.of(phases))
    if group.kind == BOTH:
        if len(numbers) < SHORTEST:
            return GateRun(numbers)
        run = BlockRun(
            numbers,
            known.classes(0, group.alpha),
            known.classes(1, group.beta),
            np.array(group.excitations, dtype=np.int64),
        )
        # Few gates, or blocks that leave lanes empty, may not be worth the copying.
        pairs = float(tables.rotated[numbers].sum())
        return run if run.work < 3 * SINGLE * pairs else GateRun(numbers)
    by_rows = group.kind == COLUMNS
    lines = np.arange(tables.shape[0 if by_rows else 1])
    diagonal = gates[numbers, 0] == PHASE
    ranges = gates[numbers, 3:5] if by_rows else gates[numbers, 1:3]
    ranges[diagonal] = gates[numbers[diagonal], 3:5]
    return LineRun(numbers, by_rows, lines, ranges, diagonal)

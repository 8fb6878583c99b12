"""Cuts a circuit into runs of gates that cross a large state once each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .compilation import GateTables
from .factored import BOTH, COLUMNS, PHASE, ROWS

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

SHORTEST = 4
"""Fewer gates than this are applied one by one: copying lines to a buffer would cost more."""


@dataclass(frozen=True, eq=False)
class Run:
    """Gates that go together, by their numbers, in order.

    `by_rows` says whether lines are rows; partners `q_lines` are empty for gates within lines.
    `ranges` holds each gate's pairs of strings along the lines. A run that is not `tiled` is
    applied gate by gate.
    """

    gates: IntArray
    tiled: bool
    by_rows: bool = True
    p_lines: IntArray | None = None
    q_lines: IntArray | None = None
    q_signs: FloatArray | None = None
    ranges: IntArray | None = None

    @property
    def n_lines(self) -> int:
        """How many lines, or pairs of lines, the run goes over."""
        assert self.p_lines is not None
        return len(self.p_lines)


def cut_into_runs(tables: GateTables) -> list[Run]:
    """Return the runs of a circuit.

    Gates of one spin commute with those of the other, so that their runs may interleave. Mixed
    gates go together as long as they share their alpha part, or their beta part.
    """
    gates = tables.gates.astype(np.int64)
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
        elif kind == BOTH and groups and groups[-1].takes((a0, a1), (b0, b1)):
            groups[-1].add(k, (a0, a1), (b0, b1))
            continue
        groups.append(_Group(kind, [k], (a0, a1), (b0, b1)))
    return [_run(group, gates, tables) for group in groups]


@dataclass
class _Group:
    kind: int
    gates: list[int]
    alpha: tuple[int, int] | None
    beta: tuple[int, int] | None

    def takes(self, alpha: tuple[int, int], beta: tuple[int, int]) -> bool:
        return self.kind == BOTH and (self.alpha == alpha or self.beta == beta)

    def add(self, k: int, alpha: tuple[int, int], beta: tuple[int, int]) -> None:
        """Take a gate, and forget the part that it does not share."""
        self.gates.append(k)
        if self.alpha == alpha:
            self.beta = self.beta if self.beta == beta else None
        else:
            self.alpha = None


def _run(group: _Group, gates: IntArray, tables: GateTables) -> Run:
    numbers = np.array(group.gates, dtype=np.int64)
    if group.kind == PHASE or len(numbers) < SHORTEST:
        return Run(numbers, tiled=False)
    none, no_signs = np.zeros(0, dtype=np.int64), np.zeros(0)
    if group.kind == ROWS:
        lines = np.arange(tables.shape[1])
        return Run(numbers, True, False, lines, none, no_signs, gates[numbers, 1:3])
    if group.kind == COLUMNS:
        lines = np.arange(tables.shape[0])
        return Run(numbers, True, True, lines, none, no_signs, gates[numbers, 3:5])
    by_rows = group.alpha is not None
    first, last = (group.alpha if by_rows else group.beta) or (0, 0)
    shared = slice(first, last)
    return Run(
        numbers,
        True,
        by_rows,
        tables.left[shared].astype(np.int64),
        tables.right[shared].astype(np.int64),
        tables.sign[shared],
        gates[numbers, 3:5] if by_rows else gates[numbers, 1:3],
    )

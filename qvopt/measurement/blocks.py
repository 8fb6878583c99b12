"""Shots in blocks: rounded so that all circuits of a job can have one number of shots.

Vendors run every circuit of a job equally often. Where a block of shots divides what each circuit
gets, a circuit is run in as many rows of one block as it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from qvopt_molecules.arrays import IntArray

from .allocation import allocate

_Shots = TypeVar("_Shots", int, IntArray)


def rounded_up(shots: _Shots, block: int) -> _Shots:
    """Return the next multiples of `block`.

    >>> rounded_up(70, 50)
    100
    """
    return -(-shots // block) * block


def in_blocks(shots: Sequence[IntArray], block: int) -> list[IntArray]:
    """Round shots by setting and group to multiples of `block`.

    The sum over all settings is kept exactly where it is such a multiple, else it is rounded down,
    but never below one block for each group that has any shots.

    >>> [row.tolist() for row in in_blocks([np.array([70, 130]), np.array([40, 60])], 50)]
    [[50, 150], [50, 50]]
    """
    if block <= 1 or not shots:
        return list(shots)
    totals = np.array([row.sum() for row in shots], dtype=np.float64)
    groups = np.array([np.count_nonzero(row) for row in shots])
    used = np.flatnonzero(totals)
    if not len(used):
        return list(shots)
    least = int(groups[used].max())
    whole = max(int(totals.sum()) // block, least * len(used))
    blocks = allocate(totals[used], whole, minimum=least)
    out = [np.zeros_like(row) for row in shots]
    for position, count in zip(used.tolist(), blocks.tolist(), strict=True):
        row = shots[position]
        some = np.flatnonzero(row)
        out[position][some] = block * allocate(row[some].astype(np.float64), count, minimum=1)
    return out

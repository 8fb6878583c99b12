"""Families of strings that a group of excitations joins, sorted into classes that look alike.

Excitations that share few orbitals leave most of a string alone: those from one occupied orbital
to any empty one, say, join the strings with one occupation of all other occupied orbitals and one
number of electrons in what is left. Such a family is small, there are many of them, and they differ
by signs alone, so that one list of pairs serves all families of a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray

Pairs = tuple[IntArray, IntArray, FloatArray]
"""Strings (I, J, s) with T|I⟩ = s|J⟩."""


@dataclass(frozen=True, eq=False)
class StringClasses:
    """Classes of families.

    Class c has `count[c]` families of `size[c]` strings; those of its family f are
    `strings[start[c] + f size[c] :][: size[c]]`, in rising order. Once each string's amplitude is
    multiplied by its `gauge` (±1), excitation e rotates the places (low[n], high[n]) of every
    family with sign[n], for n from first[c, e] to first[c, e + 1].
    """

    size: IntArray
    count: IntArray
    start: IntArray
    strings: IntArray
    gauge: FloatArray
    first: IntArray
    low: IntArray
    high: IntArray
    sign: FloatArray

    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """What the kernels take."""
        return (
            self.size, self.count, self.start, self.strings, self.gauge, self.first, self.low,
            self.high, self.sign,
        )  # fmt: skip


def families(n_strings: int, excitations: Sequence[Pairs]) -> tuple[int, IntArray]:
    """How many families there are, and that of each string."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    low = np.concatenate([e[0] for e in excitations])
    high = np.concatenate([e[1] for e in excitations])
    joined = csr_array((np.ones(len(low)), (low, high)), shape=(n_strings, n_strings))
    count, labels = connected_components(joined, directed=False)
    return int(count), labels.astype(np.int64)


def string_classes(n_strings: int, excitations: Sequence[Pairs]) -> StringClasses:
    """Sort the families of more than one string into classes."""
    count, family = families(n_strings, excitations)
    order = np.argsort(family, kind="stable")
    begin = np.concatenate([[0], np.cumsum(np.bincount(family, minlength=count))])
    place = np.empty(n_strings, dtype=np.int64)
    place[order] = np.arange(n_strings) - begin[family[order]]
    number = np.concatenate([np.full(len(e[0]), k) for k, e in enumerate(excitations)])
    low, high, sign = (np.concatenate([e[k] for e in excitations]) for k in (0, 1, 2))
    gauge = _gauge(family, count, low, high, sign)
    sign = sign * gauge[low] * gauge[high]

    # Rows (excitation, low, high, sign) of each family in one order tell its class.
    rows = np.stack([number, place[low], place[high], sign.astype(np.int64)], axis=1)
    at = family[low]
    sorted_ = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0], at))
    rows, at = rows[sorted_], at[sorted_]
    ends = np.searchsorted(at, np.arange(count + 1))
    members: dict[bytes, list[int]] = {}
    for f in np.flatnonzero(np.diff(ends)):
        members.setdefault(rows[ends[f] : ends[f + 1]].tobytes(), []).append(int(f))

    ranges, pieces, strings = [], [], []
    offset = 0
    for same in members.values():
        piece = rows[ends[same[0]] : ends[same[0] + 1]]
        ranges.append(offset + np.searchsorted(piece[:, 0], np.arange(len(excitations) + 1)))
        pieces.append(piece)
        offset += len(piece)
        strings += [order[begin[f] : begin[f + 1]] for f in same]
    counts = np.array([len(same) for same in members.values()], dtype=np.int64)
    sizes = np.array([begin[s[0] + 1] - begin[s[0]] for s in members.values()], dtype=np.int64)
    flat = np.concatenate([np.zeros(0, dtype=np.int64), *strings])
    pairs = np.concatenate([np.zeros((0, 4), dtype=np.int64), *pieces])
    return StringClasses(
        size=sizes,
        count=counts,
        start=np.concatenate([[0], np.cumsum(sizes * counts)]).astype(np.int64),
        strings=flat,
        gauge=gauge[flat],
        first=np.array(ranges, dtype=np.int64).reshape(len(members), len(excitations) + 1),
        low=np.ascontiguousarray(pairs[:, 1]),
        high=np.ascontiguousarray(pairs[:, 2]),
        sign=pairs[:, 3].astype(np.float64),
    )


def _gauge(
    family: IntArray, count: int, low: IntArray, high: IntArray, sign: FloatArray
) -> FloatArray:
    """Signs of the strings that make those of a spanning forest positive.

    Going round a circle the product of signs is what it is; so families of one class have the same
    signs afterwards on every pair.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    root = len(family)  # joined to the first string of every family, so that there is one tree
    firsts = np.unique(family, return_index=True)[1]
    ends = np.concatenate([low, np.full(count, root)]), np.concatenate([high, firsts])
    graph = csr_array((np.ones(len(ends[0])), ends), shape=(root + 1, root + 1))
    reached, before = breadth_first_order(graph, root, directed=False)
    signs = {(int(i), int(j)): float(s) for i, j, s in zip(low, high, sign, strict=True)}
    gauge = np.ones(root + 1)
    for string in reached[1:].tolist():
        parent = int(before[string])
        if parent != root:
            pair = (parent, string)
            gauge[string] = gauge[parent] * signs[pair if pair in signs else pair[::-1]]
    return gauge[:root]

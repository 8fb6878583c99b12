"""The compact letter display of what does not differ significantly."""

from __future__ import annotations

import string

import numpy as np
import numpy.typing as npt

_LETTERS = string.ascii_lowercase + string.ascii_uppercase


def compact_letters(apart: npt.ArrayLike) -> list[str]:
    """Return letters for each of n: two share a letter exactly if they do not differ significantly.

    Args:
        apart: symmetric, shape (n, n): whether two differ significantly. Order them best
            first, and the best gets the first letter.

    Insert and absorb: begin with one group of all; for each such pair, split every group
    that holds both into one without the first and one without the second, and drop groups that lie
    within another. Past 52 groups, letters are numbers in brackets.

    Source: Piepho, J. Comput. Graph. Stat. 13, 456 (2004).
    """
    matrix = np.asarray(apart, dtype=bool)
    n = len(matrix)
    groups: list[frozenset[int]] = [frozenset(range(n))] if n else []
    for i in range(n):
        for j in range(i + 1, n):
            if not matrix[i, j]:
                continue
            split = []
            for group in groups:
                both = i in group and j in group
                split += [group - {i}, group - {j}] if both else [group]
            groups = _maximal(split)
    ordered = sorted(groups, key=sorted)
    return [
        "".join(_letter(k) for k, group in enumerate(ordered) if member in group)
        for member in range(n)
    ]


def _maximal(groups: list[frozenset[int]]) -> list[frozenset[int]]:
    distinct = sorted(set(groups), key=len, reverse=True)
    kept: list[frozenset[int]] = []
    for group in distinct:
        if group and not any(group <= other for other in kept):
            kept.append(group)
    return kept


def _letter(k: int) -> str:
    return _LETTERS[k] if k < len(_LETTERS) else f"({k + 1})"

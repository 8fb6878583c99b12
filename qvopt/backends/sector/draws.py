"""Drawing outcomes by inversion, moments summed on the way.

Outcomes lie in blocks of eight, each kept as its cumulative sums. Over the blocks stands a tree
whose nodes have eight children (R. Bayer, E. McCreight, Acta Inform. 1, 173 (1972)): a node says
where its children end in the cumulative distribution. A step down is one comparison of eight
lanes, and so is the last, within a block: nothing depends on a branch, which a processor would
guess wrong about every other time. Many draws go down the tree together, level by level, so that
their comparisons overlap. Outcomes are those of a search through the cumulative distribution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from qvopt_molecules.arrays import FloatArray, IntArray

from .lane_sums import count_up_to, cumulate, last
from .lanes import WIDTH, fma, load, mul, store
from .xoshiro import WordArray, next_state, stream_word, unit

AT_A_TIME = 256
"""Outcomes that are drawn before their values are summed."""

_DRAWS_AN_OUTCOME = 32  # a binomial takes as long as that many draws, roughly
_DRAWS_A_CALL = 10_000  # and so do a call and its generator


@njit(inline="always")
def tree_depth(n_blocks):  # type: ignore[no-untyped-def]
    """Levels of the tree over so many blocks, at least one."""
    depth, width = 1, WIDTH
    while width < n_blocks:
        depth, width = depth + 1, width * WIDTH
    return depth


@njit(inline="always")
def _level_start(depth):  # type: ignore[no-untyped-def]
    """Where level `depth` begins, the root being level 1: 8 + 8² + … + 8^(depth - 1)."""
    start = 0
    for _ in range(1, depth):
        start = WIDTH * (start + 1)
    return start


@njit(inline="always")
def tree_size(n_blocks):  # type: ignore[no-untyped-def]
    """Numbers that the tree over so many blocks takes."""
    return _level_start(tree_depth(n_blocks)) + -(-n_blocks // WIDTH) * WIDTH


@njit(inline="always")
def draw_memory(n_blocks):  # type: ignore[no-untyped-def]
    """Working memory for draws from so many blocks.

    Returns what comes before each block, the tree, and the targets and places of some draws.
    """
    return (
        np.empty(n_blocks),
        np.empty(tree_size(n_blocks)),
        np.empty(AT_A_TIME),
        np.empty(AT_A_TIME, dtype=np.int64),
    )


@njit(inline="always")
def _tabulate(sums, before, tree, depth):  # type: ignore[no-untyped-def]
    """Fill `before` (what comes before each block) and the tree; return the sum of all.

    Turns `sums` from probabilities into cumulative sums by block. In the tree the eight children of
    number p begin at 8 (p + 1); the lowest level says where each block ends, the last one nowhere.
    """
    n_blocks = len(sums) // WIDTH
    total = 0.0
    start = _level_start(depth)
    n = len(sums)
    while n > WIDTH * (n_blocks - 1) + 1 and sums[n - 1] == 0.0:
        n -= 1
    for block in range(n_blocks):
        inside = cumulate(load(sums, WIDTH * block))
        store(sums, WIDTH * block, inside)
        before[block] = total
        total += last(inside)
        tree[start + block] = total
    # Lanes are summed in different orders: what is padding must not end later than what is not.
    for k in range(n, len(sums)):
        sums[k] = sums[n - 1]
    total = before[n_blocks - 1] + sums[n - 1]
    tree[start + n_blocks - 1] = np.inf
    filled = n_blocks
    for level in range(depth, 0, -1):
        start = _level_start(level)
        nodes = -(-filled // WIDTH)
        for k in range(filled, WIDTH * nodes):
            tree[start + k] = np.inf
        if level > 1:
            above = _level_start(level - 1)
            for node in range(nodes):
                tree[above + node] = tree[start + WIDTH * node + WIDTH - 1]
        filled = nodes
    return total


@njit(inline="always")
def _start(key, number):  # type: ignore[no-untyped-def]
    """The words that stream `number` starts in."""
    return (
        stream_word(key, number, 0),
        stream_word(key, number, 1),
        stream_word(key, number, 2),
        stream_word(key, number, 3),
    )


@njit(nogil=True)
def _last_that_occurs(sums, start):  # type: ignore[no-untyped-def]
    """The last outcome with a probability of the block that begins at `start`."""
    place = start + WIDTH - 1
    while place > start and sums[place - 1] == sums[place]:
        place -= 1
    return place


@njit(nogil=True)
def _draw(sums, before, tree, total, stream, targets, places, n):  # type: ignore[no-untyped-def]
    """Draw n outcomes into `places`; return the stream's words after them.

    `targets` are n numbers of working memory. The search is written out here: of arrays that a
    function takes numba counts the references, at every draw, and that took longer than the search.
    """
    depth = tree_depth(len(before))
    lowest = _level_start(depth)
    a, b, c, d = stream
    for k in range(n):
        word, a, b, c, d = next_state(a, b, c, d)
        targets[k] = unit(word) * total
        places[k] = count_up_to(tree, 0, targets[k])
    for _ in range(1, depth):
        for k in range(n):
            node = WIDTH * (places[k] + 1)
            places[k] = node + count_up_to(tree, node, targets[k])
    for k in range(n):
        block = places[k] - lowest
        inside = count_up_to(sums, WIDTH * block, targets[k] - before[block])
        if inside < WIDTH:
            places[k] = WIDTH * block + inside
        else:  # rounding
            places[k] = _last_that_occurs(sums, WIDTH * block)
    return a, b, c, d


@njit(cache=True, nogil=True)
def moments_of_draws(  # type: ignore[no-untyped-def]
    sums, values, shots, key, number, before, tree, targets, places
):  # fmt: skip
    """Draw `shots` outcomes, at least one, and return (mean, m2) of their values.

    `sums` holds probabilities up to a common factor, padded with zeros to a multiple of eight, and
    is overwritten. `number` names the random stream. The rest is `draw_memory`.
    """
    total = _tabulate(sums, before, tree, tree_depth(len(before)))
    stream = _start(key, number)
    first = s1 = s2 = 0.0
    for drawn in range(0, shots, AT_A_TIME):
        n = min(AT_A_TIME, shots - drawn)
        stream = _draw(sums, before, tree, total, stream, targets, places, n)
        if drawn == 0:
            first = values[places[0]]
        # Deviations from the first draw: rounding is then within shots * 1e-16 of m2.
        for k in range(n):
            value = values[places[k]] - first
            s1 += value
            s2 += value * value
    mean = s1 / shots
    return first + mean, max(s2 - s1 * mean, 0.0)


@njit(cache=True, nogil=True)
def rows_of_draws(sums, shots, key, number, state, counts):  # type: ignore[no-untyped-def]
    """The same draws as counts by outcome, added to `counts`; the stream's `state` after them."""
    n_blocks = len(sums) // WIDTH
    before, tree, targets, places = draw_memory(n_blocks)
    total = _tabulate(sums, before, tree, tree_depth(n_blocks))
    stream = _start(key, number)
    for drawn in range(0, shots, AT_A_TIME):
        n = min(AT_A_TIME, shots - drawn)
        stream = _draw(sums, before, tree, total, stream, targets, places, n)
        for k in range(n):
            counts[places[k]] += 1
    state[0], state[1], state[2], state[3] = stream


@njit(cache=True, nogil=True)
def places_in_rows(z, planes, shape, rows, counts, state, places):  # type: ignore[no-untyped-def]
    """Draw counts[k] places of row rows[k] of a state by |amplitude|², going on with a stream."""
    n_columns = shape[1]
    n_blocks = -(-n_columns // WIDTH)
    sums = np.empty(n_blocks * WIDTH)
    before, tree, targets, columns = draw_memory(n_blocks)
    depth = tree_depth(n_blocks)
    stream = state[0], state[1], state[2], state[3]
    at = 0
    for k in range(len(rows)):
        base = rows[k] * n_columns
        sums[:] = 0.0
        for plane in range(planes):
            start = plane * shape[0] * n_columns + base
            for m in range(n_columns):
                sums[m] += z[start + m] * z[start + m]
        total = _tabulate(sums, before, tree, depth)
        for drawn in range(0, counts[k], AT_A_TIME):
            n = min(AT_A_TIME, counts[k] - drawn)
            stream = _draw(sums, before, tree, total, stream, targets, columns, n)
            for m in range(n):
                places[at + m] = base + columns[m]
            at += n
    state[0], state[1], state[2], state[3] = stream


@njit(cache=True, nogil=True)
def square_into(rotated, start, planes, stride, sums):  # type: ignore[no-untyped-def]
    """sums <- |amplitude|², its real and imaginary planes `stride` apart."""
    for k in range(0, len(sums), WIDTH):
        part = load(rotated, start + k)
        squares = mul(part, part)
        for plane in range(1, planes):
            part = load(rotated, start + plane * stride + k)
            squares = fma(part, part, squares)
        store(sums, k, squares)


def flat_planes(psi: npt.NDArray[Any]) -> tuple[FloatArray, int]:
    """Return a state's real part, and its imaginary part after it if it has one; and how many.

    Not a copy where a state is real and lies in one piece: kernels only read it.
    """
    parts = [psi.real, psi.imag] if np.iscomplexobj(psi) else [psi]
    flat = [np.ascontiguousarray(part, dtype=np.float64).reshape(-1) for part in parts]
    return flat[0] if len(flat) == 1 else np.concatenate(flat), len(flat)


def padded(weights: FloatArray) -> FloatArray:
    """A copy with zeros after it, to a multiple of eight."""
    return np.concatenate([weights, np.zeros(-len(weights) % WIDTH)])


def draw_counts(
    probabilities: FloatArray, shots: int, key: WordArray, number: int
) -> npt.NDArray[np.int64]:
    """Counts of `shots` outcomes, by draws of one after another or as one multinomial.

    Args:
        probabilities: of all outcomes, up to a common factor.
        shots: how many outcomes to draw.
        key: see `xoshiro.key_of`.
        number: names the random stream.
    """
    if by_multinomial(shots, len(probabilities)):
        rng = np.random.default_rng([*key.tolist(), number])
        return rng.multinomial(shots, probabilities / probabilities.sum()).astype(np.int64)
    sums = padded(probabilities)
    counts, state = np.zeros(len(sums), dtype=np.int64), np.zeros(4, dtype=np.uint64)
    rows_of_draws(sums, shots, key, number, state, counts)
    return counts[: len(probabilities)]


def by_multinomial(shots: IntArray | int, n_outcomes: int) -> Any:
    """Where a multinomial, which takes its time for every outcome, is faster than single draws."""
    return shots > _DRAWS_A_CALL + _DRAWS_AN_OUTCOME * n_outcomes

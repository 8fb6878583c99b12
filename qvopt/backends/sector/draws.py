"""Drawing outcomes by inversion, moments summed on the way.

Outcomes lie in blocks of eight, each kept as its cumulative sums. A guide table (H.-C. Chen,
Y. Asau, AIIE Trans. 6, 163 (1974)) has for each equal part of [0, 1) the first block that a
uniform number in it may fall into; the search goes on from there, and ends with one comparison of
the eight lanes of a block. Outcomes are those of a search through the cumulative distribution.
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

MOST_PARTS = 256
"""Most parts of a guide table; what it leaves of large distributions is bisected."""

_DRAWS_AN_OUTCOME = 32  # a binomial takes as long as that many draws, roughly
_DRAWS_A_CALL = 10_000  # and so do a call and its generator
_LAST = WIDTH - 1
_FAR = np.uint64(16)  # blocks apart from which on bisection is worth it
_ONE = np.uint64(1)


@njit(inline="always")
def guide_parts(n_blocks):  # type: ignore[no-untyped-def]
    """Parts of the guide table: the least power of two above the number of blocks."""
    parts = WIDTH
    while parts < n_blocks and parts < MOST_PARTS:
        parts *= 2
    return parts


@njit(inline="always")
def _tabulate(sums, before, guide, parts):  # type: ignore[no-untyped-def]
    """Fill `before` (what comes before each block) and the guide; return the sum of all.

    Turns `sums` from probabilities into cumulative sums by block.
    """
    n_blocks = len(sums) // WIDTH
    total = 0.0
    for block in range(n_blocks):
        inside = cumulate(load(sums, WIDTH * block))
        store(sums, WIDTH * block, inside)
        before[block] = total
        total += last(inside)
    before[n_blocks] = np.inf
    block = 0
    for part in range(parts):
        threshold = (part * (1.0 / parts)) * total
        while before[block + 1] <= threshold:
            block += 1
        guide[part] = block
    guide[parts] = n_blocks - 1
    return total


@njit(inline="always")
def _find(sums, before, guide, parts, u, total):  # type: ignore[no-untyped-def]
    """The outcome whose interval of cumulative sums holds u · total."""
    target = u * total
    part = np.uint64(u * parts)
    block, end = np.uint64(guide[part]), np.uint64(guide[part + _ONE])
    while end > block + _FAR:
        middle = (block + end) >> _ONE
        if before[middle] <= target:
            block = middle
        else:
            end = middle
    while before[block + _ONE] <= target:
        block += _ONE
    start = WIDTH * np.int64(block)
    inside = count_up_to(sums, start, target - before[block])
    if inside > _LAST:  # rounding: the last outcome of the block that occurs
        inside = _LAST
        while inside > 0 and sums[start + inside - 1] == sums[start + inside]:
            inside -= 1
    return start + inside


@njit(cache=True, nogil=True)
def moments_of_draws(sums, before, guide, values, shots, key, number):  # type: ignore[no-untyped-def]
    """Draw `shots` outcomes, at least one, and return (mean, m2) of their values.

    `sums` holds probabilities up to a common factor, padded with zeros to a multiple of eight, and
    is overwritten; `before` and `guide` are working memory for a number more than the blocks and
    for a number more than the parts. `number` names the random stream.
    """
    parts = guide_parts(len(sums) // WIDTH)
    total = _tabulate(sums, before, guide, parts)
    a, b = stream_word(key, number, 0), stream_word(key, number, 1)
    c, d = stream_word(key, number, 2), stream_word(key, number, 3)
    first = s1 = s2 = 0.0
    for n in range(shots):
        word, a, b, c, d = next_state(a, b, c, d)
        value = values[_find(sums, before, guide, parts, unit(word), total)]
        if n == 0:
            first = value
        # Deviations from the first draw: rounding is then within shots * 1e-16 of m2.
        value -= first
        s1 += value
        s2 += value * value
    mean = s1 / shots
    return first + mean, max(s2 - s1 * mean, 0.0)


@njit(cache=True, nogil=True)
def counts_of_draws(sums, before, guide, shots, key, number, counts):  # type: ignore[no-untyped-def]
    """The same draws as counts by outcome, added to `counts`."""
    parts = guide_parts(len(sums) // WIDTH)
    total = _tabulate(sums, before, guide, parts)
    a, b = stream_word(key, number, 0), stream_word(key, number, 1)
    c, d = stream_word(key, number, 2), stream_word(key, number, 3)
    for _ in range(shots):
        word, a, b, c, d = next_state(a, b, c, d)
        counts[_find(sums, before, guide, parts, unit(word), total)] += 1


@njit(cache=True, nogil=True)
def rows_of_draws(sums, shots, key, number, state, counts):  # type: ignore[no-untyped-def]
    """Draw as above, and leave the stream's state for draws that go on with it."""
    n_blocks = len(sums) // WIDTH
    before, guide = np.empty(n_blocks + 1), np.empty(MOST_PARTS + 1, dtype=np.uint32)
    parts = guide_parts(n_blocks)
    total = _tabulate(sums, before, guide, parts)
    a, b = stream_word(key, number, 0), stream_word(key, number, 1)
    c, d = stream_word(key, number, 2), stream_word(key, number, 3)
    for _ in range(shots):
        word, a, b, c, d = next_state(a, b, c, d)
        counts[_find(sums, before, guide, parts, unit(word), total)] += 1
    state[0], state[1], state[2], state[3] = a, b, c, d


@njit(cache=True, nogil=True)
def places_in_rows(z, planes, shape, rows, counts, state, places):  # type: ignore[no-untyped-def]
    """Draw counts[k] places of row rows[k] of a state by |amplitude|², going on with a stream."""
    n_columns = shape[1]
    n_blocks = -(-n_columns // WIDTH)
    sums = np.empty(n_blocks * WIDTH)
    before, guide = np.empty(n_blocks + 1), np.empty(MOST_PARTS + 1, dtype=np.uint32)
    parts = guide_parts(n_blocks)
    a, b, c, d = state[0], state[1], state[2], state[3]
    at = 0
    for k in range(len(rows)):
        base = rows[k] * n_columns
        sums[:] = 0.0
        for plane in range(planes):
            start = plane * shape[0] * n_columns + base
            for m in range(n_columns):
                sums[m] += z[start + m] * z[start + m]
        total = _tabulate(sums, before, guide, parts)
        for _ in range(counts[k]):
            word, a, b, c, d = next_state(a, b, c, d)
            places[at] = base + _find(sums, before, guide, parts, unit(word), total)
            at += 1
    state[0], state[1], state[2], state[3] = a, b, c, d


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
    n_blocks = -(-len(probabilities) // WIDTH)
    sums = np.zeros(n_blocks * WIDTH)
    sums[: len(probabilities)] = probabilities
    before, guide = np.empty(n_blocks + 1), np.empty(MOST_PARTS + 1, dtype=np.uint32)
    counts = np.zeros(len(sums), dtype=np.int64)
    counts_of_draws(sums, before, guide, shots, key, number, counts)
    return counts[: len(probabilities)]


def by_multinomial(shots: IntArray | int, n_outcomes: int) -> Any:
    """Where a multinomial, which takes its time for every outcome, is faster than single draws."""
    return shots > _DRAWS_A_CALL + _DRAWS_AN_OUTCOME * n_outcomes

"""Uniform random numbers inside kernels: xoshiro256++, one stream for each unit of work.

A stream is named by a key of 128 bits and a number. Its four words are hashes of them (SplitMix64
twice), so that a unit of work draws the same numbers whoever does it, and in whatever order.
References: D. Blackman, S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021), arXiv:1805.01407;
G. Steele, D. Lea, C. Flood, OOPSLA 2014 (SplitMix64).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit, uint64

WordArray = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-52
_12, _17, _19, _23, _27, _30, _31, _41, _45 = (
    np.uint64(k) for k in (12, 17, 19, 23, 27, 30, 31, 41, 45)
)


def key_of(seed: np.random.SeedSequence) -> WordArray:
    """Return the 128 bits of entropy that a seed sequence has mixed, as two words."""
    return seed.pool[:4].view(np.uint64)


@njit(inline="always")
def mix(z):  # type: ignore[no-untyped-def]
    """The finalizer of SplitMix64, a bijection of 64 bits."""
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


@njit(inline="always")
def stream_word(key, number, word):  # type: ignore[no-untyped-def]
    """Word 0 to 3 of the state that stream `number` starts in."""
    counter = uint64(4) * uint64(number) + uint64(word) + uint64(1)
    return mix(mix(key[0] + _GOLDEN * counter) + key[1])


@njit(inline="always")
def next_state(a, b, c, d):  # type: ignore[no-untyped-def]
    """(output, the four words after it)."""
    total = a + d
    output = ((total << _23) | (total >> _41)) + a
    shifted = b << _17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << _45) | (d >> _19)
    return output, a, b, c, d


@njit(inline="always")
def unit(word):  # type: ignore[no-untyped-def]
    """A number in [0, 1), a multiple of 2^-52, from the upper bits of a word.

    At most 1 - 2^-52, so that its product with any total is below the total in floating point too.
    """
    return (word >> _12) * _TO_UNIT

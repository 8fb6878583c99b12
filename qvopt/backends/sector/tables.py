"""What excitations and orbital rotations do to the occupation strings of one spin."""

from __future__ import annotations

import numpy as np

from qvopt_molecules.arrays import FloatArray, IntArray


def _parity_below(strings: IntArray, orbital: int) -> IntArray:
    """(-1)^(number of electrons below `orbital`), the Jordan-Wigner sign of a_orbital."""
    below = strings & ((1 << orbital) - 1)
    parity: IntArray = 1 - 2 * (np.bitwise_count(below).astype(np.int64) & 1)
    return parity


def excitation_pairs(
    strings: IntArray, annihilated: tuple[int, ...], created: tuple[int, ...]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs (I, J, s) with T|I⟩ = s|J⟩ for T = a†_{c1} a†_{c2} … a_{k2} a_{k1}, one spin.

    Positions are into `strings`; `annihilated` = (k1, k2, …), `created` = (c1, c2, …).
    """
    bits, sign = strings.copy(), np.ones(len(strings), dtype=np.int64)
    alive = np.ones(len(strings), dtype=bool)
    for orbital in annihilated:
        alive &= (bits >> orbital & 1) == 1
        sign *= _parity_below(bits, orbital)
        bits = bits & ~(1 << orbital)
    for orbital in reversed(created):
        alive &= (bits >> orbital & 1) == 0
        sign *= _parity_below(bits, orbital)
        bits = bits | (1 << orbital)
    source = np.flatnonzero(alive).astype(np.int64)
    target = np.searchsorted(strings, bits[source]).astype(np.int64)
    return source, target, sign[source].astype(np.float64)

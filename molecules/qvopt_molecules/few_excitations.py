"""CISD over its own determinants alone, for sectors too large for a vector of all of them.

A determinant is an integer: alpha orbital p is bit p, beta orbital p is bit norb + p; its electrons
are created in the order of the bits, alpha before beta. Matrix elements are those of J. C. Slater
and E. U. Condon.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
from numba import njit

from .arrays import FloatArray, IntArray
from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .sizes import MOST_ORBITALS

_DENSE = 50  # determinants up to which the matrix is diagonalised as it is


def reference_determinant(hamiltonian: MolecularHamiltonian) -> int:
    """The determinant of the lowest orbitals."""
    h = hamiltonian
    return (1 << h.n_alpha) - 1 | ((1 << h.n_beta) - 1) << h.norb


def cisd_determinants(hamiltonian: MolecularHamiltonian) -> IntArray:
    """Return determinants of at most two electrons excited from the lowest orbitals, ascending.

    Raises InputError for more than `MOST_ORBITALS` orbitals.
    """
    h = hamiltonian
    if h.norb > MOST_ORBITALS:
        raise InputError(
            f"excited determinants are listed for at most {MOST_ORBITALS} orbitals, and there are "
            f"{h.norb}; choose a smaller active space, or --grouping basis-rotation for a plan"
        )
    alpha, beta = (_excited(h.norb, n) for n in (h.n_alpha, h.n_beta))
    parts = [
        (alpha[a][:, None] | beta[b][None, :] << h.norb).reshape(-1)
        for a in range(3)
        for b in range(3 - a)
    ]
    return np.asarray(np.sort(np.concatenate(parts)))


def _excited(norb: int, electrons: int) -> list[IntArray]:
    """Strings with no, one and two electrons out of the lowest orbitals."""
    strings = []
    for rank in range(3):
        downs = [sum(1 << q for q in c) for c in combinations(range(electrons), rank)]
        ups = [sum(1 << q for q in c) for c in combinations(range(electrons, norb), rank)]
        lowest = (1 << electrons) - 1
        strings.append(np.array([lowest ^ d | u for d in downs for u in ups], dtype=np.int64))
    return strings


def cisd_vector(hamiltonian: MolecularHamiltonian) -> tuple[IntArray, FloatArray]:
    """Return the determinants of `cisd_determinants` and the amplitudes of the lowest state there.

    The state of `states.cisd_state`, of unit norm, without the zeros.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import eigsh

    h = hamiltonian
    bits = cisd_determinants(h)
    arguments = (bits, h.norb, h.one_body, np.ascontiguousarray(h.two_body))
    counts = np.zeros(len(bits) + 1, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    _rows(*arguments, True, counts, none, np.zeros(0))
    starts = np.cumsum(counts)
    columns, values = np.empty(starts[-1], dtype=np.int64), np.empty(starts[-1])
    _rows(*arguments, False, starts, columns, values)
    lower = csr_array((values, columns, starts), shape=(len(bits), len(bits)))
    diagonal = lower.diagonal()
    matrix = lower + lower.T
    matrix.setdiag(diagonal)
    if len(bits) <= _DENSE:
        vector = np.linalg.eigh(matrix.toarray())[1][:, 0]
    else:
        # Near the determinant, and with a part in every other one, so that none is missed.
        start = np.full(len(bits), 1e-3)
        start[np.searchsorted(bits, reference_determinant(h))] = 1.0
        vector = eigsh(matrix, k=1, which="SA", v0=start, tol=1e-8)[1][:, 0]
    return bits, np.asarray(vector / np.linalg.norm(vector))


@njit(cache=True)
def _rows(bits, norb, h, g, counting, starts, columns, values):  # type: ignore[no-untyped-def]
    """Count the elements of every row of the lower triangle into starts[1:], or fill them in."""
    for i in range(len(bits)):
        at = 0 if counting else starts[i]
        for j in range(i + 1):
            # Two electrons differ in at most four bits.
            apart = bits[i] ^ bits[j]
            n = 0
            while apart != 0 and n < 5:
                apart &= apart - 1
                n += 1
            if n > 4:
                continue
            value = _element(bits[i], bits[j], norb, h, g)
            if value == 0.0 and i != j:
                continue
            if not counting:
                columns[at] = j
                values[at] = value
            at += 1
        if counting:
            starts[i + 1] = at


@njit(cache=True)
def _element(left, right, norb, h, g):  # type: ignore[no-untyped-def]
    """⟨left|H|right⟩ of determinants that differ in at most two orbitals."""
    orbitals = 2 * norb
    down, up = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    n_down, n_up = 0, 0
    for x in range(orbitals):
        in_left, in_right = left >> x & 1, right >> x & 1
        if in_right and not in_left:
            down[n_down] = x
            n_down += 1
        if in_left and not in_right:
            up[n_up] = x
            n_up += 1
    if n_down == 0:
        value = 0.0
        for x in range(orbitals):
            if not left >> x & 1:
                continue
            value += h[x % norb, x % norb]
            for y in range(x):
                if left >> y & 1:
                    value += _antisymmetrised(x, x, y, y, norb, g)
        return value
    if n_down == 1:
        p, q = up[0], down[0]
        if p // norb != q // norb:
            return 0.0
        value = h[p % norb, q % norb]
        for x in range(orbitals):
            if left >> x & 1 and right >> x & 1:
                value += _antisymmetrised(p, q, x, x, norb, g)
        return value * _parity(right, p, q)
    # ⟨…|a†_p1 a†_p2 a_q2 a_q1|…⟩ by two excitations, q1 -> p1 and q2 -> p2.
    value = _antisymmetrised(up[0], down[0], up[1], down[1], norb, g)
    between = right ^ (1 << down[0]) ^ (1 << up[0])
    return value * _parity(right, up[0], down[0]) * _parity(between, up[1], down[1])


@njit(cache=True)
def _antisymmetrised(p, q, r, s, norb, g):  # type: ignore[no-untyped-def]
    """(pq|rs) - (ps|rq) of spin orbitals."""
    value = 0.0
    if p // norb == q // norb and r // norb == s // norb:
        value += g[p % norb, q % norb, r % norb, s % norb]
    if p // norb == s // norb and r // norb == q // norb:
        value -= g[p % norb, s % norb, r % norb, q % norb]
    return value


@njit(cache=True)
def _parity(bits, p, q):  # type: ignore[no-untyped-def]
    """Sign of a†_p a_q: that of the electrons between the two."""
    low, high = min(p, q), max(p, q)
    sign = 1.0
    for x in range(low + 1, high):
        if bits >> x & 1:
            sign = -sign
    return sign


def excitations(
    bits: IntArray, norb: int
) -> tuple[IntArray, npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Return what every E_pq with p ≠ q makes of determinants, spins one by one.

    All must have as many electrons of either spin.

    Returns:
        The determinants E_pq|D⟩, the place norb p + q of the operator and the sign, each of shape
        (determinants, excitations of one).
    """
    mask = (1 << norb) - 1
    electrons = [int(part).bit_count() for part in (bits[0] & mask, bits[0] >> norb)]
    number = sum(n * (norb - n) for n in electrons)
    targets = np.empty((len(bits), number), dtype=np.int64)
    places = np.empty((len(bits), number), dtype=np.int32)
    signs = np.empty((len(bits), number), dtype=np.int8)
    _excite(bits, norb, targets, places, signs)
    return targets, places, signs


@njit(cache=True)
def _excite(bits, norb, targets, places, signs):  # type: ignore[no-untyped-def]
    for d in range(len(bits)):
        at = 0
        for q in range(2 * norb):
            if not bits[d] >> q & 1:
                continue
            first = q // norb * norb
            for p in range(first, first + norb):
                if bits[d] >> p & 1:
                    continue
                targets[d, at] = bits[d] ^ (1 << q) ^ (1 << p)
                places[d, at] = (p - first) * norb + q - first
                signs[d, at] = np.int8(_parity(bits[d], p, q))
                at += 1

"""Real orbitals in place of complex ones that come in pairs, such as plane waves.

Where φ_p* = φ_p̄ for a permutation of orbitals p → p̄ of order two, as k → -k in momentum space,
(φ_p + φ_p̄)/√2 and (φ_p - φ_p̄)/(i√2) are real. It shows in (pq|rs) = (q̄p̄|rs) and h_pq = h_q̄p̄.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from qvopt_molecules.arrays import ComplexArray, FloatArray

_ZERO: Final = 1e-9
_MOST_TRIALS: Final = 20_000


def real_integrals(
    one_body: ComplexArray, two_body: ComplexArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return h and (pq|rs) over real orbitals; None where no pairing makes them real."""
    partner = _pairing(one_body, two_body)
    if partner is None:
        return None
    turn = np.zeros(one_body.shape, dtype=complex)
    for p, q in enumerate(partner):
        if p == q:
            turn[p, p] = 1.0
        elif p < q:
            turn[[p, q], p] = np.sqrt(0.5)
            turn[p, q], turn[q, q] = -1j * np.sqrt(0.5), 1j * np.sqrt(0.5)
    one = turn.conj().T @ one_body @ turn
    two = np.einsum(
        "pqrs,pi,qj,rk,sl->ijkl", two_body, turn.conj(), turn, turn.conj(), turn, optimize=True
    )
    if max(np.abs(one.imag).max(), np.abs(two.imag).max()) > _ZERO:
        return None
    real = np.ascontiguousarray(two.real)
    swaps = ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1))
    if max(np.abs(real - real.transpose(axes)).max() for axes in swaps) > _ZERO:
        return None
    for axes in swaps:
        real = (real + real.transpose(axes)) / 2
    return np.ascontiguousarray((one.real + one.real.T) / 2), np.ascontiguousarray(real)


def _pairing(one_body: ComplexArray, two_body: ComplexArray) -> list[int] | None:
    """The permutation of order two that complex conjugation is."""
    norb, trials = len(one_body), 0
    partner = [-1] * norb
    own_one, own_two = one_body.diagonal().real, np.einsum("pppp->p", two_body).real

    def fits(assigned: list[int]) -> bool:
        images = [partner[p] for p in assigned]
        pairs, moved = np.ix_(assigned, assigned), np.ix_(images, images)
        ones = one_body[pairs] - one_body[moved].T
        twos = two_body[pairs] - two_body[moved].swapaxes(0, 1)
        return bool(max(np.abs(ones).max(), np.abs(twos).max()) < _ZERO)

    def extend() -> bool:
        nonlocal trials
        free = [p for p in range(norb) if partner[p] < 0]
        if not free:
            return True
        p = free[0]
        for q in free:
            trials += 1
            if trials > _MOST_TRIALS:
                return False
            if abs(own_one[p] - own_one[q]) + abs(own_two[p] - own_two[q]) > _ZERO:
                continue
            partner[p], partner[q] = q, p
            if fits([k for k in range(norb) if partner[k] >= 0]) and extend():
                return True
            partner[p] = partner[q] = -1
        return False

    return partner if extend() else None

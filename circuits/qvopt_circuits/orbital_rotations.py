r"""Rotations of the orbitals of both spins by a complex unitary, as gates on neighbours.

A circuit W rotates by U where W a†_jσ W† = Σ_i U_ij a†_iσ. Every U is a diagonal of phases followed
by norb (norb - 1) / 2 Givens rotations of neighbours, each with a phase after it, in a fixed
pattern; so their angles are parameters of the whole unitary group. Sources: Reck et al., PRL 73, 58
(1994); Kivlichan et al., arXiv:1711.04789.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qvopt_molecules.arrays import ComplexArray, FloatArray

from .gates import Angle, Gate


def n_rotation_parameters(norb: int, *, phases: bool) -> int:
    """Number of angles: two for each Givens rotation, and norb phases before them."""
    return norb * (norb - 1) + (norb if phases else 0)


def rotation_gates(norb: int, first: int, *, phases: bool) -> list[Gate]:
    """Return the gates, with parameters from `first` on.

    Without `phases` those that come first are left out: on a determinant they are a global phase.
    """
    gates: list[Gate] = []
    index = first
    if phases:
        for p in range(norb):
            gates += [Gate("number-phase", (s + p,), Angle(index)) for s in (0, norb)]
            index += 1
    for _, q in _reversed_pattern(norb):
        for name, qubits in (("single-excitation", (q - 1, q)), ("number-phase", (q,))):
            for s in (0, norb):
                gates.append(Gate(name, tuple(s + k for k in qubits), Angle(index)))
            index += 1
    return gates


def rotation_parameters(unitary: ComplexArray, *, phases: bool) -> FloatArray:
    """Return the angles in radians at which the gates rotate by `unitary`, shape (norb, norb).

    Rows are rotated until the unitary is diagonal; the inverses in reverse order make it.
    """
    rest = np.array(unitary, dtype=np.complex128)
    norb = len(rest)
    angles: list[tuple[float, float]] = []
    for column, row in _pattern(norb):
        a, b = rest[row - 1, column], rest[row, column]
        phase = float(np.angle(a) - np.angle(b)) if abs(b) > 1e-14 and abs(a) > 1e-14 else 0.0
        if abs(a) <= 1e-14 < abs(b):
            phase = float(-np.angle(b))
        half = float(np.arctan2(abs(b), abs(a))) if abs(b) > 1e-14 else 0.0
        c, s = np.cos(half), np.sin(half)
        rest[row] *= np.exp(1j * phase)
        rest[[row - 1, row]] = np.array([[c, s], [-s, c]]) @ rest[[row - 1, row]]
        angles.append((2 * half, phase))
    diagonal = -np.angle(np.diag(rest)) if phases else np.zeros(0)
    givens = np.array(angles[::-1]).reshape(-1)
    return np.concatenate([diagonal, givens])


def _pattern(norb: int) -> Iterator[tuple[int, int]]:
    """(column, row) of each element that a rotation of rows row - 1 and row brings to zero."""
    for column in range(norb - 1):
        for row in range(norb - 1, column, -1):
            yield column, row


def _reversed_pattern(norb: int) -> Iterator[tuple[int, int]]:
    yield from reversed(list(_pattern(norb)))

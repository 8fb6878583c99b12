"""Fermion-to-qubit mappings as linear changes of encoding of the Jordan-Wigner qubits.

Parity and Bravyi-Kitaev qubits are sums modulo 2 of occupations, so Pauli strings go to Pauli
strings (J. Seeley, M. Richard, P. Love, arXiv:1208.5986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import InputError, unknown_name
from .hamiltonian import MolecularHamiltonian

MAPPINGS = ("jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev")
"""Mappings that depend on the number of orbitals alone."""

TAPERED = "jordan-wigner-tapered"
"""The mapping that depends on the Hamiltonian's symmetries."""


@dataclass(frozen=True)
class Encoding:
    """Which occupations each qubit adds up modulo 2, and which qubits are dropped as constant.

    `rows[q]` is the mask of occupations that qubit q sums, before any is dropped.
    """

    rows: tuple[int, ...]
    dropped: tuple[int, ...] = ()

    def bits(self, occupations: int) -> int:
        """Encode occupations, no qubit dropped."""
        return sum(1 << q for q, row in enumerate(self.rows) if (row & occupations).bit_count() % 2)

    def squeezed(self, mask: int) -> int:
        """Take the dropped qubits out of a mask."""
        kept = [q for q in range(len(self.rows)) if q not in self.dropped]
        return sum((mask >> q & 1) << k for k, q in enumerate(kept))

    def constants(self, hamiltonian: MolecularHamiltonian) -> dict[int, int]:
        """Values of the dropped qubits in the sector of the Hartree-Fock determinant."""
        reference = self.bits(reference_bits(hamiltonian))
        return {q: reference >> q & 1 for q in self.dropped}


def reference_bits(hamiltonian: MolecularHamiltonian) -> int:
    """Occupations of the Hartree-Fock determinant, alpha in the low bits."""
    h = hamiltonian
    return ((1 << h.n_alpha) - 1) | (((1 << h.n_beta) - 1) << h.norb)


def encoding_of(mapping: str, hamiltonian: MolecularHamiltonian) -> Encoding:
    """Return the encoding of a mapping for one Hamiltonian.

    "jordan-wigner-tapered" keeps the occupations and drops one qubit for each Z2 symmetry
    (S. Bravyi, J. Gambetta, A. Mezzacapo, K. Temme, arXiv:1701.08213): the parities Π Z_q, q in a
    set of spin orbitals, that commute with every term, numbers of alpha and beta electrons and the
    point group's among them. The highest spin orbital of a set holds its parity and is dropped.
    """
    if mapping == TAPERED:
        return _tapered(hamiltonian)
    return encoding(mapping, hamiltonian.n_qubits)


def diagonal_symmetries(hamiltonian: MolecularHamiltonian) -> tuple[int, ...]:
    """Return independent sets of spin orbitals, as masks, whose parity the Hamiltonian conserves.

    The masks are reduced: the highest bit of each is in no other one.
    """
    from .mappings import qubit_hamiltonian

    n = hamiltonian.n_qubits
    flips = {int(x) for x in np.unique(qubit_hamiltonian(hamiltonian).x)} - {0}
    # Kernel over GF(2): z with |x & z| even for every x; reduce the x to row-echelon form.
    pivots: dict[int, int] = {}
    for x in sorted(flips):
        for bit, row in pivots.items():
            if x >> bit & 1:
                x ^= row
        if x:
            top = (x & -x).bit_length() - 1  # the lowest bit, so that free bits are high
            for bit, row in pivots.items():
                if row >> top & 1:
                    pivots[bit] = row ^ x
            pivots[top] = x
    masks = []
    for free in (q for q in range(n) if q not in pivots):
        masks.append((1 << free) | sum(1 << b for b, row in pivots.items() if row >> free & 1))
    return _top_reduced(masks)


def _top_reduced(masks: Sequence[int]) -> tuple[int, ...]:
    """Combine masks so that the highest bit of each is in no other one."""
    rows: list[int] = []
    for mask in masks:
        for row in rows:
            if mask >> (row.bit_length() - 1) & 1:
                mask ^= row
        if mask:
            top = mask.bit_length() - 1
            rows = [row ^ mask if row >> top & 1 else row for row in rows] + [mask]
    return tuple(sorted(rows, key=int.bit_length))


def _tapered(hamiltonian: MolecularHamiltonian) -> Encoding:
    n = hamiltonian.n_qubits
    rows = [1 << q for q in range(n)]
    dropped = []
    for mask in diagonal_symmetries(hamiltonian):
        top = mask.bit_length() - 1
        rows[top] = mask
        dropped.append(top)
    if len(dropped) == n:
        raise InputError("tapering leaves no qubit: the symmetries fix the determinant")
    return Encoding(tuple(rows), tuple(dropped))


def encoding(mapping: str, n_qubits: int) -> Encoding:
    """Return the encoding of a mapping over n spin orbitals, alpha and beta in blocks.

    "parity": qubit q holds n_0 + … + n_q. "parity-reduced": without the last qubit of each block,
    which hold the conserved parities of n_alpha and of n_alpha + n_beta. "bravyi-kitaev": qubit q
    holds the occupations of its node in the binary indexed tree.
    """
    if mapping == "jordan-wigner":
        return Encoding(tuple(1 << q for q in range(n_qubits)))
    if mapping in ("parity", "parity-reduced"):
        rows = tuple((2 << q) - 1 for q in range(n_qubits))
        reduced = mapping == "parity-reduced"
        return Encoding(rows, (n_qubits // 2 - 1, n_qubits - 1) if reduced else ())
    if mapping == "bravyi-kitaev":
        return Encoding(tuple((2 << q) - (1 << (q & (q + 1))) for q in range(n_qubits)))
    if mapping == TAPERED:
        raise InputError("jordan-wigner-tapered depends on the Hamiltonian; use encoding_of")
    raise unknown_name("mapping", mapping, MAPPINGS)


def encoded_string(x: int, z: int, rows: Sequence[int]) -> tuple[int, int, int]:
    """Return (x', z', sign) with P(x, z) on occupations = sign · P(x', z') on encoded qubits.

    Row q of the encoding is the mask of the occupations whose sum modulo 2 qubit q holds; it must
    be lower triangular with ones on the diagonal: qubit q holds n_q and earlier ones only.
    """
    x_encoded = sum(1 << q for q, row in enumerate(rows) if (row & x).bit_count() % 2)
    # Z^z must read Σ_{q in z} n_q off the encoded bits: solve rowsᵀ z' = z from the top.
    z_encoded, rest = 0, z
    for q in range(len(rows) - 1, -1, -1):
        if rest >> q & 1:
            z_encoded |= 1 << q
            rest ^= rows[q]
    quarter_turns = (x & z).bit_count() - (x_encoded & z_encoded).bit_count()
    return x_encoded, z_encoded, 1 if quarter_turns % 4 == 0 else -1

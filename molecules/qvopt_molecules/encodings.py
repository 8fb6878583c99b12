"""Fermion-to-qubit mappings as linear changes of encoding of the Jordan-Wigner qubits.

Parity and Bravyi-Kitaev qubits are sums modulo 2 of occupations, so Pauli strings go to Pauli
strings (J. Seeley, M. Richard, P. Love, arXiv:1208.5986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import unknown_name

MAPPINGS = ("jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev")


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

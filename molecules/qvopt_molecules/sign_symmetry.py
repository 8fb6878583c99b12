"""Sign changes of orbitals that leave the Hamiltonian as it is: its Abelian symmetries.

φ_p -> s_p φ_p with s_p = ±1 multiplies h_pq by s_p s_q and (pq|rs) by s_p s_q s_r s_s. With
s_p = (-1)^{b_p} the products over all non-zero integrals are 1 if the bits b solve a linear system
over the field of two elements; its solutions are the symmetries. Point groups are among them
where orbitals have irreps, and nobody has to name them.
Source: the Z2 symmetries of Bravyi et al., arXiv:1701.08213, in terms of orbitals.
"""

from __future__ import annotations

import numpy as np

from .hamiltonian import MolecularHamiltonian


def sign_symmetries(hamiltonian: MolecularHamiltonian, tolerance: float = 1e-8) -> tuple[int, ...]:
    """Return a basis of the symmetries, each the mask of the orbitals that change sign.

    Bit p of a mask is orbital p. Integrals below `tolerance` Hartree count as zero. The change of
    all signs is always a symmetry; it says nothing about operators that conserve electrons.
    """
    norb = hamiltonian.norb
    bit = np.array([1 << p for p in range(norb)], dtype=object)
    p, q = np.nonzero(np.abs(hamiltonian.one_body) > tolerance)
    masks = set((bit[p] ^ bit[q]).tolist())
    p, q, r, s = np.nonzero(np.abs(hamiltonian.two_body) > tolerance)
    kept = (p >= q) & (r >= s)
    p, q, r, s = (index[kept] for index in (p, q, r, s))
    masks |= set((bit[p] ^ bit[q] ^ bit[r] ^ bit[s]).tolist())
    return _null_space(masks - {0}, norb)


def _null_space(rows: set[int], size: int) -> tuple[int, ...]:
    """Masks that have an even number of bits in common with every row."""
    reduced: dict[int, int] = {}  # by leading bit; no other row has that bit
    for row in sorted(rows):
        for lead, other in reduced.items():
            if row >> lead & 1:
                row ^= other
        if row:
            lead = row.bit_length() - 1
            for k, other in reduced.items():
                if other >> lead & 1:
                    reduced[k] = other ^ row
            reduced[lead] = row
    free = [k for k in range(size) if k not in reduced]
    return tuple(
        (1 << k) | sum(1 << lead for lead, row in reduced.items() if row >> k & 1) for k in free
    )

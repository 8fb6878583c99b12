"""Sizes of full CI problems."""

from __future__ import annotations

import math
from typing import Final

from .hamiltonian import MolecularHamiltonian

SMALL: Final = 500_000
"""Determinants that full CI solves in seconds."""

LARGEST: Final = 20_000_000
"""Determinants above which full CI is refused."""

MOST_ORBITALS: Final = 31
"""Spatial orbitals whose determinants fit in an integer of 64 bits with a sign."""


def n_determinants(hamiltonian: MolecularHamiltonian) -> int:
    """Dimension of the sector of fixed (n_alpha, n_beta)."""
    n = hamiltonian.norb
    return math.comb(n, hamiltonian.n_alpha) * math.comb(n, hamiltonian.n_beta)

r"""The Ising model in a transverse field.

    H = -J Σ_<pq> Z_p Z_q - g Σ_p X_p - h Σ_p Z_p

in Pauli matrices (P. Pfeuty, Ann. Phys. 57, 79 (1970)). Energies are in units of J = 1 unless J is
set; nothing is in Hartree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .lattice_bonds import lattice_bonds
from .lattice_settings import lattice_settings, whole
from .pauli import PauliSum
from .spins import SpinHamiltonian, product_energy

ISING: Final = "ising-chain"
ISING_DEFAULTS: Final = {
    "sites": 4.0, "j": 1.0, "g": 1.0, "field": 0.0, "periodic": 0.0, "rows": 1.0
}  # fmt: skip
_MOST_SITES = 63


def transverse_ising(settings: Mapping[str, float] | None = None) -> SpinHamiltonian:
    """Return the transverse-field Ising model on a chain, a ladder or a square lattice.

    Args:
        settings: `sites` (4), `j` (1), `g` (1: the transverse field), `field` (0: the longitudinal
            one), `periodic` (0 or 1), `rows` (1; two are a ladder).

    The reference is the lowest of the states of like and of alternating spins. Raises InputError
    for unknown or impossible values.
    """
    values = lattice_settings(ISING, ISING_DEFAULTS, settings)
    n = whole(ISING, values["sites"], "sites", 2, _MOST_SITES)
    rows = whole(ISING, values["rows"], "rows", 1, n)
    periodic = bool(whole(ISING, values["periodic"], "periodic", 0, 1))
    bonds, colours = lattice_bonds(ISING, n, rows, periodic=periodic)
    terms = [(0, (1 << p) | (1 << q), -values["j"]) for p, q in bonds]
    terms += [(1 << p, 0, -values["g"]) for p in range(n)]
    terms += [(0, 1 << p, -values["field"]) for p in range(n)]
    terms = sorted(term for term in terms if term[2])
    observable = PauliSum(
        n,
        np.array([x for x, _, _ in terms], dtype=np.uint64),
        np.array([z for _, z, _ in terms], dtype=np.uint64),
        np.array([c for _, _, c in terms], dtype=np.float64),
    )
    candidates = (0, (1 << n) - 1, sum(colour << p for p, colour in enumerate(colours)))
    reference = min(candidates, key=lambda bits: product_energy(observable, bits))
    return SpinHamiltonian(observable, reference, ISING)

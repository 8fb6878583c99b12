r"""The Heisenberg chain and its anisotropic kin, the XXZ chain.

    H = J Σ_<pq> (S^x_p S^x_q + S^y_p S^y_q + Δ S^z_p S^z_q) - h Σ_p S^z_p,    S = σ/2,

antiferromagnetic for J > 0 (W. Heisenberg, Z. Phys. 49, 619 (1928); H. Bethe, Z. Phys. 71, 205
(1931)). Energies are in units of J = 1 unless J is set; nothing is in Hartree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .lattice_bonds import lattice_bonds
from .lattice_settings import lattice_settings, whole
from .pauli import PauliSum
from .spins import SpinHamiltonian, product_energy

HEISENBERG: Final = "heisenberg-chain"
HEISENBERG_DEFAULTS: Final = {
    "sites": 4.0,
    "j": 1.0,
    "delta": 1.0,
    "field": 0.0,
    "periodic": 0.0,
    "rows": 1.0,
}
_MOST_SITES = 64


def heisenberg_chain(settings: Mapping[str, float] | None = None) -> SpinHamiltonian:
    """Return a Heisenberg chain.

    Args:
        settings: `sites` (4), `j` (1), `delta` (1: isotropic), `field` (0), `periodic` (0 or 1; a
            ring of two sites is the open pair), `rows` (1; two are a ladder).

    The reference is the lowest of the Néel state and the two with all spins alike. Raises
    InputError for unknown or impossible values.
    """
    values = lattice_settings(HEISENBERG, HEISENBERG_DEFAULTS, settings)
    n = whole(HEISENBERG, values["sites"], "sites", 2, _MOST_SITES)
    periodic = bool(whole(HEISENBERG, values["periodic"], "periodic", 0, 1))
    rows = whole(HEISENBERG, values["rows"], "rows", 1, n)
    bonds, colours = lattice_bonds(HEISENBERG, n, rows, periodic=periodic)
    exchange = values["j"] / 4
    terms: list[tuple[int, int, float]] = []
    for p, q in bonds:
        both = (1 << p) | (1 << q)
        terms += [
            (both, 0, exchange),
            (both, both, exchange),
            (0, both, exchange * values["delta"]),
        ]
    terms += [(0, 1 << p, -values["field"] / 2) for p in range(n)]
    terms = sorted(term for term in terms if term[2])
    observable = PauliSum(
        n,
        np.array([x for x, _, _ in terms], dtype=np.uint64),
        np.array([z for _, z, _ in terms], dtype=np.uint64),
        np.array([c for _, _, c in terms], dtype=np.float64),
    )
    neel = sum(colour << p for p, colour in enumerate(colours))
    candidates = (neel, 0, (1 << n) - 1)
    reference = min(candidates, key=lambda bits: product_energy(observable, bits))
    return SpinHamiltonian(observable, reference, HEISENBERG)

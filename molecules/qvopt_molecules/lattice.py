r"""Lattice models by name, and the one whose Hamiltonian has the molecular form: the Hubbard chain.

    H = -t Σ_<pq>σ (a†_pσ a_qσ + a†_qσ a_pσ) + U Σ_p n_pα n_pβ - μ Σ_p N_p

with the interaction as (pp|pp) = U over site orbitals (Hubbard, Proc. R. Soc. A 276, 238 (1963)).
"Orbitals" are the eigenvectors of the hopping, so that the reference determinant is the free Fermi
sea, or the sites themselves. Energies are in units of t = 1 unless t is set; nothing is in Hartree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from .alignment import rotated
from .errors import InputError, unknown_name
from .hamiltonian import MolecularHamiltonian
from .heisenberg import HEISENBERG, HEISENBERG_DEFAULTS, heisenberg_chain
from .ising import ISING, ISING_DEFAULTS, transverse_ising
from .lattice_bonds import lattice_bonds
from .lattice_settings import lattice_settings, whole
from .spins import Hamiltonian

HUBBARD: Final = "hubbard-chain"
LATTICES: Final = {
    HUBBARD: "Fermi-Hubbard chain",
    HEISENBERG: "Heisenberg (XXZ) chain of spins",
    ISING: "transverse-field Ising chain of spins",
}
_ALIASES: Final = {
    "hubbard": HUBBARD,
    "heisenberg": HEISENBERG,
    "ising": ISING,
    "transverse-field-ising": ISING,
    "tfim": ISING,
}
_DEFAULTS: Final = {
    "sites": 4.0,
    "u": 4.0,
    "t": 1.0,
    "mu": 0.0,
    "electrons": math.nan,
    "periodic": 0.0,
    "site_basis": 0.0,
    "rows": 1.0,
}
_MOST_SITES = 16


def is_lattice(name: str) -> bool:
    """Whether a name means a lattice model."""
    plain = name.strip().lower().replace("_", "-")
    return plain in LATTICES or plain in _ALIASES


def lattice_parameters(name: str) -> dict[str, float]:
    """A lattice model's parameters that have a value from the start."""
    plain = name.strip().lower().replace("_", "-")
    defaults = {
        HUBBARD: _DEFAULTS, HEISENBERG: HEISENBERG_DEFAULTS, ISING: ISING_DEFAULTS
    }[_ALIASES.get(plain, plain)]  # fmt: skip
    return {key: value for key, value in defaults.items() if not math.isnan(value)}


def energy_unit(name: str, settings: Mapping[str, float] | None = None) -> str:
    """Return the unit of a problem's energies: "Ha"; of lattice models the coupling that is 1.

    A coupling that is set to another number leaves them without a unit: "".

    >>> energy_unit("lih"), energy_unit("hubbard"), energy_unit("heisenberg", {"j": 2.0})
    ('Ha', 't', '')
    """
    if not is_lattice(name):
        return "Ha"
    plain = name.strip().lower().replace("_", "-")
    coupling, unit = ("t", "t") if _ALIASES.get(plain, plain) == HUBBARD else ("j", "J")
    return unit if (settings or {}).get(coupling, 1.0) == 1.0 else ""


def hubbard_chain(
    settings: Mapping[str, float] | None = None, *, spin: int | None = None
) -> MolecularHamiltonian:
    """Return a Hubbard chain as a Hamiltonian.

    Args:
        settings: `sites` (4), `u` (4), `t` (1), `mu` (0), `electrons` (one a site), `periodic`
            (0 or 1), `site_basis` (1 keeps the sites as orbitals, in place of the free ones),
            `rows` (1; two are a ladder, more a square lattice).
        spin: number of unpaired electrons; None is the least possible.

    Raises InputError for unknown or impossible values.
    """
    values = lattice_settings(HUBBARD, _DEFAULTS, settings)
    n = whole(HUBBARD, values["sites"], "sites", 2, _MOST_SITES)
    electrons = n if math.isnan(values["electrons"]) else values["electrons"]
    total = whole(HUBBARD, electrons, "electrons", 1, 2 * n - 1)
    unpaired = total % 2 if spin is None else spin
    if unpaired > min(total, 2 * n - total) or (total - unpaired) % 2:
        raise InputError(
            f"{HUBBARD}: {total} electrons on {n} sites cannot have {unpaired} unpaired ones"
        )
    periodic = bool(whole(HUBBARD, values["periodic"], "periodic", 0, 1))
    sites = bool(whole(HUBBARD, values["site_basis"], "site_basis", 0, 1))
    hopping = np.zeros((n, n))
    rows = whole(HUBBARD, values["rows"], "rows", 1, n)
    for p, q in lattice_bonds(HUBBARD, n, rows, periodic=periodic)[0]:
        hopping[p, q] = hopping[q, p] = -values["t"]
    two = np.zeros((n,) * 4)
    two[(np.arange(n),) * 4] = values["u"]
    h = MolecularHamiltonian(
        core_energy=0.0,
        one_body=hopping - values["mu"] * np.eye(n),
        two_body=two,
        n_alpha=(total + unpaired) // 2,
        n_beta=(total - unpaired) // 2,
        label=HUBBARD,
    )
    if sites:
        return h
    # A tilt far below any energy orders degenerate orbitals of a ring by their parity.
    mirror = np.eye(n)[::-1]
    _, turn = np.linalg.eigh(hopping - 1e-9 * mirror)
    turn = turn * np.where(turn[np.argmax(np.abs(turn) > 0.2, axis=0), np.arange(n)] < 0, -1, 1)
    return rotated(h, turn)


def lattice_hamiltonian(name: str, settings: Mapping[str, float], spin: int | None) -> Hamiltonian:
    """Return the lattice model of a name."""
    if not is_lattice(name):
        raise unknown_name("lattice model", name, LATTICES)
    plain = name.strip().lower().replace("_", "-")
    if _ALIASES.get(plain, plain) == HUBBARD:
        return hubbard_chain(settings, spin=spin)
    model = _ALIASES.get(plain, plain)
    if spin is not None:
        raise InputError(f"{model} takes no spin: all its states are searched")
    return heisenberg_chain(settings) if model == HEISENBERG else transverse_ising(settings)

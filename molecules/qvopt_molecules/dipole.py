"""The electric dipole moment as a one-electron operator over the active orbitals.

    μ = Σ_A Z_A R_A - Σ_core 2 ⟨c|r|c⟩ - Σ_pq ⟨p|r|q⟩ E_pq   in e·a0, from the origin.

Of an ion it depends on that origin.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import InputError
from .hamiltonian import MolecularHamiltonian

DEBYE: Final = 2.541746473
"""One e·a0 in debye (CODATA 2018)."""


def dipole_operator(hamiltonian: MolecularHamiltonian) -> tuple[FloatArray, FloatArray]:
    """Return (constant, integrals) of the dipole in e·a0, shapes (3,) and (3, norb, norb).

    μ = constant + Σ_pq integrals[:, p, q] γ_pq. Raises InputError where the Hamiltonian does not
    carry its orbitals, as from an FCIDUMP file, which holds no dipole integrals.
    """
    frame = hamiltonian.frame
    if frame is None:
        raise InputError(
            "the dipole needs the orbitals, which FCIDUMP files, lattice models and runs of older "
            "versions do not hold; name the molecule"
        )
    mol = frame.mole()
    with mol.with_common_orig((0.0, 0.0, 0.0)):
        position = mol.intor_symmetric("int1e_r", comp=3)
    core, active = frame.core(), frame.active(hamiltonian.norb)
    nuclei = np.einsum("a,ax->x", mol.atom_charges(), mol.atom_coords())
    frozen = 2.0 * np.einsum("xmn,mc,nc->x", position, core, core)
    integrals = np.einsum("xmn,mp,nq->xpq", position, active, active)
    return np.asarray(nuclei - frozen), np.asarray(-integrals)

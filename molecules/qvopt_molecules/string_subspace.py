"""The Hamiltonian in the span of chosen alpha and beta strings, by PySCF's selected CI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, IntArray
from .errors import InputError
from .hamiltonian import MolecularHamiltonian


@dataclass(frozen=True, eq=False)
class SubspaceState:
    """The lowest state in a subspace.

    Attributes:
        energy: in Hartree, the core included; an upper bound of the lowest one of all.
        spin_squared: ⟨S²⟩.
        occupations: of the orbitals by spin, shape (2, norb).
    """

    energy: float
    spin_squared: float
    occupations: FloatArray


def lowest_state(h: MolecularHamiltonian, alpha: IntArray, beta: IntArray) -> SubspaceState:
    """Return the lowest state in the span of all pairs of an alpha and a beta string.

    Args:
        h: the Hamiltonian.
        alpha, beta: strings as integers, bit p being orbital p, of h.n_alpha and h.n_beta
            electrons.

    Raises InputError for strings of other electron numbers, or none.
    """
    from pyscf.fci import selected_ci

    strings = []
    for name, given, n in (("alpha", alpha, h.n_alpha), ("beta", beta, h.n_beta)):
        chosen = np.unique(np.asarray(given, dtype=np.int64))
        if not len(chosen) or np.any(np.bitwise_count(chosen) != n) or chosen[-1] >> h.norb:
            raise InputError(f"{name} strings must hold {n} electrons in {h.norb} orbitals")
        strings.append(chosen)
    electrons = (h.n_alpha, h.n_beta)
    solver = selected_ci.SelectedCI()
    solver.conv_tol = 1e-11
    energy, vector = selected_ci.kernel_fixed_space(
        solver, h.one_body, h.two_body, h.norb, electrons, tuple(strings),
        ecore=h.core_energy, verbose=0,
    )  # fmt: skip
    matrices = selected_ci.make_rdm1s(vector, h.norb, electrons)
    return SubspaceState(
        float(energy),
        float(selected_ci.spin_square(vector, h.norb, electrons)[0]),
        np.array([np.diag(m) for m in matrices]),
    )

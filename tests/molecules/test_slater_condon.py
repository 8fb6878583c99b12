"""Matrix elements between determinants, against PySCF's full CI Hamiltonian."""

import numpy as np
import pytest

from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.slater_condon import matrix_elements


def random_integrals(norb, n_alpha, n_beta, seed=0):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(norb, norb))
    g = rng.normal(size=(norb,) * 4)
    g = g + g.transpose(1, 0, 2, 3)
    g = g + g.transpose(0, 1, 3, 2)
    g = g + g.transpose(2, 3, 0, 1)
    return MolecularHamiltonian(0.7, h + h.T, g, n_alpha, n_beta)


@pytest.mark.parametrize("electrons", [(2, 2), (3, 1), (0, 2), (4, 3)])
def test_every_element_is_that_of_full_ci(electrons):
    from pyscf import fci

    norb = 5
    hamiltonian = random_integrals(norb, *electrons)
    strings = [occupation_strings(norb, n) for n in electrons]
    pairs = np.array([(a, b) for a in strings[0] for b in strings[1]])
    size = len(pairs)
    bras, kets = np.repeat(pairs, size, axis=0), np.tile(pairs, (size, 1))
    ours = matrix_elements(hamiltonian, bras, kets).reshape(size, size)
    theirs = fci.direct_spin1.pspace(
        hamiltonian.one_body, hamiltonian.two_body, norb, electrons, np=size
    )
    order = np.argsort(theirs[0])
    full = theirs[1][np.ix_(order, order)] + 0.7 * np.eye(size)
    assert ours == pytest.approx(full, abs=1e-10)

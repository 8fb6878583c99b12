"""Z2 symmetries and the qubits they save, by diagonalisation."""

import numpy as np
import pytest

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.encodings import diagonal_symmetries, encoding_of
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.pauli import commute

# Numbers known from the literature (Bravyi et al., arXiv:1701.08213; H2: one qubit is left).
LEFT = {"h2": 1, "lih": 8, "beh2": 9, "h2o": 10}


@pytest.mark.parametrize("name", LEFT)
def test_how_many_qubits_are_left(name):
    h = build_hamiltonian(find_molecule(name))
    assert qubit_hamiltonian(h, "jordan-wigner-tapered").n_qubits == LEFT[name]


@pytest.mark.parametrize(
    "name", ["h4-chain", "lih", "H 0 0 0; H 0.3 0 0.9; H -0.4 0.2 1.9; H 0 1 0"]
)
def test_symmetries_commute_with_every_term(name):
    h = build_hamiltonian(find_molecule(name))
    observable = qubit_hamiltonian(h)
    masks = diagonal_symmetries(h)
    assert len(masks) >= 2  # the parities of the two spins
    zero = np.uint64(0)
    for mask in masks:
        assert np.all(commute(observable.x, observable.z, zero, np.uint64(mask)))
    tops = [m.bit_length() - 1 for m in masks]
    assert all(sum(m >> t & 1 for m in masks) == 1 for t in tops)


@pytest.mark.parametrize(
    ("name", "space"), [("h2", None), ("h4-chain", None), ("lih", ActiveSpace(2, 4))]
)
def test_the_tapered_spectrum_is_that_of_the_sector(name, space):
    h = build_hamiltonian(find_molecule(name, active_space=space))
    whole = qubit_hamiltonian(h).to_sparse().toarray()
    tapered = qubit_hamiltonian(h, "jordan-wigner-tapered").to_sparse().toarray()
    target = encoding_of("jordan-wigner-tapered", h)
    fixed = target.constants(h)
    inside = [
        n for n in range(len(whole))
        if all(target.bits(n) >> q & 1 == v for q, v in fixed.items())
    ]  # fmt: skip
    assert len(inside) == len(tapered)
    assert np.allclose(
        np.linalg.eigvalsh(whole[np.ix_(inside, inside)]), np.linalg.eigvalsh(tapered), atol=1e-9
    )

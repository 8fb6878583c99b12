"""Orbitals that follow a neighbour's."""

import numpy as np
import pytest

from qvopt_molecules.alignment import align, rotated
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.fcidump import read_fcidump, write_fcidump
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy, hartree_fock_energy


def n2(bond):
    space = ActiveSpace(frozen_core=2)
    return build_hamiltonian(find_molecule("n2", {"bond": bond}, active_space=space))


@pytest.fixture(scope="module")
def scrambled():
    """N2 near a neighbour, with signs flipped, levels swapped and the pi pairs rotated."""
    h = n2(1.1)
    turn = np.eye(h.norb)
    turn[:, 0] *= -1
    turn[:, [1, 2]] = turn[:, [2, 1]]
    return h, rotated(h, turn)


def test_scrambled_orbitals_come_back(scrambled):
    h, other = scrambled
    back = align(other, h)
    assert back.continuity == pytest.approx(1.0, abs=1e-9)
    assert np.allclose(back.hamiltonian.one_body, h.one_body, atol=1e-10)
    assert np.allclose(back.hamiltonian.two_body, h.two_body, atol=1e-10)
    assert back.hamiltonian.irreps == h.irreps


def test_degenerate_orbitals_are_turned_back():
    from dataclasses import replace

    h = replace(n2(1.1), irreps=None)
    pair = [p for p in range(h.norb) if abs(h.orbital_energies[p] - h.orbital_energies[3]) < 1e-6]
    pair = pair if len(pair) == 2 else [
        p for p in range(h.norb) if abs(h.orbital_energies[p] - h.orbital_energies[2]) < 1e-6
    ]  # fmt: skip
    assert len(pair) == 2
    turn = np.eye(h.norb)
    c, s = np.cos(0.7), np.sin(0.7)
    turn[np.ix_(pair, pair)] = [[c, -s], [s, c]]
    back = align(rotated(h, turn), h).hamiltonian
    assert np.allclose(back.two_body, h.two_body, atol=1e-9)


def test_rotations_keep_energies(scrambled):
    h, other = scrambled
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.standard_normal((h.norb, h.norb)))
    turned = rotated(h, turn)
    assert fci_energy(turned) == pytest.approx(fci_energy(h), abs=1e-8)
    assert turned.irreps is None
    assert turned.orbital_energies is None
    assert hartree_fock_energy(other) == pytest.approx(hartree_fock_energy(h), abs=1e-9)


@pytest.mark.slow
def test_neighbours_are_nearly_the_same():
    near, far = align(n2(1.15), n2(1.1)), align(n2(2.5), n2(1.1))
    assert 0.99 < near.continuity <= 1.0
    assert far.continuity < near.continuity


def test_no_frame_and_other_spaces(tmp_path):
    h = build_hamiltonian(find_molecule("h2"))
    write_fcidump(h, tmp_path / "h2.fcidump")
    read = read_fcidump(tmp_path / "h2.fcidump")
    assert align(read, h).hamiltonian is read
    with pytest.raises(InputError, match="cannot be aligned"):
        align(h, n2(1.1))

"""Geometries that are symmetric up to the rounding of their coordinates."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from qvopt_molecules.catalogue import catalogue_names, find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import Atom
from qvopt_molecules.point_group import OPERATIONS, symmetric_geometry
from qvopt_molecules.references import hartree_fock_energy

MORE = {
    "benzene": ("D2h", [("C", 1.39, 60 * k, 0) for k in range(6)]
                + [("H", 2.48, 60 * k, 0) for k in range(6)]),
    "allene": ("D2", [("C", 0, 0, 0), ("C", 0, 0, 1.3), ("C", 0, 0, -1.3), ("H", 0.93, 0, 1.86),
                      ("H", 0.93, 180, 1.86), ("H", 0.93, 90, -1.86), ("H", 0.93, 270, -1.86)]),
    "trans": ("C2h", [("N", 0.62, 0, 0), ("N", 0.62, 180, 0), ("F", 1.3, 50, 0),
                      ("F", 1.3, 230, 0)]),
    "peroxide": ("C2", [("O", 0.73, 0, 0), ("O", 0.73, 180, 0), ("H", 1.2, 50, 0.6),
                        ("H", 1.2, 230, 0.6)]),
    "planar": ("Cs", [("O", 0, 0, 0), ("H", 0.97, 0, 0), ("Cl", 1.7, 103, 0)]),
    "octahedron": ("D2h", [("S", 0, 0, 0), *[("F", 1.56, 90 * k, 0) for k in range(4)],
                           ("F", 0, 0, 1.56), ("F", 0, 0, -1.56)]),
    "chiral": (None, [("N", 0, 0, 0), ("H", 1.0, 0, 0), ("F", 1.4, 120, 0.3),
                      ("Cl", 1.7, 250, 0.9)]),
}  # fmt: skip


def turned(atoms, seed):
    """Turned and moved at random, and rounded to five decimals."""
    turn = Rotation.random(random_state=seed).as_matrix()
    shift = np.random.default_rng(seed).normal(size=3)
    return tuple(
        Atom(a.symbol, tuple(float(c) for c in np.round(turn @ a.position + shift, 5)))
        for a in atoms
    )


def polar(rows):
    return tuple(
        Atom(s, (r * np.cos(np.radians(t)), r * np.sin(np.radians(t)), z)) for s, r, t, z in rows
    )


def is_symmetric(atoms, group):
    local = (np.array([a.position for a in atoms]) - group.origin) @ group.axes.T
    for signs in OPERATIONS[group.name]:
        distance = np.linalg.norm((local * signs)[:, None] - local[None], axis=2)
        if distance.min(axis=1).max() > 1e-9:
            return False
    return True


@pytest.mark.parametrize("name", [*catalogue_names(), *MORE])
def test_rounded_geometries_keep_their_group(name):
    expected, atoms = None, None
    if name in MORE:
        expected, atoms = MORE[name][0], polar(MORE[name][1])
    else:
        atoms = find_molecule(name).atoms
        expected = symmetric_geometry(atoms)[1].name
    for seed in range(10):
        given = turned(atoms, seed)
        moved, group = symmetric_geometry(given)
        # D2d has D2 and C2v, of one order.
        assert (0 if group is None else group.order) == len(OPERATIONS.get(expected, ()))
        if group is not None:
            assert is_symmetric(moved, group)
        shifts = [np.subtract(a.position, b.position) for a, b in zip(given, moved, strict=True)]
        assert np.linalg.norm(shifts, axis=1).max() < 2e-5


@pytest.mark.parametrize("text", ["O 0 0 0; H 0 0.757004 0.587; H 0 -0.757 0.587",
                                  "C 0 0 0; O 0 0 1.16001; O 0 0 -1.16"])  # fmt: skip
def test_nearly_symmetric_geometries(text):
    from pyscf import gto, scf

    expected = scf.RHF(gto.M(atom=text, basis="sto-3g", verbose=0)).set(conv_tol=1e-12).run().e_tot
    adapted = build_hamiltonian(find_molecule(text))
    assert len(set(adapted.irreps)) > 1
    assert hartree_fock_energy(adapted) == pytest.approx(expected, abs=1e-8)
    plain = build_hamiltonian(find_molecule(text, symmetry=False))
    assert plain.irreps is None
    assert hartree_fock_energy(plain) == pytest.approx(expected, abs=1e-9)


def test_a_real_distortion_is_left_alone():
    atoms = find_molecule("O 0 0 0; H 0 0.7571 0.587; H 0 -0.757 0.587").atoms
    moved, group = symmetric_geometry(atoms)
    assert group.name == "Cs"
    assert moved == atoms


def test_symmetry_in_a_molecule_file(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text('geometry = "H 0 0 0; H 0 0 1"\nsymmetry = false\n')
    assert not find_molecule(path).symmetry
    assert find_molecule(path, symmetry=True).symmetry

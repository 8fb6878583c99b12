"""Names of irreducible representations are PySCF's."""

import pytest
from pyscf import gto, scf, symm

from qvopt.engine.assembly import molecular_hamiltonian
from qvopt.experiment.specification import MoleculeSpec
from qvopt_molecules.irreps import NAMES, irrep_names
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian


@pytest.mark.parametrize("group", NAMES)
def test_names_and_products_are_pyscfs(group):
    for k, name in enumerate(NAMES[group]):
        assert symm.irrep_id2name(group, k) == name
    table = dict(symm.param.CHARACTER_TABLE[group] and [
        (row[0], tuple(row[1:])) for row in symm.param.CHARACTER_TABLE[group]
    ])  # fmt: skip
    for a, first in enumerate(NAMES[group]):
        for b, second in enumerate(NAMES[group]):
            product = tuple(x * y for x, y in zip(table[first], table[second], strict=True))
            assert product == table[NAMES[group][a ^ b]]


@pytest.mark.parametrize(
    ("atoms", "group"),
    [
        ("O 0 0 0; H 0 0.757 0.587; H 0 -0.757 0.587", "C2v"),
        ("C 0 0 0; O 0 0 1.16; O 0 0 -1.16", "D2h"),
        ("N 0 0 0; H 0.94 0 0.38; H -0.47 0.8141 0.38; H -0.47 -0.8141 0.38", "Cs"),
        ("O 0 0.7 0; O 0 -0.7 0; H 0.8 0.9 0.4; H -0.8 -0.9 0.4", "C2"),
    ],
)
def test_orbitals_carry_the_names_that_pyscf_gives_them(atoms, group, tmp_path):
    h = molecular_hamiltonian(MoleculeSpec(name=atoms))
    assert h.point_group == group
    mol = gto.M(atom=atoms, symmetry=group, verbose=0)
    mean_field = scf.RHF(mol).run(conv_tol=1e-11)
    names = symm.label_orb_symm(mol, mol.irrep_name, mol.symm_orb, mean_field.mo_coeff)
    ours = irrep_names(h.point_group, h.irreps)
    if group == "C2v":  # which mirror is which depends on the axes
        assert sorted(ours.count(n) for n in set(ours)) == sorted(
            list(names).count(n) for n in set(names)
        )
    else:
        assert sorted(ours) == sorted(names)
    save_hamiltonian(h, tmp_path / "h.npz")
    assert load_hamiltonian(tmp_path / "h.npz").point_group == group


def test_orbitals_of_a_file_have_its_numbers():
    assert irrep_names(None, [0, 3]) == ("1", "4")

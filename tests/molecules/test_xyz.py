"""XYZ files as programs write them: read right, or refused with the reason."""

import pytest

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError

ATOMS = "H 0 0 0\nH 0 0 0.735\n"
CELL = 'Lattice="5 0 0 0 5 0 0 0 5"'
READ = {
    "plain": "2\ncomment\n" + ATOMS,
    "windows": ("2\ncomment\n" + ATOMS).replace("\n", "\r\n"),
    "bohr beside the count": "2 bohr\nc\nH 0 0 0\nH 0 0 1.38894870155\n",
    "unit: au": "2\nH2, unit: au\nH 0 0 0\nH 0 0 1.38894870155\n",
    "gold": "2\nfrom the file of Au and Au2\n" + ATOMS,
    "symbols and numbers": "2\nProperties=species:S:1:pos:R:3:Z:I:1\nH 0 0 0 1\nH 0 0 0.735 1\n",
    "bohr in the comment": "2\nunits=bohr\nH 0 0 0\nH 0 0 1.38894870155\n",
    "fortran": "2\nc\nH 0 0 0.0D+00\nH 0 0 7.35D-01\n",
    "labels": "2\nc\nH1 0 0 0\nH_2 0 0 0.735\n",
    "atomic numbers": "2\nc\n1 0 0 0\n1 0 0 0.735\n",
    "ids": "2\nc\n1 H 0 0 0\n2 H 0 0 0.735\n",
    "deuterium": "2\nc\nD 0 0 0\nT 0 0 0.735\n",
    "forces behind": "2\nc\nH 0 0 0 1 2 3\nH 0 0 0.735 1 2 3\n",
    "commas": "2\nc\nH, 0, 0, 0\nH, 0, 0, 0.735\n",
    "order": "2\nProperties=pos:R:3:species:S:1\n0 0 0 H\n0 0 0.735 H\n",
    "forces first": "2\nProperties=species:S:1:forces:R:3:pos:R:3\nH 7 8 9 0 0 0\nH 1 2 3 0 0 .735\n",  # noqa: E501
    "numbers": '2\nproperties="id:I:1:Z:I:1:pos:R:3"\n1 1 0 0 0\n2 1 0 0 0.735\n',
    "box": f'2\n{CELL} Properties=species:S:1:pos:R:3 pbc="F F F"\n' + ATOMS,
    "qm9": "2\ngdb 1 1 2\nH\t0\t0\t0\t-0.1\nH\t0\t0\t7.35*^-1\t0.1\n1000.0\nC\tC\nI=1/H2\tI=1/H2\n",
    "apostrophe": "2\nJohn's molecule\n" + ATOMS,
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name, tmp_path):
    path = tmp_path / "m.xyz"
    path.write_bytes(READ[name].encode())
    atoms = find_molecule(path).atoms
    assert [a.symbol for a in atoms] == ["H", "H"]
    assert atoms[1].position[2] - atoms[0].position[2] == pytest.approx(0.735, abs=1e-9)


def test_latin_1(tmp_path):
    path = tmp_path / "m.xyz"
    path.write_bytes("2\nÅngström, José\n".encode("latin-1") + ATOMS.encode())
    assert len(find_molecule(path).atoms) == 2


@pytest.mark.parametrize(
    ("comment", "charge", "spin"),
    [("charge=1 multiplicity=2", 1, 1), ("1 2", 1, 1), ("0 3", 0, 2),
     ("charge: -1, mult: 2", -1, 1), ("the cation, charge +1, multiplicity 2", 1, 1),
     ("energy=-1.1 charge=0", 0, 0)],
)  # fmt: skip
def test_charge_and_multiplicity(comment, charge, spin, tmp_path):
    path = tmp_path / "m.xyz"
    path.write_text(f"2\n{comment}\n{ATOMS}")
    molecule = find_molecule(path)
    assert (molecule.charge, molecule.spin) == (charge, spin)
    assert find_molecule(path, charge=0, spin=0).charge == 0


REFUSED = {
    "frames": ("2\na\n" + ATOMS + "2\nb\n" + ATOMS, "several frames"),
    "cell": (f"2\n{CELL} Properties=species:S:1:pos:R:3\n" + ATOMS, "periodic cell"),
    "pbc": ('2\npbc="T T T"\n' + ATOMS, "periodic cell"),
    "ghost": ("3\nc\n" + ATOMS + "X 0 0 2\n", "ghost"),
    "ghost hydrogen": ("3\nc\n" + ATOMS + "Gh(H) 0 0 2\n", "ghost"),
    "psi4's ghost": ("3\nc\n" + ATOMS + "@H 0 0 2\n", "ghost"),
    "words": ("2\ncoordinates in bohr\n" + ATOMS, "units=bohr"),
    "nanometres": ("2\ncoordinates in nm\n" + ATOMS, "speaks of 'nm'"),
    "picometers": ("2\n[picometers]\n" + ATOMS, "speaks of 'picometers'"),
    "au": ("2\ngeometry (au)\n" + ATOMS, "bohr or atomic units"),
    "unit: nm": ("2\nunit: nm\n" + ATOMS, "no unit of length"),
    "two elements": (
        "2\nProperties=species:S:1:pos:R:3:Z:I:1\nH 0 0 0 1\nH 0 0 0.7 2\n",
        "atom 2: two columns name two elements, H and He",
    ),
    "unit": ("2 furlong\nc\n" + ATOMS, "unit of length"),
    "spin": ("2\nspin=1\n" + ATOMS, "several things"),
    "charge": ("2\ncharge=one\n" + ATOMS, "not a whole number"),
    "decimal comma": ("2\nc\nH 0 0 0,0\nH 0 0 0,735\n", "decimal point"),
    "symbol last": ("2\nc\n0.0 0 0 H\n0 0 0.735 H\n", "Properties"),
    "column": ("2\nc\nH 0 0 0 a\nH 0 0 1 b\n", "no meaning"),
    "two numbers": ("2\nc\n1 1 0 0 0\n2 1 0 0 1\n", "no meaning"),
    "few": ("3\nc\n" + ATOMS, "announces 3 atoms but holds 2"),
    "many": ("1\nc\n" + ATOMS, "announces 1 atoms but holds 2"),
    "not a number": ("2\nc\nH 0 0 nan\nH 0 0 1\n", "not a number"),
    "formula": ("2\nc\nH 0 0 0\nH 0 0 2*0.4\n", "not a number"),
    "columns": ("2\nProperties=species:S:1\n" + ATOMS, "pos:R:3"),
    "uranium": ("2\nc\nU 0 0 0\nH 0 0 2\n", "heavier than radon"),
    "z": ("1\nc\n119 0 0 0\n", "atomic number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name, tmp_path):
    text, message = REFUSED[name]
    path = tmp_path / "m.xyz"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        find_molecule(path)
    assert "\n" not in str(caught.value)


def test_xenon_is_no_ghost(tmp_path):
    path = tmp_path / "m.xyz"
    path.write_text("2\nc\nXe 0 0 0\nXe 0 0 4\n")
    assert find_molecule(path, basis="def2-svp").atoms[0].symbol == "Xe"

"""FCIDUMP headers as other programs write them."""

import numpy as np
import pytest

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.fcidump import read_fcidump, write_fcidump
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace

HEADERS = {
    "molpro": " &FCI NORB=  3,NELEC=  2,MS2= 0,\n  ORBSYM=1,1,1,\n  ISYM=1,\n &END\n",
    "neci": "&FCI NORB=3,NELEC=2,MS2=0,\n ORBSYM=3*1,\n ISYM=1 UHF=.FALSE.,\n /\n",
    "block": "&FCI\n NORB=3,\n NELEC=2,\n MS2=0,\n UHF=F,\n ORBSYM=1 1 1,\n ISYM=0,\n&END\n",
    "qchem": "&FCI NORB=3,NELEC=2,MS2=0,SYML= 0 0 0,SYMLZ= 0 0 0,\n&END\n",
}


@pytest.fixture
def written(tmp_path):
    h = build_hamiltonian(find_molecule("lih", active_space=ActiveSpace(2, 3)))
    write_fcidump(h, tmp_path / "h.fcidump")
    return h, (tmp_path / "h.fcidump").read_text().split("&END\n")[1]


@pytest.mark.parametrize("program", HEADERS)
def test_headers(program, written, tmp_path):
    h, body = written
    path = tmp_path / "other.fcidump"
    energies = "  -0.5  1 0 0 0\n"
    path.write_text(HEADERS[program] + body.replace("e-", "D-") + energies)
    read = read_fcidump(path)
    assert np.array_equal(read.two_body, h.two_body)
    assert np.array_equal(read.one_body, h.one_body)


@pytest.mark.parametrize("blanks", ["({},0.0) {}", "( {} , 0.0D+00 ) {}"])
def test_real_integrals_with_imaginary_parts_of_zero(blanks, written, tmp_path):
    h, body = written
    path = tmp_path / "other.fcidump"
    rows = [line.split(maxsplit=1) for line in body.splitlines() if line.strip()]
    path.write_text(HEADERS["molpro"] + "".join(blanks.format(*row) + "\n" for row in rows))
    read = read_fcidump(path)
    assert np.array_equal(read.two_body, h.two_body)
    assert read.core_energy == h.core_energy


def test_exponents_of_three_digits_as_fortran_writes_them(written, tmp_path):
    _, body = written
    path = tmp_path / "other.fcidump"
    path.write_text(HEADERS["block"] + "  1.25-101 3 2 1 1\n 1.5D-03 0 0 0 0\n" +
                    "".join(line for line in body.splitlines(True) if line.split()[1:] not in
                            (["3", "2", "1", "1"], ["0", "0", "0", "0"])))  # fmt: skip
    read = read_fcidump(path)
    assert read.two_body[2, 1, 0, 0] == 1.25e-101
    assert read.core_energy == 1.5e-3


def test_an_orbsym_that_does_not_fit_is_told(written, tmp_path):
    _, body = written
    path = tmp_path / "other.fcidump"
    for symmetry in ("1,2,3", "1,1"):
        path.write_text(f"&FCI NORB=3,NELEC=2,MS2=0,ORBSYM={symmetry},\n&END\n{body}")
        read = read_fcidump(path)
        assert read.irreps is None
        assert any("ORBSYM" in note for note in read.notes)
    path.write_text(f"&FCI NORB=3,NELEC=2,MS2=0,ORBSYM=0,0,0,\n&END\n{body}")
    assert read_fcidump(path).notes == ()


@pytest.mark.parametrize(
    ("header", "line", "message"),
    [
        ("NELEC=4,", "", "gives NELEC twice"),
        ("UHF=.TRUE.,", "", "differ by spin"),
        ("UHF=T,", "", "differ by spin"),
        ("IUHF=1,", "", "differ by spin"),
        ("", "(0.5,0.1) 1 1 1 1\n", "complex integrals"),
    ],
)
def test_what_is_refused(header, line, message, written, tmp_path):
    path = tmp_path / "other.fcidump"
    path.write_text(f"&FCI NORB=3,NELEC=2,MS2=0,{header}\n&END\n{line}{written[1]}")
    with pytest.raises(InputError, match=message) as caught:
        read_fcidump(path)
    assert "\n" not in str(caught.value)

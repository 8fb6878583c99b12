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


@pytest.mark.parametrize(
    ("header", "line", "message"),
    [
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

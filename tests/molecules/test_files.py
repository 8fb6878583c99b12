"""What users write: names, geometries, XYZ, TOML, FCIDUMP; good and bad."""

import multiprocessing

import numpy as np
import pytest
from cached_build import content_hash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qvopt_molecules.catalogue import catalogue_names, find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.fcidump import read_fcidump, write_fcidump
from qvopt_molecules.geometry import format_geometry, parse_geometry
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian


def test_names_in_any_case_and_by_alias():
    assert find_molecule("H2O") == find_molecule("water") == find_molecule("h2o")
    assert find_molecule("HeHp").charge == 1
    assert len(catalogue_names()) >= 14


def test_nearest_names():
    with pytest.raises(InputError, match="did you mean 'h2o'"):
        find_molecule("h2oo")
    with pytest.raises(InputError, match="unknown parameter of h2o 'bnd'; did you mean 'bond'"):
        find_molecule("h2o", {"bnd": 1.0})
    with pytest.raises(InputError, match="did you mean '6-31g'"):
        find_molecule("h2o", basis="6-31gg")
    assert find_molecule("h2o", basis="6-311G(d, p)").basis == "6-311g**"
    assert find_molecule("h2o", basis="6-31+G(d)").basis == "6-31+g*"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("H 0 0 0; H 0 0 0", "same place"),
        ("H 0 0 0; Xx 0 0 1", "unknown element 'Xx'"),
        ("H 0 0 0; H 0 0 nan", "finite"),
        ("H 0 0 0; H 0 0 1e999", "finite"),
        ("H 0 0; H 0 0 1", "three coordinates"),
        ("H 0 0 0; H 0 0 __import__('os')", "formula"),
        ("H 0 0 0; H 0 0 (lambda:1)()", "formula"),
        (";;;", "no atoms"),
    ],
)
def test_malformed_geometries(text, message):
    with pytest.raises(InputError, match=message):
        find_molecule(text)


@given(st.text(max_size=60))
@example("(" * 59)
@example("H 0 0 " + "-" * 50 + "1")
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_geometry_or_one_clear_error(text):
    try:
        atoms = parse_geometry(text)
    except InputError:
        pass
    else:
        assert parse_geometry(format_geometry(atoms)) == atoms


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
@pytest.mark.parametrize("name", ["m.toml", "m.xyz", "m.fcidump"])
def test_any_file_is_read_or_one_clear_error(name, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("files") / name
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_fcidump(path) if name.endswith("dump") else find_molecule(str(path))


def test_toml_and_xyz_files(tmp_path):
    toml = tmp_path / "mine.toml"
    toml.write_text('geometry = "H 0 0 0\\nF 0 0 r*1"\n[parameters]\nr = 0.9168\n')
    assert find_molecule(str(toml)).atoms[1].position == (0.0, 0.0, 0.9168)
    assert find_molecule(toml, {"r": 1.0}).atoms[1].position[2] == 1.0
    xyz = tmp_path / "mine.xyz"
    xyz.write_text("2\ncomment\nH 0 0 0\nF 0 0 0.9168\n")
    assert find_molecule(xyz).atoms == find_molecule(toml).atoms
    xyz.write_text("3\ncomment\nH 0 0 0\nF 0 0 0.9168\n")
    with pytest.raises(InputError, match="announces 3 atoms but holds 2"):
        find_molecule(xyz)


@pytest.mark.parametrize(
    "text",
    [
        "geometry = 'H 0 0 0'\nspin = 'x'",
        "geometry = 'H 0 0 0'\ncharge = 10000000000000000000000",
        "geometri = 'H 0 0 0'",
        "geometry = 'H 0 0 r'\n[parameters]\nr = nan",
        "a = " + "[" * 5000,
        "geometry = " + "9" * 5000,
    ],
)
def test_malformed_toml(text, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        find_molecule(path)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_large_files_and_directories_are_refused(tmp_path):
    big = tmp_path / "big.xyz"
    big.write_bytes(b" " * (2 << 20))
    with pytest.raises(InputError, match="larger than"):
        find_molecule(big)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError, match="is a directory"):
        find_molecule(tmp_path / "folder.toml")
    with pytest.raises(InputError, match="NUL"):
        find_molecule("a\0b")


def test_spins_that_cannot_be():
    with pytest.raises(InputError, match=r"set spin \(unpaired electrons\) to one of 0, 2, 4"):
        find_molecule("h2o", spin=1)
    with pytest.raises(InputError, match="to one of 1, 3"):
        find_molecule("h2o", charge=1)
    with pytest.raises(InputError, match="leaves 0 electrons"):
        find_molecule("h2", charge=2)


def test_fcidump_keeps_every_bit_and_agrees_with_pyscf(tmp_path):
    from pyscf import ao2mo
    from pyscf.tools import fcidump

    h = build_hamiltonian(find_molecule("h2o"))
    path = tmp_path / "h2o.fcidump"
    write_fcidump(h, path)
    back = read_fcidump(path)
    assert back.content_hash() == h.content_hash()
    assert back.irreps == h.irreps
    theirs = fcidump.read(str(path), verbose=False)
    assert np.abs(ao2mo.restore(1, theirs["H2"], h.norb) - h.two_body).max() < 1e-14
    assert theirs["NELEC"] == 10
    other = tmp_path / "theirs.fcidump"
    eri = ao2mo.restore(8, h.two_body, h.norb)
    fcidump.from_integrals(str(other), h.one_body, eri, h.norb, 10, h.core_energy, 0)
    assert np.abs(read_fcidump(other).two_body - h.two_body).max() < 1e-12


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("NORB=1000000,NELEC=2,MS2=0", "NORB must be"),
        ("NORB=2,NELEC=9,MS2=0", "do not fit"),
        ("NORB=2,NELEC=2,MS2=1", "do not fit"),
        ("NELEC=2", "no NORB"),
        ("NORB=2,NELEC=2,IUHF=1", "UHF"),
    ],
)
def test_impossible_fcidumps(header, message, tmp_path):
    path = tmp_path / "x.fcidump"
    path.write_text(f"&FCI {header},\n&END\n 1.0 1 1 1 1\n")
    with pytest.raises(InputError, match=message):
        read_fcidump(path)


def test_stored_hamiltonians(tmp_path):
    h = build_hamiltonian(find_molecule("lih"))
    path = tmp_path / "h.npz"
    save_hamiltonian(h, path)
    back = load_hamiltonian(path)
    assert back.content_hash() == h.content_hash()
    assert (back.irreps, back.label) == (h.irreps, h.label)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        load_hamiltonian(path)
    np.savez(path, format=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError):
        load_hamiltonian(path)


def test_the_cache_serves_many_processes_and_heals(tmp_path, monkeypatch):
    monkeypatch.setenv("QVOPT_CACHE_DIR", str(tmp_path / "cache"))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(content_hash, range(4), chunksize=1))) == 1
    (entry,) = (tmp_path / "cache").glob("*.npz")
    entry.write_bytes(entry.read_bytes()[:100])
    expected = build_hamiltonian(find_molecule("h2", {"bond": 0.8}), cache=False).content_hash()
    assert content_hash(0) == expected
    assert load_hamiltonian(entry).content_hash() == expected
    monkeypatch.setenv("QVOPT_CACHE_DIR", "/proc/nowhere")
    assert content_hash(0) == expected

"""Stored Hamiltonians and cached numbers with flipped bits are recognised."""

import numpy as np
import pytest

from qvopt_molecules import cache
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian


@pytest.fixture(scope="module")
def hamiltonian():
    space = ActiveSpace(electrons=2, n_orbitals=2)
    return build_hamiltonian(find_molecule("lih", active_space=space))


def test_every_flipped_bit_is_one_line(hamiltonian, tmp_path):
    path = tmp_path / "h.npz"
    save_hamiltonian(hamiltonian, path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    places = {*range(len(data) - 200, len(data)), *rng.integers(0, len(data), 600).tolist()}
    for place in sorted(places):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"h\.npz") as caught:
            load_hamiltonian(path)
        assert "\n" not in str(caught.value)


def test_files_of_the_first_format_are_read_and_flips_in_them_never_trace_back(
    hamiltonian, tmp_path
):
    from qvopt_molecules import storage

    path = tmp_path / "old.npz"
    arrays = storage._arrays(hamiltonian)
    np.savez(path, format=np.array(1), label=np.array("old"),
             hash=np.array(hamiltonian.content_hash()), **arrays)  # fmt: skip
    assert load_hamiltonian(path).content_hash() == hamiltonian.content_hash()
    data = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(600):
        damaged = bytearray(data)
        damaged[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            read = load_hamiltonian(path)
        except InputError as error:
            assert "\n" not in str(error)
            assert "old.npz" in str(error)
        else:
            assert read.content_hash() == hamiltonian.content_hash()


def test_notes_are_stored(hamiltonian, tmp_path):
    from dataclasses import replace

    noted = replace(hamiltonian, notes=("one", "two µ"))
    save_hamiltonian(noted, tmp_path / "n.npz")
    assert load_hamiltonian(tmp_path / "n.npz").notes == ("one", "two µ")


def test_a_damaged_cache_entry_is_made_again(hamiltonian, tmp_path, monkeypatch):
    monkeypatch.setenv("QVOPT_CACHE_DIR", str(tmp_path))
    energy = fci_energy(hamiltonian)
    (entry,) = tmp_path.glob("*.json")
    data = entry.read_bytes()
    rng = np.random.default_rng(2)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        entry.write_bytes(damaged)
        assert fci_energy(hamiltonian) == energy
    assert entry.read_bytes() == data


def test_a_key_changes_with_all_that_changes_a_value():
    import dataclasses

    molecule = find_molecule("lih")
    changes = [
        {"charge": 1}, {"spin": 2}, {"basis": "6-31g"}, {"symmetry": False},
        {"orbitals": "boys"}, {"active_space": ActiveSpace(frozen_core=1)},
    ]  # fmt: skip
    keys = {cache.content_key(dataclasses.asdict(dataclasses.replace(molecule, references={}, **c)))
            for c in ({}, *changes)}  # fmt: skip
    assert len(keys) == len(changes) + 1

"""Lowered circuits in a run folder: what is not theirs, or newer than Qiskit here, is one line."""

import hashlib

import pytest
from qiskit import QuantumCircuit

from qvopt.cloud.stored_circuits import load_circuits, save_circuits
from qvopt_molecules.errors import InputError


def test_a_file_of_a_newer_qiskit_is_said_to_be_one(tmp_path):
    circuit = QuantumCircuit(1)
    circuit.x(0)
    path = tmp_path / "groups.qpy"
    checksum = save_circuits([circuit], path)
    assert load_circuits(path, checksum) == [circuit]
    data = bytearray(path.read_bytes())
    data[6] = 250
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"newer Qiskit .QPY version 250.*environment\.json"):
        load_circuits(path, hashlib.sha256(data).hexdigest())
    with pytest.raises(InputError, match="does not hold the circuits"):
        load_circuits(path, checksum)

"""Groupings, providers and ansätze over spins of another distribution, found by entry points."""

import importlib
import sys

import pytest

from qvopt import make_experiment, run
from qvopt.backends.catalogue import backend_names
from qvopt.cli import command_line
from qvopt.measurement.catalogue import grouping_names
from qvopt_molecules.errors import InputError

MODULE = '''
from dataclasses import dataclass

import numpy as np

from qvopt.cloud.backend import backend_factory
from qvopt.cloud.qiskit_objects import QiskitProvider
from qvopt.measurement.catalogue import Grouping
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt_circuits.ansatz import Preparation
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate


def doubled(observable):
    """The groups of qubit-wise commutation, under another name."""
    from dataclasses import replace

    return replace(qubit_wise_plan(observable), name="test-doubled")


grouping = Grouping("qubit-wise, for a test", doubled)


@dataclass(frozen=True)
class Turns:
    """One RY on every spin."""

    name = "test-turns"

    def circuit(self, hamiltonian):
        return _turns(hamiltonian.n_qubits)

    def start(self, hamiltonian, rng):
        return np.zeros(hamiltonian.n_qubits)

    def over_spins(self, hamiltonian):
        n = hamiltonian.n_qubits
        return Preparation(_turns(n), lambda rng: np.linspace(0.2, 1.5, n))


def _turns(n):
    return Circuit(n, tuple(Gate("ry", (q,), Angle(q)) for q in range(n)), n)


def _provider(device="simulator"):
    from qiskit_aer import AerSimulator

    return QiskitProvider(AerSimulator(seed_simulator=1))


provider = backend_factory(_provider, "a simulator that stands for a vendor's device")
'''
ENTRY_POINTS = """[qvopt.groupings]
test-doubled = test_plugged_module:grouping
[qvopt.ansatze]
test-turns = test_plugged_module:Turns
[qvopt.providers]
test-vendor = test_plugged_module:provider
"""


@pytest.fixture(autouse=True)
def plugged(tmp_path, monkeypatch):
    """A distribution on the path, as pip leaves one there."""
    (tmp_path / "test_plugged_module.py").write_text(MODULE)
    info = tmp_path / "test_plugged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: test-plugged\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("test_plugged_module", None)


def test_a_grouping_is_used_and_recorded():
    assert "test-doubled" in grouping_names()
    settings = {"shots": 400, "optimizer": "spsa", "max_steps": 2, "seed": 1}
    plugged = run("h2", measurement={"grouping": "test-doubled"}, **settings)
    ours = run("h2", measurement={"grouping": "qubit-wise"}, **settings)
    assert plugged.energy == ours.energy
    with pytest.raises(InputError, match="did you mean 'test-doubled'"):
        make_experiment({"molecule": "h2", "measurement": {"grouping": "test-doubeld"}})


def test_an_ansatz_acts_on_spins():
    molecule = {"name": "heisenberg", "set": {"sites": 4}}
    result = run(molecule, ansatz="test-turns", backend="lightning")
    assert len(result.x) == 4
    # The best product state is the one with neighbours opposite: -1/4 J for each of three bonds.
    assert result.energy == pytest.approx(-0.75, abs=1e-6)
    assert result.fci == pytest.approx(-1.6160254, abs=1e-6)


def test_a_provider_is_hardware(capsys):
    assert "test-vendor" in backend_names()
    words = ["run", "h2", "--backend", "test-vendor", "--shots", "100", "--dry"]
    assert command_line.run([*words, "--max-steps", "2", "--optimizer", "spsa"]) == 0
    assert "jobs" in capsys.readouterr().out

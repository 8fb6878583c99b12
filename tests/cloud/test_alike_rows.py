"""Rows of a circuit without parameters: one run on a snapshot, dealt out shot by shot."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from scipy.stats import chi2_contingency

from qvopt.cloud import snapshots
from qvopt.cloud.ibm_options import IBMOptions
from qvopt.cloud.provider import JobSpec, Pub
from qvopt.cloud.snapshots import SnapshotProvider

ROWS, SHOTS = 30, 500


@pytest.fixture
def provider(monkeypatch):
    pytest.importorskip("qiskit_ibm_runtime")
    provider = SnapshotProvider("fake_manila", IBMOptions())
    # As of more qubits than density matrices are made of: the client runs every shot.
    monkeypatch.setattr(provider, "_noise", None)
    return provider


def spec_of(provider):
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.measure_all()
    (lowered,) = provider.lower([circuit], level=1, seed=1, layout=None)
    return JobSpec((Pub(lowered, np.zeros((ROWS, 0))),), SHOTS, seed=7)


def counts_of(provider, spec):
    return provider.result(provider.submit(spec, "key"), spec).counts[0]


def test_every_row_is_a_sample_of_its_own(provider, monkeypatch):
    made = []
    sampler = snapshots.make_sampler
    monkeypatch.setattr(
        snapshots, "make_sampler", lambda *a, **k: made.append(k) or sampler(*a, **k)
    )
    spec = spec_of(provider)
    rows = counts_of(provider, spec)
    assert len(made) == 1
    assert [sum(row.values()) for row in rows] == [SHOTS] * ROWS
    table = np.array([[row.get(k, 0) for k in range(4)] for row in rows])
    # Independent rows of one distribution: neither alike nor sorted.
    assert 1e-3 < chi2_contingency(table).pvalue < 1 - 1e-3
    assert counts_of(provider, spec) == rows

"""Pauli groups in sector states: the kernel of all groups, dense algebra and single draws."""

import numpy as np
import pytest
from scipy.stats import chi2

from qvopt.backends.sector import pauli_sampling
from qvopt.backends.sector.pauli_sampling import PauliGroupSampler
from qvopt.backends.sector.xoshiro import key_of
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.catalogue import build_plan
from qvopt_circuits.matrices import circuit_unitary
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.states import sector_bits

KEY = key_of(np.random.SeedSequence(3))
GROUPINGS = ("qubit-wise", "fully-commuting", "fully-commuting-shared")


def setting(molecule, grouping):
    h = build_hamiltonian(find_molecule(molecule))
    plan = build_plan(grouping, h, qubit_hamiltonian(h), "jordan-wigner")
    rng = np.random.default_rng(0)
    psi = rng.normal(size=len(sector_bits(h))) + 1j * rng.normal(size=len(sector_bits(h)))
    return h, plan, psi / np.linalg.norm(psi)


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("grouping", GROUPINGS)
def test_draws_without_a_table_are_the_same(grouping, real, monkeypatch):
    h, plan, psi = setting("h3+", grouping)
    psi = psi.real if real else psi
    shots = np.random.default_rng(1).integers(0, 300, size=len(plan.groups))
    fast = PauliGroupSampler(plan.groups, h)
    assert fast.in_one_kernel
    monkeypatch.setattr(pauli_sampling, "_MOST_VALUES", 0)
    slow = PauliGroupSampler(plan.groups, h)
    assert not slow.in_one_kernel
    for ours, theirs in zip(
        fast.draw(psi, shots, KEY, 7), slow.draw(psi, shots, KEY, 7), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
        assert not np.any(ours[shots == 0])


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_moments_are_those_of_dense_algebra(grouping):
    """Means and variances of 20,000 shots against those of the circuit of each basis change."""
    h, plan, psi = setting("h3+", grouping)
    full = np.zeros(1 << h.n_qubits, dtype=complex)
    full[sector_bits(h)] = psi
    n = 20_000
    means, m2s = PauliGroupSampler(plan.groups, h).draw(psi, np.full(len(plan.groups), n), KEY, 0)
    total, freedom = 0.0, 0
    bits = np.arange(1 << h.n_qubits, dtype=np.uint64)
    for group, mean, m2 in zip(plan.groups, means, m2s, strict=True):
        changed = circuit_unitary(basis_change_circuit(group, h.n_qubits)) @ full
        p, values = np.abs(changed) ** 2, group.diagonal.values(bits)
        expected = p @ values
        variance = p @ (values - expected) ** 2
        if variance < 1e-20:
            assert mean == pytest.approx(expected)
            continue
        assert m2 / n == pytest.approx(variance, rel=0.2)
        total, freedom = total + n * (mean - expected) ** 2 / variance, freedom + 1
    assert 0.001 < chi2.sf(total, freedom) < 0.999

"""Variances and covariances by images of strings, against outcomes and dense matrices."""

import numpy as np
import pytest

from qvopt.backends.sector.sampling import deviations_in_states
from qvopt.measurement.catalogue import build_plan
from qvopt.measurement.fully_commuting import sorted_insertion
from qvopt.measurement.images import covariances, group_deviation, strings_of
from qvopt.measurement.pauli_outcomes import PauliSampler
from qvopt.measurement.plan import Diagonal, MeasurementGroup, PauliBasis
from qvopt.measurement.shadows.expectations import expectations
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.states import fci_state, hartree_fock_state, sector_bits


def dense(x, z, n):
    return PauliSum(n, np.array([x], dtype=np.uint64), np.array([z], dtype=np.uint64),
                    np.ones(1)).to_sparse().toarray()  # fmt: skip


@pytest.mark.parametrize("grouping", ["qubit-wise", "fully-commuting", "fully-commuting-shared"])
@pytest.mark.parametrize("molecule", ["h3+", "lih"])
def test_deviations_are_those_of_the_outcomes(molecule, grouping):
    h = build_hamiltonian(find_molecule(molecule))
    plan = build_plan(grouping, h, qubit_hamiltonian(h), "jordan-wigner")
    states = [hartree_fock_state(h), fci_state(h)]
    found = deviations_in_states(plan, h, states)
    sampler = PauliSampler(plan.groups, h)
    for psi, row in zip(states, found, strict=True):
        assert deviations_in_states(plan, h, [psi])[0] == pytest.approx(row)
        for g, sd in enumerate(row):
            p, values = sampler.distribution(psi, g)
            mean = p @ values
            assert sd == pytest.approx(np.sqrt(max(p @ (values - mean) ** 2, 0.0)), abs=1e-7)


def test_covariances_of_commuting_strings():
    h = build_hamiltonian(find_molecule("h4-chain"))
    observable = qubit_hamiltonian(h)
    psi, bits = fci_state(h).reshape(-1), sector_bits(h).astype(np.uint64)
    full = np.zeros(1 << h.n_qubits)
    full[bits.astype(int)] = psi
    for members in sorted_insertion(observable)[:3]:
        x, z = observable.x[members], observable.z[members]
        images = [dense(a, b, h.n_qubits) @ full for a, b in zip(x[:12], z[:12], strict=True)]
        wanted = np.array([[np.vdot(a, b).real for b in images] for a in images])
        means = np.array([full @ image.real for image in images])
        found = covariances(x[:12], z[:12], bits, psi)
        assert np.abs(found - (wanted - np.outer(means, means))).max() < 1e-12


def test_strings_with_an_odd_number_of_y():
    """Their images are imaginary: no product with those of real strings, and no mean."""
    rng = np.random.default_rng(0)
    psi = rng.normal(size=8)
    psi /= np.linalg.norm(psi)
    bits = np.arange(8, dtype=np.uint64)
    x, z = np.array([1, 2, 0], dtype=np.uint64), np.array([1, 0, 4], dtype=np.uint64)  # Y0, X1, Z2
    matrices = [dense(a, b, 3) for a, b in zip(x, z, strict=True)]
    wanted = np.array([[(psi @ a @ b @ psi).real - (psi @ a @ psi).real * (psi @ b @ psi).real
                        for b in matrices] for a in matrices])  # fmt: skip
    assert np.abs(covariances(x, z, bits, psi) - wanted).max() < 1e-12
    c = np.array([0.5, -0.7, 0.3])
    group = MeasurementGroup(PauliBasis("YXZ"), Diagonal(np.array([1, 2, 4], dtype=np.uint64), c))
    assert [part.tolist() for part in strings_of(group)] == [x.tolist(), z.tolist(), c.tolist()]
    assert group_deviation(group, bits, psi, 3) == pytest.approx(np.sqrt(c @ wanted @ c))


def test_sparse_and_transformed_expectations_agree():
    rng = np.random.default_rng(1)
    x, z = (rng.integers(0, 256, size=600).astype(np.uint64) for _ in range(2))
    x[:300] = 0  # many strings of one x are transformed, few are summed
    psi = rng.normal(size=256) + 1j * rng.normal(size=256)
    psi[rng.random(256) < 0.7] = 0.0
    psi /= np.linalg.norm(psi)
    wanted = [np.vdot(psi, dense(a, b, 8) @ psi).real for a, b in zip(x, z, strict=True)]
    assert np.abs(expectations(x, z, psi) - wanted).max() < 1e-12


def test_twenty_qubits_are_shared(monkeypatch):
    """Nitrogen has 2,951 strings: no full vector, no refusal by width, only by size."""
    from qvopt.measurement import shared

    h = build_hamiltonian(find_molecule("h2"))
    monkeypatch.setattr(shared, "MOST_SHARED_TERMS", 10)
    with pytest.raises(InputError, match="at most 10 Pauli strings"):
        build_plan("qubit-wise-shared", h, qubit_hamiltonian(h), "jordan-wigner")

"""Coefficients split over groups: the same operator, for fewer shots."""

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt.backends.sector.sampling import deviations_in_states
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.fully_commuting import fully_commuting_plan
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt.measurement.shared import shared_plan
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.states import fci_state, hartree_fock_state

PLANS = [qubit_wise_plan, fully_commuting_plan]


@pytest.mark.parametrize("make", PLANS)
@pytest.mark.parametrize("name", ["h2", "h3+"])
def test_they_are_the_hamiltonian(name, make, operator_of):
    h = build_hamiltonian(find_molecule(name))
    observable = qubit_hamiltonian(h)
    plan = shared_plan(make(observable), observable, h)
    assert np.abs(operator_of(plan) - observable.to_sparse().toarray()).max() < 1e-9


@pytest.mark.parametrize(
    ("make", "factor"),
    rest_slow([(qubit_wise_plan, 1.8), (fully_commuting_plan, 2.0)], [(fully_commuting_plan, 2.0)]),
)
def test_lih_takes_half_the_shots(make, factor):
    h = build_hamiltonian(find_molecule("lih"))
    observable = qubit_hamiltonian(h)
    plain = make(observable)
    shared = shared_plan(plain, observable, h)
    assert len(shared.groups) == len(plain.groups)
    for psi in (hartree_fock_state(h), fci_state(h)):
        before, after = (deviations_in_states(p, h, [psi])[0].sum() ** 2 for p in (plain, shared))
        assert factor * after < before or psi[0, 0] == 1.0
        assert after < before


def test_the_split_is_the_least(monkeypatch):
    """Moving any coefficient between two groups raises the sum of deviations."""
    from qvopt.measurement import shared as module

    h = build_hamiltonian(find_molecule("h4-chain"))
    observable = qubit_hamiltonian(h)
    caught = {}
    split = module._split

    def catch(c, members, covariances):
        caught["parts"] = split(c, members, covariances)
        caught["members"], caught["covariances"] = members, covariances
        return caught["parts"]

    monkeypatch.setattr(module, "_split", catch)
    shared_plan(fully_commuting_plan(observable), observable, h)
    parts, members, covariances = caught["parts"], caught["members"], caught["covariances"]

    def total(parts):
        return sum(np.sqrt(p @ v @ p) for p, v in zip(parts, covariances, strict=True))

    least = total(parts)
    rng = np.random.default_rng(0)
    for _ in range(300):
        a, b = rng.choice(len(members), size=2, replace=False)
        both = np.intersect1d(members[a], members[b])
        if not len(both):
            continue
        moved = [p.copy() for p in parts]
        amount = rng.normal() * 1e-2
        k = rng.choice(both)
        moved[a][members[a] == k] += amount
        moved[b][members[b] == k] -= amount
        assert total(moved) > least - 1e-6


def test_what_cannot_share_is_said():
    h = build_hamiltonian(find_molecule("h2"))
    observable = qubit_hamiltonian(h)
    with pytest.raises(InputError, match="Pauli"):
        shared_plan(basis_rotation_plan(h), observable, h)
    with pytest.raises(InputError, match="mixed"):
        shared_plan(qubit_wise_plan(observable), observable, h, mixed=0.0)

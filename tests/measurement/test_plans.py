"""Plans are the Hamiltonian, their variances are known, and shots are split to the last one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.basis_change import basis_change_circuit, givens_rotations
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt.measurement.catalogue import build_plan
from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.fully_commuting import fully_commuting_plan
from qvopt.measurement.plan import Diagonal, MeasurementGroup, PauliBasis
from qvopt.measurement.qubit_wise import qubit_wise_plan
from qvopt.measurement.statistics import combine_moments, moments_of_group
from qvopt.measurement.variance import reference_deviations, reference_means
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.matrices import circuit_unitary
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import BackendError, InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.references import hartree_fock_energy

# (basis rotations' groups, variance x shots under Hartree-Fock in Ha^2), computed independently.
ROTATIONS = {"h2": (4, 0.0327), "lih": (22, 1.559), "beh2": (29, 4.009), "h2o": (29, 78.5)}


def plans(name):
    h = build_hamiltonian(find_molecule(name))
    observable = qubit_hamiltonian(h)
    plain = [basis_rotation_plan(h), qubit_wise_plan(observable)]
    return h, [*plain, fully_commuting_plan(observable)]


@pytest.mark.parametrize("name", ["h2", "heh+", "h3+"])
def test_plans_are_the_hamiltonian(name, operator_of):
    h, both = plans(name)
    exact = qubit_hamiltonian(h).to_sparse().toarray()
    for plan in both:
        assert np.abs(operator_of(plan) - exact).max() < 1e-9


@pytest.mark.parametrize("name", ROTATIONS)
def test_variance_of_basis_rotations(name):
    h, (plan, *_) = plans(name)
    groups, variance = ROTATIONS[name]
    assert len(plan.groups) == groups
    deviations = reference_deviations(plan, h, "jordan-wigner")
    assert deviations.sum() ** 2 == pytest.approx(variance, rel=0.01)


@pytest.mark.parametrize("grouping", ["basis-rotation", "fully-commuting", "qubit-wise"])
def test_reference_means_add_up_to_the_determinants_energy(grouping):
    h = build_hamiltonian(find_molecule("lih"))
    plan = build_plan(grouping, h, qubit_hamiltonian(h), "jordan-wigner")
    means = reference_means(plan, h, "jordan-wigner")
    assert plan.constant + means.sum() == pytest.approx(hartree_fock_energy(h), abs=1e-9)
    assert np.all(np.isfinite(means))


@pytest.mark.parametrize("mapping", ["jordan-wigner", "parity-reduced", "bravyi-kitaev"])
def test_qubit_wise_variances_against_dense_states(mapping):
    from qvopt_circuits.mapping import in_mapping
    from qvopt_circuits.matrices import circuit_state

    h = build_hamiltonian(find_molecule("h4-chain"))
    observable = qubit_hamiltonian(h, mapping)
    plan = qubit_wise_plan(observable)
    circuit = in_mapping(UCCSD(), mapping).circuit(h)
    n = circuit.n_qubits
    state = circuit_state(circuit, np.zeros(circuit.n_parameters))
    outcomes = np.arange(2**n, dtype=np.uint64)
    found = reference_deviations(plan, h, mapping)
    means = reference_means(plan, h, mapping)
    for group, mean in list(zip(plan.groups, means, strict=True))[::5]:
        u = circuit_unitary(basis_change_circuit(group, n), np.zeros(0))
        assert mean == pytest.approx(np.abs(u @ state) ** 2 @ group.diagonal.values(outcomes))
    for group, deviation in list(zip(plan.groups, found, strict=True))[::5]:
        u = circuit_unitary(basis_change_circuit(group, n), np.zeros(0))
        p = np.abs(u @ state) ** 2
        values = group.diagonal.values(outcomes)
        variance = p @ values**2 - (p @ values) ** 2
        assert deviation == pytest.approx(math.sqrt(max(variance, 0.0)), abs=1e-7)


def test_groups_commute_qubit_wise_and_hold_every_term():
    observable = qubit_hamiltonian(build_hamiltonian(find_molecule("lih")))
    plan = qubit_wise_plan(observable)
    terms = {label: c for label, c in observable if set(label) != {"I"}}
    found = {}
    for group in plan.groups:
        for mask, c in zip(group.diagonal.masks, group.diagonal.coefficients, strict=True):
            letters = [x if int(mask) >> q & 1 else "I" for q, x in enumerate(group.basis.letters)]
            found["".join(letters)] = c
    assert found == terms


def test_few_shallow_rotations():
    for seed in range(5):
        rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(7, 7)))[0]
        found = givens_rotations(rotation)
        assert len(found) <= 21
        layers: dict[int, int] = {}
        for k, _ in found:
            layers[k] = layers[k + 1] = max(layers.get(k, 0), layers.get(k + 1, 0)) + 1
        assert max(layers.values()) <= 2 * 7 - 3


@given(
    st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=40),
    st.integers(0, 10**9),
    st.integers(0, 3),
)
def test_allocation_sums_exactly(weights, total, minimum):
    weights = np.array(weights)
    if total < minimum * len(weights):
        with pytest.raises(InputError, match=f"at least {minimum * len(weights)}"):
            allocate(weights, total, minimum)
        return
    parts = allocate(weights, total, minimum)
    assert parts.sum() == total
    assert parts.min() >= minimum
    share = weights / weights.sum() * total
    if share.min() > minimum + 1:
        assert np.abs(parts - share).max() <= 1


def test_rules_favour_what_varies():
    h, (plan, *_) = plans("lih")
    for rule in ("uniform", "weighted", "variance"):
        weights = with_allocation(plan, rule, hamiltonian=h).weights
        assert weights.sum() == pytest.approx(1.0)
        assert weights.min() > 0
    deviations = reference_deviations(plan, h, "jordan-wigner")
    cost = {
        rule: (deviations**2 / with_allocation(plan, rule, hamiltonian=h).weights).sum()
        for rule in ("uniform", "variance")
    }
    assert deviations.sum() ** 2 <= cost["variance"] < cost["uniform"]


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.integers(1, 29))
def test_moments_merge(values, cut):
    values = np.array(values)
    cut = min(cut, len(values) - 1)
    ones = np.ones(len(values), dtype=np.int64)
    whole = Moments.from_counts(values, ones)
    merged = Moments.from_counts(values[:cut], ones[:cut]) + Moments.from_counts(
        values[cut:], ones[cut:]
    )
    assert merged.shots == whole.shots
    assert merged.mean == pytest.approx(whole.mean, abs=1e-9)
    assert merged.variance_of_mean == pytest.approx(
        values.var(ddof=1) / len(values), rel=1e-6, abs=1e-9
    )


def test_counts_become_moments_of_whole_groups():
    diagonal = Diagonal(np.array([0b01, 0b11], dtype=np.uint64), np.array([0.5, -1.0]))
    moments = moments_of_group(
        MeasurementGroup(PauliBasis("ZZ"), diagonal), {0b00: 3, 0b01: 1, 0b10: 4}
    )
    values = np.array([-0.5] * 3 + [0.5] + [1.5] * 4)
    assert moments.mean == pytest.approx(values.mean())
    assert moments.variance_of_mean == pytest.approx(values.var(ddof=1) / 8)


@given(st.integers(0, 2**32))
def test_quadratic_and_general_diagonals_agree(seed):
    rng = np.random.default_rng(seed)
    masks = np.array([0, 1, 2, 3, 5, 12, 24], dtype=np.uint64)
    diagonal = Diagonal(masks, rng.normal(size=len(masks)))
    bits = rng.integers(0, 32, size=(4, 5)).astype(np.uint64)
    expected = diagonal._general(bits.reshape(-1)).reshape(4, 5)
    assert np.abs(diagonal.values(bits) - expected).max() < 1e-12


def test_missing_results_are_an_error():
    _, (plan, *_) = plans("h2")
    with pytest.raises(BackendError, match="for 4 groups"):
        combine_moments(plan, [Moments(2, 0.0, 0.0)])
    with pytest.raises(BackendError, match="without shots"):
        combine_moments(plan, [Moments(0, 0.0, 0.0)] * 4)


@pytest.mark.parametrize(
    ("value", "variance", "text"),
    [
        (-1.13690, 0.0012**2, "-1.1369(12)"),
        (-1.1373060357, 0.0, "-1.13730604"),
        (12.3, 4.5**2, "12.3(45)"),
        (1234.5, 250.0**2, "1234(250)"),
        (-1.0, math.inf, "-1.00000000(?)"),
    ],
)
def test_estimates_print_to_their_meaning(value, variance, text):
    assert str(Estimate(value, variance, 10)) == text


def test_a_rotation_needs_its_qubits():
    _, (plan, *_) = plans("h2")
    with pytest.raises(InputError, match="needs 4 qubits, got 6"):
        basis_change_circuit(plan.groups[0], 6)
    flat = MeasurementGroup(PauliBasis("IZ"), plan.groups[0].diagonal)
    assert basis_change_circuit(flat, 2) == Circuit(2, (), 0)

"""Shadows are unbiased, and their variances are those of all bases and outcomes enumerated."""

from itertools import product

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt.backends.sector.sampling import deviations_in_states
from qvopt.measurement.basis_change import basis_change_circuit
from qvopt.measurement.estimate import Estimate, Moments
from qvopt.measurement.plan import Diagonal, MeasurementGroup, PauliBasis
from qvopt.measurement.shadows.bias import LocalBias, letters_of, uniform_bias
from qvopt.measurement.shadows.derandomized import derandomized_bases, derandomized_plan
from qvopt.measurement.shadows.expectations import (
    StateVector,
    checked_state,
    expectations,
    full_state,
)
from qvopt.measurement.shadows.locally_biased import locally_biased
from qvopt.measurement.shadows.second_moment import (
    determinant_moment,
    diagonal_moment,
    state_moment,
)
from qvopt.measurement.shadows.variance import shadow_variances
from qvopt.measurement.variance import reference_bits
from qvopt_circuits.matrices import circuit_unitary
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.pauli import PauliSum
from qvopt_molecules.states import fci_state, hartree_fock_state

JW = "jordan-wigner"


def sample_shadow(
    observable: PauliSum, bias: LocalBias, psi: StateVector, shots: int, rng: np.random.Generator
) -> Estimate:
    """Draw a basis and an outcome a shot; the mean of X and its sample variance over shots.

    Unbiased. Shots in equal bases share one rotation of the state. Raises InputError below two
    shots, above 20 qubits, and for a state or bias that does not fit the observable.
    """
    if shots < 2:
        raise InputError(f"a shadow needs at least 2 shots for its variance, got {shots}")
    n = observable.n_qubits
    psi = checked_state(psi, n)
    part = observable.without_identity()
    letters = letters_of(part.x, part.z, n)
    scaled = part.coefficients * bias.inverse_of_cover(letters)
    spelled = np.where(letters.any(axis=2), letters.argmax(axis=2), -1)
    support = part.x | part.z
    cumulative = np.cumsum(bias.probabilities, axis=1)[:, :2]
    drawn = (rng.random((shots, n))[:, :, None] > cumulative).sum(axis=2)
    bases, times = np.unique(drawn, axis=0, return_counts=True)
    moments = Moments(0, 0.0, 0.0)
    for basis, count in zip(bases, times.tolist(), strict=True):
        covered = ((spelled == -1) | (spelled == basis)).all(axis=1)
        sums = np.cumsum(outcome_probabilities(psi, basis.tolist()))
        outcomes = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
        outcomes = np.minimum(outcomes, len(sums) - 1)  # where the product rounds up to the end
        values = Diagonal(support[covered], scaled[covered]).values(outcomes.astype(np.uint64))
        moments += Moments.from_counts(values, np.ones(count, dtype=np.int64))
    value = observable.constant + moments.mean
    return Estimate(value, moments.variance_of_mean, moments.shots)


def outcome_probabilities(psi: StateVector, basis: list[int]) -> FloatArray:
    """Probabilities of the outcomes with qubit q read in X, Y or Z for basis[q] = 0, 1 or 2."""
    state = np.asarray(psi)
    for q, letter in enumerate(basis):
        if letter == 2:
            continue
        pairs = state.reshape(-1, 2, 1 << q)
        # ⟨±| = (⟨0| ± ⟨1|)/√2, and ⟨0| ∓ i ⟨1| for the eigenstates of Y.
        one = pairs[:, 1] if letter == 0 else -1j * pairs[:, 1]
        state = np.stack([pairs[:, 0] + one, pairs[:, 0] - one], axis=1) * np.sqrt(0.5)
    return np.asarray(np.square(np.abs(state.reshape(-1))))


def shadow_variance(observable: PauliSum, bias: LocalBias, psi: StateVector) -> float:
    """The variance of one bias; see `shadow_variances`."""
    return shadow_variances(observable, [bias], psi)[0]


def determinant_shadow_variance(observable: PauliSum, bias: LocalBias, bits: int) -> float:
    """The same in the computational state |bits⟩, for any number of qubits."""
    part = observable.without_identity()
    bias.inverse_of_cover(letters_of(part.x, part.z, part.n_qubits))
    signs = 1.0 - 2.0 * (np.bitwise_count(part.z & np.uint64(bits)) & 1)
    mean = float((part.coefficients * signs)[part.x == 0].sum())
    return determinant_moment(part, bits)(bias) - mean**2


def problem(name, mapping=JW):
    h = build_hamiltonian(find_molecule(name))
    return h, qubit_hamiltonian(h, mapping), reference_bits(h, mapping)


def random_bias(n, seed):
    return LocalBias(np.random.default_rng(seed).dirichlet([3.0, 3.0, 3.0], size=n))


def random_state(n, seed):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    return psi / np.linalg.norm(psi)


def enumerated(observable, bias, psi):
    """Mean and variance of a shot over all 3^n bases, by dense unitaries and letters."""
    n = observable.n_qubits
    outcomes = np.arange(2**n, dtype=np.uint64)
    mean = second = 0.0
    for basis in product("XYZ", repeat=n):
        chance = np.prod([bias.probabilities[q, "XYZ".index(p)] for q, p in enumerate(basis)])
        values = np.zeros(2**n)
        for text, c in observable:
            acted = [q for q in range(n) if text[q] != "I"]
            if all(text[q] == basis[q] for q in acted):
                scale = np.prod([1 / bias.probabilities[q, "XYZ".index(text[q])] for q in acted])
                mask = np.uint64(sum(1 << q for q in acted))
                values += c * scale * (1.0 - 2.0 * (np.bitwise_count(outcomes & mask) & 1))
        empty = Diagonal(np.zeros(0, dtype=np.uint64), np.zeros(0))
        group = MeasurementGroup(PauliBasis("".join(basis)), empty)
        u = circuit_unitary(basis_change_circuit(group, n), np.zeros(0))
        p = np.abs(u @ psi) ** 2
        mean += chance * (p @ values)
        second += chance * (p @ values**2)
    return mean, second - mean**2


def states_of_h2():
    h, _, _ = problem("h2")
    return {
        "hf": full_state(hartree_fock_state(h), h),
        "fci": full_state(fci_state(h), h),
        "complex": random_state(4, 5),
    }


@pytest.mark.parametrize("state", ["hf", "fci", "complex"])
def test_variance_against_all_bases(state):
    _, observable, _ = problem("h2")
    psi = states_of_h2()[state]
    energy = float(np.real(psi.conj() @ (observable.to_sparse() @ psi)))
    for bias in (uniform_bias(4), random_bias(4, 1), locally_biased(observable)):
        mean, variance = enumerated(observable, bias, psi)
        assert mean == pytest.approx(energy, abs=1e-12)
        assert shadow_variance(observable, bias, psi) == pytest.approx(variance, abs=1e-12)


def test_variance_of_complex_strings_and_states():
    rng = np.random.default_rng(8)
    places = rng.choice(64, size=30, replace=False).astype(np.uint64)
    observable = PauliSum(3, places >> np.uint64(3), places & np.uint64(7), rng.normal(size=30))
    psi, bias = random_state(3, 9), random_bias(3, 2)
    _, variance = enumerated(observable, bias, psi)
    assert shadow_variance(observable, bias, psi) == pytest.approx(variance, rel=1e-12)


def test_expectations_against_matrices():
    h, observable, _ = problem("h3+")
    for psi in (full_state(fci_state(h), h), random_state(6, 4)):
        found = expectations(observable.x, observable.z, psi)
        for k in range(0, len(observable), 7):
            one = PauliSum(6, observable.x[k : k + 1], observable.z[k : k + 1], np.ones(1))
            expected = np.real(psi.conj() @ (one.to_sparse() @ psi))
            assert found[k] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("mapping", [JW, "parity", "parity-reduced", "bravyi-kitaev"])
def test_states_in_every_mapping(mapping):
    h, observable, bits = problem("heh+", mapping)
    psi = full_state(fci_state(h), h, mapping)
    energy = psi @ (observable.to_sparse() @ psi)
    assert energy.real == pytest.approx(np.linalg.eigvalsh(sector_matrix(h))[0], abs=1e-8)
    hf = full_state(hartree_fock_state(h), h, mapping)
    bias = random_bias(observable.n_qubits, 6)
    assert determinant_shadow_variance(observable, bias, bits) == pytest.approx(
        shadow_variance(observable, bias, hf), rel=1e-12
    )


def sector_matrix(h):
    """H over the sector, from the Jordan-Wigner matrix."""
    matrix = qubit_hamiltonian(h).to_sparse().toarray()
    n = np.arange(len(matrix))
    alpha = np.bitwise_count(n & ((1 << h.norb) - 1)) == h.n_alpha
    kept = alpha & (np.bitwise_count(n >> h.norb) == h.n_beta)
    return matrix[np.ix_(kept, kept)]


@pytest.mark.parametrize("name", ["h2", "h3+", "lih"])
def test_local_bias_beats_uniform(name):
    h, observable, bits = problem(name)
    n = h.n_qubits
    diagonal, biased = locally_biased(observable), locally_biased(observable, bits)
    for bias in (diagonal, biased):
        assert np.abs(bias.probabilities.sum(axis=1) - 1.0).max() < 1e-12
        assert bias.probabilities.min() > 0.0
    in_reference = [
        determinant_shadow_variance(observable, bias, bits)
        for bias in (biased, diagonal, uniform_bias(n))
    ]
    assert in_reference[0] <= in_reference[1] < in_reference[2]
    psi = full_state(fci_state(h), h)
    correlated = [shadow_variance(observable, b, psi) for b in (biased, uniform_bias(n))]
    assert correlated[0] < correlated[1]


@pytest.mark.parametrize("name", ["h2", "lih", "h2o"])
def test_diagonal_optimum_is_stationary(name):
    _, observable, _ = problem(name)
    moment = diagonal_moment(observable)
    beta = locally_biased(observable)
    terms = moment.weights * beta.inverse_of_cover(moment.letters)
    shares = np.einsum("t,tql->ql", terms, moment.letters)
    shares /= shares.sum(axis=1, keepdims=True)
    assert np.abs(shares - beta.probabilities).max() < 1e-6


def test_letters_without_use_are_not_measured():
    one = PauliSum(3, np.array([1], dtype=np.uint64), np.array([2], dtype=np.uint64), np.ones(1))
    beta = locally_biased(one).probabilities
    assert beta.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], pytest.approx([1 / 3] * 3)]
    assert locally_biased(one, 0).probabilities.tolist() == beta.tolist()
    psi = np.eye(8)[0]
    assert shadow_variance(one, locally_biased(one), psi) == pytest.approx(1.0)


@pytest.mark.parametrize("state", rest_slow(["hf", "fci", "complex"], ["complex"]))
def test_samples_are_unbiased_and_know_their_error(state):
    """Of 50: a bias of 0.6 of an error, or errors that are 1.4 times too small, would be seen."""
    _, observable, bits = problem("h2")
    psi = states_of_h2()[state]
    energy = float(np.real(psi.conj() @ (observable.to_sparse() @ psi)))
    rng = np.random.default_rng(17)
    for bias in (uniform_bias(4), locally_biased(observable, bits)):
        shots, repeats = 500, 50
        exact = shadow_variance(observable, bias, psi)
        found = [sample_shadow(observable, bias, psi, shots, rng) for _ in range(repeats)]
        z = np.array([(e.value - energy) / np.sqrt(exact / shots) for e in found])
        assert all(e.shots == shots for e in found)
        assert abs(z.mean()) * np.sqrt(repeats) < 4.0
        assert z.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / repeats))
        mean_variance = np.mean([e.variance for e in found])
        assert mean_variance == pytest.approx(exact / shots, rel=0.03)


@pytest.mark.slow
def test_samples_of_lih():
    h, observable, bits = problem("lih")
    psi = full_state(fci_state(h), h)
    bias = locally_biased(observable, bits)
    found = sample_shadow(observable, bias, psi, 20_000, np.random.default_rng(2))
    energy = psi @ (observable.to_sparse() @ psi)
    assert abs(found.value - energy.real) < 4 * found.stderr
    exact = shadow_variance(observable, bias, psi)
    assert found.variance * 20_000 == pytest.approx(exact, rel=0.1)
    again = sample_shadow(observable, bias, psi, 200, np.random.default_rng(2))
    assert again == sample_shadow(observable, bias, psi, 200, np.random.default_rng(2))


def test_outcomes_in_pauli_bases():
    psi = random_state(3, 1)
    for basis in product(range(3), repeat=3):
        empty = Diagonal(np.zeros(0, dtype=np.uint64), np.zeros(0))
        group = MeasurementGroup(PauliBasis("".join("XYZ"[k] for k in basis)), empty)
        u = circuit_unitary(basis_change_circuit(group, 3), np.zeros(0))
        found = outcome_probabilities(psi, list(basis))
        assert np.abs(found - np.abs(u @ psi) ** 2).max() < 1e-12


@pytest.mark.parametrize("n_bases", [1, 50])
@pytest.mark.parametrize("name", ["h2", "heh+", "h3+"])
def test_derandomized_plans_are_the_hamiltonian(name, n_bases, operator_of):
    _, observable, _ = problem(name)
    plan = derandomized_plan(observable, n_bases)
    assert np.abs(operator_of(plan) - observable.to_sparse().toarray()).max() < 1e-9
    assert plan.weights.sum() == pytest.approx(1.0)
    assert plan.weights.min() > 0.0


def test_derandomized_choices_make_the_bound_least():
    """Every letter against the bound itself, over all three."""
    _, observable, _ = problem("h2")
    kept = (observable.x | observable.z) != 0
    c = observable.coefficients[kept]
    letters = letters_of(observable.x[kept], observable.z[kept], 4)
    spelled = np.where(letters.any(axis=2), letters.argmax(axis=2), -1)
    epsilon = 0.7
    eta, nu = epsilon**2, 1 - np.exp(-(epsilon**2) / 2)
    w = np.abs(c) / np.abs(c).max()
    hits = np.zeros(len(c))

    def bound(partial):
        total = 0.0
        for j, string in enumerate(spelled):
            v = eta / 2 * hits[j]
            if all(string[q] in (-1, letter) for q, letter in enumerate(partial)):
                rest = sum(string[q] >= 0 for q in range(len(partial), 4))
                v -= np.log(1 - nu * 3.0**-rest)
            total += np.exp(-v / w[j])
        return total

    for basis in derandomized_bases(spelled, c, 12, epsilon).tolist():
        for q, letter in enumerate(basis):
            costs = [bound([*basis[:q], other]) for other in range(3)]
            assert letter == 3 or costs[letter] <= min(costs) * (1 + 1e-12)
        hits += np.all((spelled == -1) | (spelled == basis), axis=1)


@pytest.mark.parametrize(("name", "n_bases"), [("h2", 100), ("lih", 1000)])
def test_derandomized_beats_uniform_shadows(name, n_bases):
    h, observable, bits = problem(name)
    plan = derandomized_plan(observable, n_bases)
    deviations = deviations_in_states(plan, h, [hartree_fock_state(h)])[0]
    one_shot = float((deviations**2 / plan.weights).sum())
    assert one_shot < 0.1 * determinant_shadow_variance(observable, uniform_bias(h.n_qubits), bits)


def test_bad_input_is_named():
    h, observable, _ = problem("h2")
    rng = np.random.default_rng(0)
    even, psi = uniform_bias(4), full_state(hartree_fock_state(h), h)
    with pytest.raises(InputError, match=r"shape \(n_qubits, 3\), got \(3,\)"):
        LocalBias(np.ones(3) / 3)
    with pytest.raises(InputError, match=r"on qubit 1 sum to 0\.9, not 1"):
        LocalBias(np.array([[0.2, 0.3, 0.5], [0.2, 0.3, 0.4]]))
    with pytest.raises(InputError, match="not negative"):
        LocalBias(np.array([[-0.2, 0.7, 0.5]]))
    with pytest.raises(InputError, match="never measures Y on qubit 0"):
        shadow_variance(observable, LocalBias(np.tile([0.5, 0.0, 0.5], (4, 1))), psi)
    with pytest.raises(InputError, match="bias on 3 qubits cannot measure 4"):
        sample_shadow(observable, uniform_bias(3), psi, 10, rng)
    with pytest.raises(InputError, match=r"has 16 amplitudes, got shape \(8,\)"):
        shadow_variance(observable, even, np.eye(8)[0])
    with pytest.raises(InputError, match="unit norm, got 2"):
        shadow_variance(observable, even, 2 * psi)
    with pytest.raises(InputError, match="at least 2 shots"):
        sample_shadow(observable, even, psi, 1, rng)
    with pytest.raises(InputError, match="at most 20 qubits"):
        state_moment(PauliSum(21, observable.x, observable.z, observable.coefficients), psi)
    with pytest.raises(InputError, match="at least 1 basis"):
        derandomized_plan(observable, 0)
    with pytest.raises(InputError, match="epsilon of a derandomized plan must be positive"):
        derandomized_plan(observable, 10, epsilon=0.0)
    with pytest.raises(InputError, match="are not of the sector's 2 x 2"):
        full_state(np.ones(4), h)


def test_constants_cost_nothing():
    none = np.zeros(1, dtype=np.uint64)
    constant = PauliSum(2, none, none, np.array([0.5]))
    psi = np.eye(4)[0]
    assert shadow_variance(constant, locally_biased(constant, 0), psi) == 0.0
    found = sample_shadow(constant, uniform_bias(2), psi, 10, np.random.default_rng(0))
    assert (found.value, found.variance, found.shots) == (0.5, 0.0, 10)
    assert derandomized_plan(constant, 5).groups == ()

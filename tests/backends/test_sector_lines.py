"""Few shots of orbital bases, drawn from single lines of the state, against whole distributions."""

import numpy as np
import pytest

from qvopt.backends.sector.draws import flat_planes
from qvopt.backends.sector.line_products import LEAST_ROWS, SPAN, multiply_lines
from qvopt.backends.sector.rotated_sampling import GivensSampler
from qvopt.backends.sector.sampling import sample_states
from qvopt.backends.sector.workers import Workers
from qvopt.backends.sector.xoshiro import key_of
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian

KEY = key_of(np.random.SeedSequence(6))


def chain(n):
    atoms = "; ".join(f"H 0 0 {k}" for k in range(n))
    return build_hamiltonian(find_molecule(atoms, spin=n % 2))


@pytest.fixture(scope="module", params=[4, 5])
def case(request):
    """A chain with as many alpha as beta electrons, or one more; and its plan."""
    h = chain(request.param)
    return h, basis_rotation_plan(h)


def state_of(h, complex_):
    rng = np.random.default_rng(5)
    shape = GivensSampler([], h).shape
    psi = rng.normal(size=shape) + (1j * rng.normal(size=shape) if complex_ else 0.0)
    return psi / np.linalg.norm(psi)


def places_of(sampler, psi, shots):
    return dict(sampler._lines.draw(*flat_planes(psi), np.asarray(shots), KEY, 0))


@pytest.mark.parametrize("complex_", [False, True])
def test_frequencies_of_all_outcomes(case, complex_):
    h, plan = case
    psi, n = state_of(h, complex_), 100_000
    sampler = GivensSampler(plan.groups, h, Workers(2))
    drawn = places_of(sampler, psi, np.full(len(plan.groups), n))
    assert sorted(drawn) == list(range(len(plan.groups)))
    for group, places in drawn.items():
        p = sampler.probabilities(psi, group)
        assert len(places) == n
        frequencies = np.bincount(places, minlength=len(p)) / n
        assert np.abs((frequencies - p) / np.sqrt(np.maximum(p, 1e-12) / n)).max() < 5


def test_outcomes_depend_on_the_stream_alone(case):
    """Neither on threads nor on which groups are drawn along with a group."""
    h, plan = case
    psi = state_of(h, False)
    shots = 3 + np.arange(len(plan.groups)) % 4
    sampler = GivensSampler(plan.groups, h, Workers(1))
    expected = places_of(sampler, psi, shots)
    again = places_of(GivensSampler(plan.groups, h, Workers(3)), psi, shots)
    for group, places in expected.items():
        assert np.array_equal(again[group], places)
        alone = np.where(np.arange(len(shots)) == group, shots, 0)
        assert np.array_equal(places_of(sampler, psi, alone)[group], places)
    assert len(set(map(bytes, map(np.ndarray.tobytes, expected.values())))) > 1


def test_few_shots_go_by_lines_and_many_by_the_state(case):
    h, plan = case
    psi = state_of(h, True)
    sampler = GivensSampler(plan.groups, h, Workers(1))
    sampler._lines.most_shots = 40
    states = [psi] * 800
    shots = np.full((len(states), len(plan.groups)), 25)
    shots[:, 1] = 41
    shots[:, 2] = 0
    assert np.array_equal(sampler.together(shots[0]), shots[0] != 41)
    table = sample_states(sampler, states, shots, KEY)
    assert table.means[:, 2].tolist() == [0.0] * len(states)
    for g in (0, 1, 3):
        p, values = sampler.distribution(psi, g)
        mean = p @ values
        variance = p @ (values - mean) ** 2
        total = shots[:, g].sum()
        assert table.means[:, g].mean() == pytest.approx(
            mean, abs=5 * np.sqrt(variance / total) + 1e-12
        )
        unbiased = table.m2s[:, g].sum() / (total - len(states))
        assert unbiased == pytest.approx(variance, rel=0.1, abs=1e-12)


def test_the_threshold_grows_with_the_state():
    limits = [GivensSampler([], chain(n))._lines.most_shots for n in (4, 6, 8, 10)]
    assert limits == sorted(set(limits))
    assert 0 <= limits[0] < limits[-1] < 100


@pytest.mark.parametrize("n_rows", [1, 3, 9])
@pytest.mark.parametrize("n_columns", [5, SPAN, 2 * SPAN + 3])
def test_products_of_rows_with_planes(n_rows, n_columns):
    rng = np.random.default_rng(3)
    factors = np.zeros((max(n_rows, LEAST_ROWS), 7))
    factors[:n_rows] = rng.normal(size=(n_rows, 7))
    source = rng.normal(size=(2, 7, n_columns))
    rows = np.full((2, n_rows, n_columns), np.nan)
    tiles = 2 * -(-n_columns // SPAN)
    for first, last in ((0, 1), (1, tiles)):
        multiply_lines(
            factors.reshape(-1), n_rows, source.reshape(-1), (7, n_columns), rows.reshape(-1),
            first, last,
        )  # fmt: skip
    np.testing.assert_allclose(rows, factors[:n_rows] @ source, atol=1e-13)

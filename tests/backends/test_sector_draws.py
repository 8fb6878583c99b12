"""Draws of the sector engine: exact distributions, one random stream for each point and group."""

import numpy as np
import pytest
from numba import njit
from scipy import stats
from slow_cases import rest_slow

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.sector import draws as draws_module
from qvopt.backends.sector.draws import draw_counts, draw_memory, moments_of_draws
from qvopt.backends.sector.lane_sums import count_up_to, cumulate
from qvopt.backends.sector.lanes import load, store
from qvopt.backends.sector.products import multiply_into
from qvopt.backends.sector.rotated_sampling import GivensSampler
from qvopt.backends.sector.sampling import sample_states
from qvopt.backends.sector.workers import Workers
from qvopt.backends.sector.xoshiro import key_of, next_state, stream_word, unit
from qvopt.measurement.basis_rotation import basis_rotation_plan
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian

REFERENCE = (
    41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205,
    9973669472204895162, 14011001112246962877, 12406186145184390807, 15849039046786891736,
    10450023813501588000,
)  # fmt: skip
"""The first outputs of the authors' xoshiro256++ from the state (1, 2, 3, 4)."""


@njit
def outputs(state, n):
    out = np.empty(n, dtype=np.uint64)
    a, b, c, d = state[0], state[1], state[2], state[3]
    for k in range(n):
        out[k], a, b, c, d = next_state(a, b, c, d)
    return out


@njit
def words(key, number):
    return [stream_word(key, number, k) for k in range(4)]


def split_mix(z):
    mask = 2**64 - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def test_the_generator_is_that_of_its_authors():
    state = np.array([1, 2, 3, 4], dtype=np.uint64)
    assert tuple(outputs(state, len(REFERENCE)).tolist()) == REFERENCE
    largest = unit.py_func(np.uint64(2**64 - 1))
    assert largest < 1.0
    assert all(largest * total < total for total in (1.0, np.nextafter(1.0, 0), 0.3, 1e-300))


def test_streams_start_in_hashes_of_key_and_number():
    seed = np.random.SeedSequence(5, spawn_key=(1, 2))
    key = key_of(seed)
    assert key.tobytes() == seed.pool.tobytes()
    first, second = (int(k) for k in key)
    mask = 2**64 - 1
    for number in (0, 7):
        theirs = []
        for word in range(4):
            hashed = split_mix((first + 0x9E3779B97F4A7C15 * (4 * number + word + 1)) & mask)
            theirs.append(split_mix((hashed + second) & mask))
        assert list(words(key, number)) == theirs
    assert not np.array_equal(key, key_of(np.random.SeedSequence(5, spawn_key=(1, 3))))


@njit
def sums_and_count(v, x):
    out = np.zeros(8)
    store(out, 0, cumulate(load(v, 0)))
    return out, count_up_to(out, 0, x)


def test_sums_of_lanes():
    v = np.random.default_rng(0).random(8)
    for x in (-1.0, 0.0, v[0], 1.3, v.sum() + 1):
        sums, count = sums_and_count(v, x)
        np.testing.assert_allclose(sums, np.cumsum(v), rtol=1e-15)
        assert count == np.count_nonzero(sums <= x)


@pytest.mark.parametrize("rows", rest_slow([1, 2, 3, 4, 5, 6, 15], [1, 3, 6]))
@pytest.mark.parametrize("inner", [1, 7])
def test_small_products(rows, inner):
    rng = np.random.default_rng(rows)
    a = np.zeros((max(rows, 4), inner))
    a[:rows] = rng.normal(size=(rows, inner))
    b = rng.normal(size=(inner, 16))
    out = np.zeros((max(rows, 4), 16))

    @njit
    def run(a, b, out):
        multiply_into(a, rows, inner, inner, b, out, 16)

    run(a.reshape(-1), b.reshape(-1), out.reshape(-1))
    np.testing.assert_allclose(out[:rows], a[:rows] @ b, atol=1e-14)


def peaked(n, rng):
    p = rng.random(n) ** 8
    p[rng.random(n) < 0.3] = 0.0
    p[0] = 0.0
    p[-1] = 0.0
    p[n // 2] = 0.4 * p.sum() + 1.0
    return p


@pytest.mark.parametrize("n", [3, 8, 40, 225, 5000, 60_000])
def test_outcomes_follow_the_distribution(n):
    rng = np.random.default_rng(n)
    p = peaked(n, rng)
    shots = 30_000
    counts = draw_counts(p, shots, key_of(np.random.SeedSequence(n)), 3)
    assert counts.sum() == shots
    assert not counts[p == 0.0].any()
    expected = shots * p / p.sum()
    order = np.argsort(expected)
    bins = np.cumsum(expected[order]) // 25  # outcomes pooled to about 25 shots or more
    pooled = [np.bincount(bins.astype(int), c[order]) for c in (counts, expected)]
    kept = pooled[1] > 5
    if kept.sum() > 1:
        chi = (((pooled[0] - pooled[1])[kept]) ** 2 / pooled[1][kept]).sum()
        assert 1e-4 < stats.chi2.sf(chi, kept.sum() - 1) < 1 - 1e-4


@njit
def cumulated(p):
    out = np.zeros(len(p))
    for k in range(0, len(p), 8):
        store(out, k, cumulate(load(p, k)))
    return out


@pytest.mark.parametrize("n", [8, 16, 64, 72, 240, 512, 520, 5000])
def test_the_tree_finds_what_a_plain_search_finds(n):
    """The first block that ends beyond u · total, and in it the first outcome that does."""
    shots, key, number = 700, key_of(np.random.SeedSequence(n)), 5
    p = peaked(n, np.random.default_rng(n))
    inside = cumulated(p).reshape(-1, 8)
    ends = np.cumsum(inside[:, -1])
    state = np.array(words(key, number), dtype=np.uint64)
    target = (outputs(state, shots) >> np.uint64(12)) * 2.0**-52 * ends[-1]
    blocks = np.searchsorted(ends[:-1], target, side="right")
    left = target - np.concatenate([[0.0], ends])[blocks]
    places = 8 * blocks + np.count_nonzero(inside[blocks] <= left[:, None], axis=1)
    assert np.array_equal(draw_counts(p, shots, key, number), np.bincount(places, minlength=n))


@pytest.mark.parametrize("n", [5, 225, 5000])
def test_moments_are_those_of_the_same_draws(n):
    rng = np.random.default_rng(n)
    p, values = peaked(n, rng), 1e3 + rng.normal(size=n)
    key = key_of(np.random.SeedSequence(1))
    counts = draw_counts(p, 5 * n, key, 11)
    sums = np.zeros(-(-n // 8) * 8)
    sums[:n] = p
    mean, m2 = moments_of_draws(sums, values, 5 * n, key, 11, *draw_memory(len(sums) // 8))
    assert mean == pytest.approx(values @ counts / counts.sum(), rel=1e-14)
    assert m2 == pytest.approx(((values - mean) ** 2) @ counts, rel=1e-10)


def test_many_shots_go_by_a_multinomial(monkeypatch):
    p = np.array([0.2, 0.0, 0.5, 0.3])
    key = key_of(np.random.SeedSequence(1))
    n = 10**12
    counts = draw_counts(p, n, key, 0)
    assert counts.sum() == n
    assert counts[1] == 0
    np.testing.assert_allclose(counts / n, p, atol=1e-5)
    monkeypatch.setattr(draws_module, "_DRAWS_AN_OUTCOME", 10**9)
    one_by_one = draw_counts(p, 10**6, key, 0)
    np.testing.assert_allclose(one_by_one / 1e6, p, atol=4e-3)


@pytest.mark.parametrize("name", ["h2", "h4-chain", "lih"])
@pytest.mark.parametrize("each", [30, 20_000])
def test_points_do_not_depend_on_threads_or_on_how_states_are_made(name, each):
    h = build_hamiltonian(find_molecule(name))
    circuit = UCCSD().circuit(h)
    plan = basis_rotation_plan(h)
    x, y = np.random.default_rng(0).normal(size=(2, circuit.n_parameters)) * 0.3
    last = len(circuit.parametric) - 1
    points = [
        Point(x),
        *(Point(x, ((k, s),)) for k in range(min(6, last)) for s in (1.5, -0.5)),
        Point(y, ((last, 0.2), (0, 0.3), (last, 0.1))),
        Point(x, ((1, 0.4),)),
        Point(x.copy()),
    ]
    shots = np.full((len(points), len(plan.groups)), each)
    shots[1, 0] = 0
    seed = np.random.SeedSequence(4)
    program = SectorBackend(threads=1).compile(Problem(circuit, None, h, plan))
    table = program.sample(points, shots, seed)
    assert table[1][0].shots == 0
    assert np.unique(table.means[:, -1]).size > 1
    shared = SectorBackend(threads=3).compile(Problem(circuit, None, h, plan))
    again = shared.sample(points, shots, seed)
    assert again.means.tobytes() == table.means.tobytes()
    assert again.m2s.tobytes() == table.m2s.tobytes()
    sampler = program._plan_sampler.sampler
    states = (program.state(point) for point in points)
    one_by_one = sample_states(sampler, states, shots, key_of(seed))
    np.testing.assert_allclose(one_by_one.means, table.means, atol=1e-13)
    np.testing.assert_allclose(one_by_one.m2s, table.m2s, atol=1e-9)


def test_two_steps_draw_what_one_does():
    """Alpha strings first and beta strings in their rows: frequencies of all outcomes."""
    h = build_hamiltonian(find_molecule("h4-chain"))
    plan = basis_rotation_plan(h)
    psi = np.random.default_rng(5).normal(size=(6, 6))
    psi /= np.linalg.norm(psi)
    sampler, key = GivensSampler(plan.groups, h, Workers(2)), key_of(np.random.SeedSequence(6))
    for group in range(3):
        p = sampler.probabilities(psi, group)
        places = sampler._draw(psi, group, 200_000, key, group)
        assert len(places) == 200_000
        frequencies = np.bincount(places, minlength=len(p)) / 200_000
        z = (frequencies - p) / np.sqrt(np.maximum(p, 1e-12) / 200_000)
        assert np.abs(z).max() < 5
        assert np.array_equal(sampler._draw(psi, group, 200_000, key, group), places)


@pytest.mark.parametrize("n_outcomes", [1, 3, 5, 9, 20])
def test_no_draw_reaches_the_padding(n_outcomes):
    """Lanes are added in different orders: what is padding must not end an ulp later."""
    rng = np.random.default_rng(n_outcomes)
    for _ in range(50):
        p = np.zeros(-(-n_outcomes // 8) * 8)
        p[:n_outcomes] = rng.random(n_outcomes)
        sums = p.copy()
        counts, state = np.zeros(len(p), np.int64), np.zeros(4, np.uint64)
        draws_module.rows_of_draws(sums, 100, key_of(np.random.SeedSequence(1)), 0, state, counts)
        assert np.all(sums[n_outcomes:] == sums[n_outcomes - 1])
        assert counts[:n_outcomes].sum() == 100

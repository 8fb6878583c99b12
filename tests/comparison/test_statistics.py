"""The statistics of a comparison against SciPy, closed forms and hand-made cases."""

import inspect
import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from slow_cases import rest_slow

from qvopt.comparison.statistics.bootstrap import Resampler, bootstrap_interval
from qvopt.comparison.statistics.detectable import (
    detectable_shift,
    detectable_win_probability,
    smallest_p,
)
from qvopt.comparison.statistics.letters import compact_letters
from qvopt.comparison.statistics.paired import (
    average_ranks,
    differences,
    holm,
    signed_rank,
    win_probability,
)
from qvopt.comparison.statistics.profiles import (
    data_profile,
    empirical_distribution,
    performance_profile,
)
from qvopt.comparison.statistics.quantiles import median, quantile
from qvopt.comparison.statistics.ranking import rank_solvers
from qvopt.comparison.statistics.running_time import ert_interval, expected_running_time
from qvopt.comparison.statistics.wilson import wilson_interval
from qvopt_molecules.errors import InputError

INF = np.inf


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (15, 30), (29, 30), (30, 30), (3, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_scipys(k, n, confidence):
    theirs = scipy.stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    np.testing.assert_allclose(wilson_interval(k, n, confidence), theirs, atol=1e-12)


def test_wilson_refuses_what_cannot_be():
    assert wilson_interval(0, 0) == (0, 1)
    with pytest.raises(InputError, match="within 0 and 3"):
        wilson_interval(4, 3)


@given(arrays(float, st.integers(1, 12), elements=st.floats(-1e6, 1e6)), st.floats(0, 1))
def test_quantiles_of_numbers_are_numpys(values, q):
    np.testing.assert_allclose(quantile(values, q), np.quantile(values, q), rtol=1e-9, atol=1e-9)


def test_quantiles_of_infinities():
    assert median([1.0, INF]) == INF
    assert median([1.0, 2.0, INF]) == 2
    assert median([INF, INF]) == INF
    assert quantile([1.0, 2.0, 3.0, 4.0, INF], [0.25, 0.5, 0.75]).tolist() == [2, 3, 4]
    assert np.isnan(median([]))
    table = np.array([[1.0, INF], [3.0, 5.0]])
    assert quantile(table, [0, 1], axis=0).tolist() == [[1, 5], [3, INF]]


def bernoulli_runs(rng, p, n):
    """Runs that succeed with probability p after exponential times, or fail after 4000 shots."""
    hit = rng.random(n) < p
    return np.where(hit, rng.exponential(1000, n), 4000.0), hit, 1000 + (1 - p) / p * 4000


@pytest.mark.parametrize("case", rest_slow(["median", "mean", "ert"], ["median"]))
def test_bootstrap_covers_95_percent(case):
    """Of 1200 intervals: right ones fail once in 700 times, those of 90 % pass once in 4000."""
    rng, draws = np.random.default_rng(1), Resampler(resamples=1000)
    covered, trials, n = 0, 1200, 60
    for _ in range(trials):
        if case == "median":
            x, truth = rng.lognormal(size=n), 1.0
            found = bootstrap_interval(lambda rows, x=x: median(x[rows]), n, draws)
        elif case == "mean":
            x, truth = rng.exponential(size=n), 1.0
            found = bootstrap_interval(
                lambda rows, x=x: x[rows].mean(axis=-1), n, draws, method="bca"
            )
        else:
            cost, hit, truth = bernoulli_runs(rng, 0.6, n)
            found = ert_interval(cost, hit, draws)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / trials <= 0.97


def test_bca_is_scipys():
    x = np.random.default_rng(2).exponential(size=50)
    ours = bootstrap_interval(
        lambda rows: x[rows].mean(axis=-1), 50, Resampler(resamples=50_000), method="bca"
    )
    seed = "rng" if "rng" in inspect.signature(scipy.stats.bootstrap).parameters else "random_state"
    theirs = scipy.stats.bootstrap(
        (x,), np.mean, n_resamples=50_000, method="BCa", **{seed: np.random.default_rng(3)}
    ).confidence_interval
    np.testing.assert_allclose(ours, theirs, rtol=0.01)


def test_bootstrap_of_failures_and_of_one():
    draws = Resampler()
    x = np.array([1.0, 2.0, INF, INF])
    found = bootstrap_interval(lambda rows: median(x[rows]), 4, draws)
    assert found.low >= 1
    assert found.high == INF
    assert bootstrap_interval(lambda rows: median(x[rows]), 1, draws) == (-INF, INF)
    again = bootstrap_interval(lambda rows: median(x[rows]), 4, Resampler())
    assert again == found


def test_expected_running_time_of_geometric_trials():
    """Fail with q at cost c, else succeed at cost c: restarts are geometric, c/p in the mean."""
    rng = np.random.default_rng(4)
    for p in (0.1, 0.5, 0.9):
        hit = rng.random(200_000) < p
        assert expected_running_time(np.full(len(hit), 50.0), hit) == pytest.approx(
            50 / p, rel=0.02
        )
    cost, hit, truth = bernoulli_runs(rng, 0.3, 200_000)
    assert expected_running_time(cost, hit) == pytest.approx(truth, rel=0.02)


def test_expected_running_time_by_hand():
    assert expected_running_time([10, 20, 100], [True, True, False]) == 65
    assert expected_running_time([10, 20], [False, False]) == INF
    assert ert_interval([10, 20], [False, False], Resampler()) == (30, INF)


def test_empirical_distribution_counts_failures():
    steps = empirical_distribution([3, 1, INF, 1])
    assert steps.at([0.5, 1, 2.9, 3, 1e9]).tolist() == [0, 0.5, 0.5, 0.75, 0.75]


def test_performance_profile_by_hand():
    """Dolan and Moré: three instances, two solvers, one failure, one tie."""
    costs = [[10, 20], [40, 10], [5, 5], [7, INF], [INF, INF]]
    a, b = performance_profile(costs)
    assert a.at([1, 2, 4]).tolist() == pytest.approx([0.6, 0.6, 0.8])
    assert b.at([1, 2, 4]).tolist() == pytest.approx([0.4, 0.6, 0.6])
    free, paid = performance_profile([[0, 5]])
    assert free.at(1) == 1
    assert paid.at(1e300) == 0


def test_data_profile_by_hand():
    a, b = data_profile([[10, 30], [200, INF]], unit=[10, 100])
    assert a.at([0.9, 1, 2]).tolist() == [0, 0.5, 1]
    assert b.at([2.9, 3, 1e6]).tolist() == [0, 0.5, 0.5]


@given(arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(0, 4)))
def test_average_ranks_are_scipys(values):
    np.testing.assert_array_equal(average_ranks(values), scipy.stats.rankdata(values, axis=-1))


def test_average_ranks_of_infinities():
    assert average_ranks([INF, 1.0, INF, 0.0]).tolist() == [3.5, 2, 3.5, 1]


@pytest.mark.parametrize("n", [1, 5, 12, 30, 50])
def test_signed_rank_is_scipys_exact(n):
    for seed in range(5):
        d = np.random.default_rng(seed).normal(0.3, size=n)
        theirs = scipy.stats.wilcoxon(d, method="exact").pvalue
        assert signed_rank(d) == pytest.approx(theirs, rel=1e-9)


def by_enumeration(d):
    """The two-sided p-value over all signs of the ranks, the definition itself."""
    d = np.asarray(d)[np.asarray(d) != 0]
    ranks = scipy.stats.rankdata(np.abs(d))
    total = ranks.sum()
    low = min(ranks[d > 0].sum(), ranks[d < 0].sum())
    sums = [sum(c) for c in itertools.product(*[(0.0, r) for r in ranks])]
    return min(1.0, np.mean([s <= low or s >= total - low for s in sums]))


@settings(deadline=None)
@given(arrays(float, st.integers(1, 10), elements=st.integers(-3, 3)))
def test_signed_rank_is_exact_with_ties_and_zeros(d):
    expected = by_enumeration(d) if np.any(d) else 1.0
    # Twice a one-sided tail counts the middle value twice, and is capped at one.
    assert signed_rank(d) == pytest.approx(expected, abs=1e-12)


def test_signed_rank_of_infinities_takes_them_as_the_largest():
    finite = [1.0, -2.0, 3.0, 1e9, -1e9, 1e9]
    infinite = [1.0, -2.0, 3.0, INF, -INF, INF]
    assert signed_rank(infinite) == signed_rank(finite)


def test_signed_rank_of_many_is_scipys_approximation():
    d = np.round(np.random.default_rng(0).normal(0.1, size=400), 1)
    theirs = scipy.stats.wilcoxon(d, method="approx", correction=True).pvalue
    assert signed_rank(d) == pytest.approx(theirs, rel=1e-6)


def test_signed_rank_is_uniform_under_the_null():
    rng = np.random.default_rng(5)
    p = np.array([signed_rank(rng.normal(size=30)) for _ in range(2000)])
    assert abs(np.mean(p <= 0.05) - 0.05) < 0.02
    assert smallest_p(5) > 0.05 > smallest_p(6)
    assert signed_rank([1.0] * 6) == smallest_p(6)


def test_holm_by_hand_and_its_error_rate():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert len(holm([])) == 0
    rng = np.random.default_rng(6)
    false = [np.any(holm(rng.random(20)) <= 0.05) for _ in range(4000)]
    assert np.mean(false) < 0.06
    naive = [np.any(rng.random(20) <= 0.05) for _ in range(4000)]
    assert np.mean(naive) > 0.5


def test_win_probability_by_hand():
    assert win_probability([1, 2, 3, INF], [2, 2, 1, INF]) == 0.5
    assert win_probability([1, 1, INF], [2, INF, 5]) == pytest.approx(2 / 3)
    assert np.isnan(win_probability([], []))
    assert differences([INF, 1, INF], [INF, INF, 1]).tolist() == [0, -INF, INF]


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 7), st.integers(0, 2**32))
def test_letters_are_shared_exactly_by_those_not_told_apart(n, seed):
    upper = np.triu(np.random.default_rng(seed).random((n, n)) < 0.5, 1)
    apart = upper | upper.T
    letters = compact_letters(apart)
    for i, j in itertools.combinations(range(n), 2):
        assert bool(set(letters[i]) & set(letters[j])) == (not apart[i, j])
    assert all(letters)


def test_letters_of_a_chain_read_a_ab_b():
    apart = np.zeros((3, 3), dtype=bool)
    apart[0, 2] = apart[2, 0] = True
    assert compact_letters(apart) == ["a", "ab", "b"]
    assert compact_letters(np.zeros((3, 3))) == ["a", "a", "a"]


def equal_solvers(rng, blocks, m):
    return [rng.normal(size=(blocks, m)) for _ in range(2)]


def test_strata_are_ranked_each_on_their_own():
    rng = np.random.default_rng(11)
    d = rng.normal(size=9)
    assert signed_rank(d) == pytest.approx(scipy.stats.wilcoxon(d, method="exact").pvalue)
    # A problem of another scale counts the same; one without a difference counts nothing.
    a, b = rng.normal(size=6), rng.normal(size=5)
    assert signed_rank(a, 1e6 * b) == signed_rank(a, b) == signed_rank(b, a, np.zeros(4))
    ranks = np.concatenate([scipy.stats.rankdata(np.abs(x)) for x in (a, b)])
    signs = np.array(list(itertools.product([0, 1], repeat=11)))
    sums = np.minimum(signs @ ranks, (1 - signs) @ ranks)
    found = ranks[np.concatenate([a, b]) > 0].sum()
    assert signed_rank(a, b) == pytest.approx(np.mean(sums <= min(found, ranks.sum() - found)))


def test_ranking_finds_the_order_and_its_groups():
    rng = np.random.default_rng(8)
    quality = np.array([3.0, 0.0, 0.05, 10.0])  # the second and third are nearly alike
    scores = [rng.normal(size=(30, 4)) + quality for _ in range(3)]
    scores[0][4, 3] = INF
    found = rank_solvers(scores, Resampler())
    assert found.blocks == 90
    assert found.mean.argmin() in (1, 2)
    assert found.mean.argmax() == 3
    assert ((found.low <= found.mean) & (found.mean <= found.high)).all()


def test_mean_rank_intervals_cover():
    rng, draws = np.random.default_rng(9), Resampler(resamples=500)
    inside = []
    for _ in range(500):
        found = rank_solvers(equal_solvers(rng, 15, 5), draws)
        inside.append((found.low <= 3) & (found.high >= 3))
    assert 0.92 <= np.mean(inside) <= 0.98


def test_ranking_of_nothing_is_empty():
    assert rank_solvers([], Resampler()).blocks == 0
    assert rank_solvers([np.zeros((0, 3))], Resampler()).blocks == 0


@pytest.mark.slow
def test_detectable_effects_are_detected_with_the_power_stated():
    rng, n = np.random.default_rng(10), 30
    shift = detectable_shift(rng.normal(size=100_000)[:n] * 0 + rng.normal(size=n))
    assert shift == pytest.approx(0.52, abs=0.15)
    exact = (1.959964 + 0.841621) / np.sqrt(3 / np.pi * n)
    power = np.mean([signed_rank(rng.normal(exact, size=n)) <= 0.05 for _ in range(2000)])
    assert power == pytest.approx(0.8, abs=0.04)
    p = detectable_win_probability(n)
    wins = rng.binomial(n, p, size=4000)
    found = [scipy.stats.binomtest(int(k), n).pvalue <= 0.05 for k in wins[:1000]]
    assert np.mean(found) == pytest.approx(0.8, abs=0.1)
    assert detectable_win_probability(5) == 1
    assert detectable_shift([1.0, 2.0]) == INF
    assert detectable_win_probability(30, tests=66) > p

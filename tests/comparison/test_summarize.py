"""What a comparison says of runs whose story is known."""

from dataclasses import replace

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt.comparison.outcomes import RunOutcome
from qvopt.comparison.statistics.bootstrap import Resampler
from qvopt.comparison.summarize import summarize
from qvopt_molecules.errors import InputError


def run(optimizer, seed, error, *, problem="h2", status="max-steps", final=None, budget=1000):
    error = np.asarray(error, dtype=float)
    shots = np.arange(len(error), dtype=np.int64) * 100
    last = float(error[-1]) if final is None and len(error) else final
    return RunOutcome(
        problem, optimizer, seed, status, budget, shots, error, last, last, 1e-4,
        {"gradient": int(shots[-1]) if len(error) else 0},
    )  # fmt: skip


def test_targets_by_hand():
    outcomes = [
        run("a", 0, [0.1, 0.01, 0.001]),
        run("a", 1, [0.1, 0.001]),
        run("a", 2, [0.1, 0.1, 0.1, 0.1]),
        run("a", 3, [0.1], status="crashed"),
    ]
    (row,) = summarize(outcomes, [0.002]).at_targets
    assert (row.runs, row.successes, row.rate) == (4, 2, 0.5)
    # 200 and 100 shots of the successes, 300 of the failure, the crash its whole budget.
    assert row.ert == (200 + 100 + 300 + 1000) / 2
    assert row.quartiles == (175, np.inf, np.inf)


def test_a_round_cut_short_by_the_budget_is_charged():
    cut = replace(run("a", 0, [0.1]), status="budget", spent={"energy": 700, "final": 50})
    (row,) = summarize([cut, run("a", 1, [0.1, 0.001])], [0.002]).at_targets
    assert row.ert == 750 + 100


def test_shots_past_the_budget_are_no_success():
    (row,) = summarize([run("a", 0, [0.1, 0.1, 0.001], budget=150)], [0.002]).at_targets
    assert row.successes == 0


def test_failures_count_in_the_final_error():
    outcomes = [run("a", s, [0.1, 0.01 * (s + 1)]) for s in range(3)]
    outcomes += [run("a", 3, [0.1, 0.2], status="diverged", final=None)]
    outcomes += [run("a", 4, [0.1, 1e-9], status="crashed")]
    outcomes += [replace(run("a", 5, [0.1, 0.1]), final_error=float("nan"))]
    (row,) = summarize(outcomes, [0.002]).at_end
    assert (row.runs, row.diverged, row.crashed) == (6, 1, 1)
    assert row.error == pytest.approx((0.03 + 0.2) / 2)
    assert row.quartiles[2] == np.inf


def test_pairs_are_seeds_of_one_problem():
    rng = np.random.default_rng(0)
    level = rng.lognormal(sigma=3, size=12)  # seeds differ wildly, the optimizers by 10 %
    outcomes = [
        run(name, s, [1.0, scale * level[s]])
        for name, scale in (("good", 1.0), ("bad", 1.1))
        for s in range(12)
    ]
    summary = summarize(outcomes)
    (test,) = summary.tests
    assert (test.pairs, test.probability) == (12, 1.0)
    assert test.p == test.corrected == pytest.approx(2.0**-11)
    assert [r.optimizer for r in summary.ranking] == ["good", "bad"]
    assert [r.letters for r in summary.ranking] == ["a", "b"]
    assert summary.detectable[0].factor < 1.1
    assert summary.blocks == 12


def test_missing_seeds_and_cells_are_left_out_of_pairs():
    outcomes = [run("a", s, [1.0, 0.1]) for s in range(8)]
    outcomes += [run("b", s, [1.0, 0.2]) for s in range(4, 12)]
    outcomes += [run("a", s, [1.0, 0.1], problem="lih") for s in range(8)]
    summary = summarize(outcomes)
    assert summary.tests[0].pairs == 4
    assert summary.blocks == 4
    assert all(r.letters == "a" for r in summary.ranking)  # four seeds tell nothing
    assert {(r.problem, r.optimizer) for r in summary.at_end} == {
        ("h2", "a"), ("h2", "b"), ("lih", "a"),
    }  # fmt: skip


def test_the_same_runs_in_another_order_say_the_same():
    rng = np.random.default_rng(1)
    outcomes = [run(name, s, [1.0, rng.random()]) for name in ("a", "b", "c") for s in range(10)]
    first, again = summarize(outcomes), summarize(outcomes[:1] + outcomes[:0:-1])
    for kind in ("at_targets", "at_end"):
        assert set(map(str, getattr(first, kind))) == set(map(str, getattr(again, kind)))


def test_bad_input_is_named():
    with pytest.raises(InputError, match="no finished runs"):
        summarize([])
    with pytest.raises(InputError, match="two runs with seed 0"):
        summarize([run("a", 0, [1.0]), run("a", 0, [1.0])])
    with pytest.raises(InputError, match="positive errors"):
        summarize([run("a", 0, [1.0])], [])


def ranked_once(rng, optimizers, seeds, problems, shift=0.0, resampler=None):
    """A summary of optimizers whose final errors are drawn alike; `shift` favours the first."""
    outcomes = [
        run(f"o{k}", s, [1.0, float(np.exp(rng.normal() - shift * (k == 0)))], problem=f"p{p}")
        for p in range(problems)
        for k in range(optimizers)
        for s in range(seeds)
    ]
    return summarize(outcomes, [0.002], resampler or Resampler(resamples=10))


@pytest.mark.parametrize(
    ("optimizers", "seeds", "problems"),
    [
        (3, 6, 1),
        pytest.param(3, 7, 2, marks=pytest.mark.slow),
        pytest.param(4, 12, 1, marks=pytest.mark.slow),
        pytest.param(3, 30, 1, marks=pytest.mark.slow),
        pytest.param(5, 10, 3, marks=pytest.mark.slow),
    ],
)
def test_equal_optimizers_get_different_letters_in_at_most_5_percent(optimizers, seeds, problems):
    rng, trials = np.random.default_rng(seeds), 120
    draws = Resampler(resamples=10)
    false = 0
    for _ in range(trials):
        summary = ranked_once(rng, optimizers, seeds, problems, resampler=draws)
        false += len({r.letters for r in summary.ranking}) > 1
    assert false / trials <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize(
    ("problems", "shift"), rest_slow([(1, 0.7), (1, 1.5), (3, 0.4)], [(1, 0.7)])
)
def test_letters_are_the_corrected_tests(problems, shift):
    rng, different = np.random.default_rng(3), 0
    for _ in range(20):
        summary = ranked_once(rng, 5, 15, problems, shift)
        letters = {r.optimizer: set(r.letters) for r in summary.ranking}
        for test in summary.overall:
            assert (test.corrected <= 0.05) == letters[test.first].isdisjoint(letters[test.second])
            different += test.significant
        if problems == 1:
            assert [t.p for t in summary.overall] == [t.p for t in summary.tests]
            assert [t.corrected for t in summary.overall] == [t.corrected for t in summary.tests]
    assert different > 10

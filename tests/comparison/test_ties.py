"""Ties and targets that the start meets: nobody is called first where several are."""

from dataclasses import replace
from html import escape

import numpy as np
import pytest

from qvopt import compare
from qvopt.comparison.cautions import cautions
from qvopt.comparison.compare import load
from qvopt.comparison.grid import Grid
from qvopt.comparison.pictures.distributions import draw_profiles, draw_shots_to_target
from qvopt.comparison.pictures.style import Looks
from qvopt.comparison.planned_runs import entrants
from qvopt.comparison.report.findings import findings
from qvopt.comparison.report.tables import results_table, targets_table
from qvopt.comparison.summarize import summarize
from qvopt.comparison.sweep import Sweep


def starting_within(runs, seeds=None):
    """The runs with a start at 1 mHa, at least those of some seeds."""
    return [
        replace(r, error=np.concatenate([[1e-3], r.error[1:]]))
        if seeds is None or r.seed in seeds
        else r
        for r in runs
    ]


def test_nobody_is_first_at_a_target_that_the_start_meets(synthetic):
    summary = summarize(starting_within(synthetic(("H2",), 3, 6)), [1.6e-3, 1e-5])
    said = findings(summary)
    assert said[1:] == ["H2: the start is already within 1.6 mHa; this target ranks nothing there."]
    assert "18 of 18 runs start within 1.6 mHa" in results_table(summary, "H2", 1).caption
    assert "start within" not in targets_table(summary, "H2", 1).caption
    many = summarize(starting_within(synthetic(tuple("ABCDEFG"), 2, 6)), [1.6e-3])
    assert findings(many)[1:] == [
        "A, B, C, D, E, F and 1 more: the start is already within 1.6 mHa; this target ranks "
        "nothing there."
    ]


def test_some_starts_within_a_target_are_counted(synthetic):
    summary = summarize(starting_within(synthetic(("H2",), 2, 6), {0, 1}), [1.6e-3])
    assert "4 of 12 runs start within it already" in findings(summary)[1]


@pytest.mark.parametrize("problems", [("H2",), tuple("ABCDEFGH")])
def test_equal_costs_name_everyone(synthetic, problems):
    runs = synthetic(problems, 1, 6)
    twins = [*runs, *(replace(r, optimizer="twin") for r in runs)]
    said = findings(summarize(twins, [1.6e-3]))
    assert said[0] == (
        "icans and twin share the lowest mean rank (1.50) by final true error: none is ahead of "
        "another."
    )
    if len(problems) == 1:
        assert "icans and twin reach 1.6 mHa at the same least expected cost" in said[1]
    else:
        assert "icans on 8 and twin on 8 (ties count for each)" in said[1]


def test_one_optimizer_beats_nobody(synthetic):
    assert "nothing to rank" in findings(summarize(synthetic(("H2",), 1, 6)))[0]


def test_profiles_leave_out_instances_that_the_start_solves(synthetic):
    some = starting_within(synthetic(("H2",), 2, 6), {0, 1})
    for runs, words in ((some, "Of 6 instances 2 are left out"), (starting_within(some), "6 are")):
        grid, summary = Grid(runs), summarize(runs, [1.6e-3])
        picture = draw_profiles(grid, summary, Looks(summary.order))
        assert words in picture.caption
    assert "Every start is within the target" in picture.alt
    assert "100%" not in picture.alt
    reached = draw_shots_to_target(grid, summary, Looks(summary.order))
    assert "12 of 12 runs start within 1.6 mHa, at 0 shots" in reached.caption


def test_cautions_name_targets_that_the_start_meets_and_budgets_of_few_steps(small):
    sweep = Sweep.prepare(small(targets=[1.6, 50.0]), None)
    (problem,) = sweep.problems
    assert problem.start_error == pytest.approx(0.0202, abs=2e-4)  # Hartree-Fock of H2
    said = sweep.cautions()
    assert said[0] == "h2: the start is already within 50 mHa; this target ranks nothing there."
    few = small(budget=3000, optimizers=["adam", "spsa", "cma-es"], targets=[1.6])
    lines = Sweep.prepare(few, None).cautions()
    assert all(t.startswith("h2: a budget of 3,000 shots pays about ") for t in lines)
    assert "steps of adam" in "".join(lines)
    assert "of cma-es" in "".join(lines)
    assert "spsa" not in "".join(lines)
    enough = small(budget=100_000, targets=[1.6])
    assert Sweep.prepare(enough, None).cautions() == []


def test_a_drawn_start_counts_if_all_that_are_looked_at_do(small):
    drawn = {"molecule": "h2", "ansatz": {"name": "uccgsd", "spread": 1e-6}}
    spec = small(problems=[drawn], targets=[1.6, 30.0], budget=1_000_000)
    sweep = Sweep.prepare(spec, None)
    assert "within 30 mHa" in sweep.cautions()[0]
    unknown = [replace(p, start_error=None) for p in sweep.problems]
    assert cautions(spec, unknown, entrants(spec, unknown)) == []


def test_what_compare_returns_says_its_cautions(tmp_path):
    few = compare(
        problems=["h2"], optimizers=["adam"], shots=100, budget=4000, seeds=1, workers=1,
        out=tmp_path / "few",
    )  # fmt: skip
    (sentence,) = few.cautions
    assert sentence.startswith("h2: a budget of 4,000 shots pays about ")
    assert sentence in repr(few)
    assert escape(sentence) in few._repr_html_()
    assert load(tmp_path / "few").cautions == [sentence]
    enough = few.comparison.about | {"cautions": []}
    said = replace(few, comparison=replace(few.comparison, about=enough))
    assert sentence not in repr(said)

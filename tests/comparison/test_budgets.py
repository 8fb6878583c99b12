"""Budgets in several units, swept in one file, and what they pay."""

import pytest

from qvopt import compare
from qvopt.comparison.budgets import RunBudget
from qvopt.comparison.problem_data import read_comparison
from qvopt.comparison.report.about import problems_table
from qvopt.comparison.report.tables import results_table
from qvopt.comparison.specification import make_comparison
from qvopt.comparison.sweep import Sweep
from qvopt_molecules.errors import InputError

DATA = {
    "problems": [{"molecule": "h2"}],
    "optimizers": ["adam", "spsa"],
    "shots": 200,
    "budget": 10_000,
    "seeds": 2,
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A comparison over two budgets in shots and one in circuits."""
    budgets = [4_000, {"shots": 20_000}, {"circuits": 400}]
    folder = tmp_path_factory.mktemp("swept") / "c"
    return compare(DATA | {"budget": budgets}, out=folder, workers=1)


def test_a_file_sweeps_budgets(swept):
    runs = swept.runs
    names = ["h2 4,000 shots", "h2 20,000 shots", "h2 400 circuits"]
    assert list(runs.problem.unique()) == names
    assert list(swept.about["problems"]) == names
    spent = runs.groupby("problem").shots.max()
    assert spent["h2 4,000 shots"] <= 4_000 < spent["h2 20,000 shots"] <= 20_000
    errors = runs[runs.optimizer == "adam"].groupby("problem").error.median()
    assert errors["h2 20,000 shots"] < errors["h2 4,000 shots"]


def test_a_budget_in_circuits_caps_circuits(swept):
    groups = swept.about["problems"]["h2 400 circuits"]["groups"]
    runs = swept.runs[swept.runs.problem == "h2 400 circuits"]
    circuits = runs.shots / 200 * groups
    assert (circuits <= 400).all()
    gradient = swept.about["problems"]["h2 400 circuits"]["gradient_energies"]
    assert (circuits > 400 - (gradient + 3) * groups).all()  # and they are used
    # Where shots are not capped, the most that a run spent is what others are held against.
    assert (runs.budget == runs.shots.max()).all()


def test_the_report_says_what_the_budget_paid(swept):
    sizes = swept.about["problems"]["h2 4,000 shots"]
    ends = {(r.problem, r.optimizer): r for r in swept.summary.at_end}
    adam = ends["h2 4,000 shots", "adam"]
    assert adam.gradients == pytest.approx(4_000 / 200 / sizes["gradient_energies"])
    assert adam.steps <= adam.gradients
    assert adam.few_steps
    assert ends["h2 400 circuits", "adam"].gradients == pytest.approx(
        400 / sizes["groups"] / sizes["gradient_energies"]
    )
    assert not ends["h2 20,000 shots", "spsa"].few_steps
    table = results_table(swept.summary, "h2 4,000 shots", 1)
    row = next(row for row in table.rows if row[0] == "adam")
    assert row[:3] == ("adam", f"{adam.steps:g} †", f"{adam.gradients:.3g}")
    problems = problems_table(swept.about, swept.outcomes)
    assert [row[-2] for row in problems.rows] == ["4,000 shots", "20,000 shots", "400 circuits"]


def test_budgets_read_back_from_the_file(swept):
    data = read_comparison(swept.folder)
    assert data["budget"] == [4000, 20000, {"circuits": 400}]
    again = make_comparison(data)
    assert again.budget == (
        RunBudget(shots=4_000), RunBudget(shots=20_000), RunBudget(circuits=400)
    )  # fmt: skip
    assert make_comparison(DATA).document()["budget"] == 10_000


def test_one_budget_changes_no_name_of_a_run():
    plain = Sweep.prepare(make_comparison(DATA), None).runs("scored")
    table = Sweep.prepare(make_comparison(DATA | {"budget": [{"shots": 10_000}]}), None)
    assert [r.path for r in plain] == [r.path for r in table.runs("scored")]
    assert {r.problem.label for r in plain} == {"h2"}


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"jobs": 5}, "budget.jobs is what a vendor bills, and sector bills nothing"),
        ({"shots": 10_000, "qpu_seconds": 5}, "budget.qpu_seconds"),
        ({"circuits": 3}, "a budget of 3 circuits does not pay one step of adam"),
        ([10_000, 10_000], "two problems are called 'h2 10,000 shots'"),
    ],
)
def test_budgets_that_cannot_be_are_refused(budget, words):
    with pytest.raises(InputError) as caught:
        Sweep.prepare(make_comparison(DATA | {"budget": budget}), None)
    assert words in str(caught.value)


def test_budgets_in_words():
    assert RunBudget(shots=2_500_000).text() == "2,500,000 shots"
    assert RunBudget(shots=12_345, circuits=100).text() == "12,345 shots and 100 circuits"

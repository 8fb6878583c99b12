"""Whole numbers read alike in every option, file and call."""

import json

import pytest
from command_line import command_line

from qvopt import make_experiment
from qvopt.comparison.specification import make_comparison
from qvopt.experiment.budget_text import parse_budget
from qvopt.experiment.counts import parse_count
from qvopt_molecules.errors import InputError

SPELLINGS = ["2000", "2_000", "2e3", "2.0e3", 2000, 2e3, "2000 shots", "2e3 shots", " 2000shots "]
WRONG = ["", "two", "2.5", "1e-3", "2e3 eggs", "nan", "inf", "1e400", "0x10", "2 000", True]


@pytest.mark.parametrize("value", SPELLINGS)
def test_one_number_many_spellings(value):
    assert parse_count(value, "shots") == 2000
    assert make_experiment({"molecule": "h2", "shots": value}).measurement.shots == 2000
    budget = make_experiment({"molecule": "h2", "shots": 10, "budget": {"shots": value}}).budget
    assert budget.shots == 2000
    spec = make_comparison({"problems": [{"molecule": "h2"}], "optimizers": ["adam"],
                            "shots": value, "budget": value})  # fmt: skip
    assert spec.budget[0].shots == 2000
    assert spec.shots == (2000,)


@pytest.mark.parametrize("value", WRONG)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(InputError):
        parse_count(value, "shots")
    with pytest.raises(InputError, match="shots"):
        make_experiment({"molecule": "h2", "shots": value})


def test_large_numbers_stay_exact():
    assert parse_count("9007199254740993") == 9007199254740993  # no float on the way


@pytest.mark.parametrize("text", ["1e6 shots", "1_000_000 shots", "1000000 shots"])
def test_budgets_in_words_are_the_same_for_runs_and_comparisons(text):
    assert parse_budget(text) == {"shots": 1_000_000}
    plain = {"problems": [{"molecule": "h2"}], "optimizers": ["adam"]}
    assert make_comparison(plain | {"budget": text}) == make_comparison(plain | {"budget": 10**6})
    both = make_comparison(plain | {"budget": "1e6 shots, 200 circuits"})
    assert both.budget[0].caps() == {"shots": 10**6, "circuits": 200}


@pytest.mark.parametrize("text", ["2000", "2e3", "2_000", "2000 shots"])
def test_options_of_commands(text, tmp_path):
    done = command_line("run", "h2", "--shots", text, "--budget-shots", "1e6", "--max-steps", "1e0",
                        "--final-shots", text,
                        "--seed", "1_1", "--json", "-q", "--out", "r", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["shots"] == 2000 * 12 + 3 * 2000
    import tomllib

    written = tomllib.loads((tmp_path / "r" / "experiment.toml").read_text())
    assert written["measurement"]["shots"] == 2000
    assert written["seed"] == 11
    assert written["budget"]["shots"] == 10**6

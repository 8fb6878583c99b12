"""A comparison's file: what it means, and what is said of mistakes."""

import tomllib
from pathlib import Path

import pytest

from qvopt.comparison.planned_runs import entrants, scored_runs, trial_runs
from qvopt.comparison.problem_data import read_comparison
from qvopt.comparison.problems import ProblemStore, prepare_problems
from qvopt.comparison.spaces import SPACES, search_space, trial_options
from qvopt.comparison.specification import EntrantSpec, make_comparison
from qvopt.optimizers.registry import describe
from qvopt_molecules.errors import InputError

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "compare").glob("*.toml"))
GOOD = {"problems": [{"molecule": "h2"}], "optimizers": ["adam"], "budget": 100_000}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"budgt": 1}, "unknown comparison key 'budgt'; did you mean 'budget'"),
        ({"problems": [{"molecul": "h2"}]}, "unknown key in [problems.0] 'molecul'; did you mean"),
        ({"problems": []}, "problems:"),
        ({"problems": [{"molecule": "h2", "reference": "ccsd"}]}, "'fci', 'ansatz' or an energy"),
        ({"problems": [{"molecule": "h2", "measurement": {"shots": 1}}]}, "use shots"),
        ({"budget": -1}, "budget.0.shots: input should be greater than 0, got -1"),
        ({"budget": []}, "budget:"),
        ({"budget": {"shot": 5}}, "unknown key in [budget.0] 'shot'; did you mean 'shots'"),
        ({"budget": [{}]}, "a budget needs a cap: shots, circuits, jobs, qpu_seconds"),
        ({"tuning": {"budget": [1, 2]}}, "tuning.budget:"),
        ({"seeds": 0}, "seeds:"),
        ({"shots": [100, 0]}, "shots.1:"),
        ({"targets": []}, "targets:"),
        ({"optimizers": [{"name": "adam", "search": {"learning_rate": [1]}}]}, "tuned = true"),
        (
            {
                "optimizers": [
                    {"name": "adam", "tuned": True, "search": {"b1": {"low": 2, "high": 1}}}
                ]
            },
            "low must be below high",
        ),
        ({"tuning": {"trails": 4}}, "unknown key in [tuning] 'trails'; did you mean 'trials'"),
        ({"tuning": {"problems": [{"molecules": "h2"}]}}, "[tuning.problems.0] 'molecules'"),
    ],
)
def test_mistakes_are_said_in_one_line(change, words):
    with pytest.raises(InputError) as caught:
        make_comparison(GOOD | change)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizers": ["adm"]}, "did you mean 'adam'"),
        ({"optimizers": [{"name": "adam", "rate": 1}]}, "hyper-parameter of adam 'rate'"),
        ({"optimizers": ["adam", "adam"]}, "two optimizers are called 'adam'"),
        ({"optimizers": [{"name": "adam", "tuned": True, "search": {"x": [1]}}]}, "'x'"),
        ({"optimizers": [{"name": "powell", "tuned": True, "tolerance": 1e-3}]}, "no usual range"),
        ({"problems": [{"molecule": "h22"}]}, "problem h22: "),
        ({"problems": [{"molecule": "h2"}, {"molecule": "h2"}]}, "two problems are called 'h2'"),
        ({"problems": [{"molecule": "h2", "backend": "sectr"}]}, "did you mean 'sector'"),
        ({"problems": [{"molecule": "h2", "ansatz": {"name": "uccsd", "x": 1}}]}, "problem h2"),
        ({"problems": [{"molecule": "h2", "mapping": "jw"}]}, "problem h2"),
        ({"shots": 2}, "problem h2: "),
    ],
)
def test_what_cannot_run_is_found_before_anything_runs(change, words):
    spec = make_comparison(GOOD | change)
    with pytest.raises(InputError) as caught:
        entrants(spec, prepare_problems(spec.problems, ProblemStore(None), spec.shots, spec.budget))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_read_back_the_same(path):
    spec = make_comparison(read_comparison(path))
    optimizers, seeds = {
        "fewest_shots": (9, 30), "noisy_devices": (8, 3), "conditions": (8, 8), "parts": (8, 6),
    }.get(path.stem, (12, 30))  # fmt: skip
    assert len(spec.optimizers) >= optimizers
    assert spec.seeds == seeds
    assert make_comparison(tomllib.loads(spec.toml())) == spec


def test_the_file_of_a_folder_searches_what_the_first_one_did():
    """TOML has lists before tables: the order of hyper-parameters must not decide what is tried.

    A comparison that searched both kinds did not find its runs again.
    """
    search = {"learning_rate": {"low": 0.01, "high": 0.1}, "shots": [100, 300, 1000],
              "b1": {"low": 0.5, "high": 0.9}, "schedule": ["constant", "cosine"]}  # fmt: skip
    entrant = {"name": "adam", "tuned": True, "search": search}
    spec = make_comparison({"problems": ["h2"], "optimizers": [entrant], "budget": 10_000})
    read = make_comparison(tomllib.loads(spec.toml()))
    assert list(read.optimizers[0].search) != list(spec.optimizers[0].search)
    assert trial_options(read.optimizers[0], 8) == trial_options(spec.optimizers[0], 8)


def test_lists_are_expanded_all_with_all():
    spec = make_comparison(
        GOOD
        | {
            "problems": [
                {
                    "molecule": [{"name": "h2", "set": {"bond": [0.7, 1.5]}}, "h3+"],
                    "ansatz": ["uccsd", {"name": "uccsd", "spin_adapted": True}],
                },
                {"molecule": "h2", "label": "small"},
            ]
        }
    )
    problems = prepare_problems(spec.problems, ProblemStore(None), spec.shots, spec.budget)
    assert [p.label for p in problems] == [
        "h2 bond=0.7 uccsd",
        "h2 bond=0.7 uccsd spin_adapted=True",
        "h2 bond=1.5 uccsd",
        "h2 bond=1.5 uccsd spin_adapted=True",
        "h3+ uccsd",
        "h3+ uccsd spin_adapted=True",
        "small",
    ]
    assert problems[0].integrals == problems[1].integrals != problems[2].integrals


def test_optimizers_share_seeds_and_budgets():
    spec = make_comparison(GOOD | {"optimizers": ["adam", "spsa"], "seeds": 3, "first_seed": 7})
    problems = prepare_problems(spec.problems, ProblemStore(None), spec.shots, spec.budget)
    runs = list(scored_runs(spec, problems, entrants(spec, problems), {}))
    seeds = {
        name: [r.experiment.seed for r in runs if r.optimizer == name] for name in ("adam", "spsa")
    }
    assert seeds["adam"] == seeds["spsa"] == [7, 8, 9]
    assert {r.experiment.budget.shots for r in runs} == {100_000}
    assert len({r.path for r in runs}) == 6


def test_each_policy_of_shots_takes_part():
    spec = make_comparison(
        GOOD | {"shots": [100, 1000], "optimizers": ["adam", {"name": "spsa", "shots": 50}]}
    )
    problems = prepare_problems(spec.problems, ProblemStore(None), spec.shots, spec.budget)
    who = entrants(spec, problems)
    assert [e.label for e in who] == ["adam @100", "adam @1000", "spsa"]
    shots = {
        r.optimizer: r.experiment.measurement.shots for r in scored_runs(spec, problems, who, {})
    }
    assert shots == {"adam @100": 100, "adam @1000": 1000, "spsa": 50}


def test_a_name_is_of_the_content():
    def names(**change):
        spec = make_comparison(GOOD | {"seeds": 1} | change)
        problems = prepare_problems(spec.problems, ProblemStore(None), spec.shots, spec.budget)
        return [r.path for r in scored_runs(spec, problems, entrants(spec, problems), {})]

    assert names() == names(title="another", targets=[5.0])
    assert names() == names(optimizers=[{"name": "adam", "label": "another"}])
    others = [
        names(budget=200_000),
        names(shots=500),
        names(first_seed=1),
        names(optimizers=[{"name": "adam", "learning_rate": 0.01}]),
        names(problems=[{"molecule": {"name": "h2", "set": {"bond": 0.8}}}]),
    ]
    assert len({names()[0], *(other[0] for other in others)}) == 6


def test_the_search_is_the_same_effort_for_all_on_seeds_of_its_own():
    who = [{"name": "adam", "tuned": True}, {"name": "spsa", "tuned": True}, "cobyla"]
    spec = make_comparison(
        GOOD
        | {
            "optimizers": who,
            "tuning": {"trials": 5, "seeds": 2, "problems": [{"molecule": "h3+"}]},
        }
    )
    practice = prepare_problems(spec.tuning.problems, ProblemStore(None), spec.shots, spec.budget)
    problems = prepare_problems(spec.problems, ProblemStore(None), spec.shots, spec.budget)
    trials = list(trial_runs(spec, practice, entrants(spec, problems)))
    counts = {n: sum(r.optimizer == n for r in trials) for n in ("adam", "spsa", "cobyla")}
    assert counts == {"adam": 10, "spsa": 10, "cobyla": 0}
    scored = {r.experiment.seed for r in scored_runs(spec, problems, entrants(spec, problems), {})}
    assert not scored & {r.experiment.seed for r in trials}
    assert {r.problem.label for r in trials} == {"h3+"}


@pytest.mark.parametrize("name", sorted(SPACES))
def test_usual_ranges_are_of_hyper_parameters_that_there_are(name):
    entrant = EntrantSpec(name=name, tuned=True)
    for key in search_space(entrant):
        assert key in describe(name).defaults


def test_trials_cover_the_range_and_begin_with_the_defaults():
    entrant = EntrantSpec(
        name="adam", tuned=True, b1=0.8, search={"learning_rate": {"low": 1e-3, "high": 1.0}}
    )
    trials = trial_options(entrant, 10)
    assert trials == trial_options(entrant, 10)
    assert trials[0] == {"b1": 0.8}
    rates = sorted(t["learning_rate"] for t in trials[1:])
    # One in each ninth of the logarithmic range, to the rounding.
    for k, rate in enumerate(rates):
        assert 10 ** (-3 + k / 3) * 0.99 <= rate <= 10 ** (-3 + (k + 1) / 3) * 1.01


@pytest.mark.parametrize("key", ["molecule", "ansatz", "backend", "mapping", "shots", "budget"])
def test_an_empty_list_of_a_problem_is_refused_and_drops_no_problem(key):
    data = {"problems": [{"molecule": "h2", key: []}], "optimizers": ["adam"], "budget": 3000}
    with pytest.raises(InputError, match=rf"problems\.0\.{key}: .*at least 1"):
        make_comparison(data)


@pytest.mark.parametrize("key", ["problems", "optimizers", "shots", "budget", "targets"])
def test_an_empty_list_of_a_comparison_is_refused(key):
    data = {"problems": ["h2"], "optimizers": ["adam"], "budget": 3000, key: []}
    with pytest.raises(InputError, match=rf"{key}: .*at least 1"):
        make_comparison(data)

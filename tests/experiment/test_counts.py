"""Whole numbers read alike in every option, file and call."""

import json

import pytest
from command_line import command_line
from slow_cases import rest_slow

from qvopt import diagonalize, make_experiment, run, run_properties
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


@pytest.mark.parametrize(
    ("path", "value"),
    [("seed", 2000), ("max_steps", 2000), ("measurement.shots", 2000),
     ("measurement.final_shots", 2000), ("budget.shots", 2000), ("budget.circuits", 2000),
     ("budget.evaluations", 2000), ("stopping.gradient", 2000), ("stopping.plateau", 2000),
     ("mitigation.readout.shots", 2000), ("mitigation.readout.every", 2000),
     ("mitigation.reference.shots", 2000), ("molecule.charge", 2000), ("molecule.spin", 2000),
     ("molecule.active_space.electrons", 2000), ("molecule.active_space.n_orbitals", 2000),
     ("molecule.active_space.frozen_core", 2000)],
)  # fmt: skip
@pytest.mark.parametrize("text", ["2_000", "2e3", 2e3])
def test_every_count_of_an_experiment(path, value, text):
    data = {"molecule": {"name": "h2"}}
    place = data
    *tables, key = path.split(".")
    for table in tables:
        place = place.setdefault(table, {})
    place[key] = text
    read = make_experiment(data).model_dump()
    for name in path.split("."):
        read = read[name]
    assert read == value
    assert type(read) is int


def test_counts_of_optimizers_ansaetze_and_backends():
    from qvopt.backends.catalogue import get_backend
    from qvopt.optimizers.registry import get_optimizer
    from qvopt_circuits.catalogue import get_ansatz

    least = run("h2", shots=100, max_steps=1, optimizer={"name": "icans", "min_shots": 10})
    for text in ("1e1", "1_0", 1e1):
        made = run("h2", shots=100, max_steps=1, optimizer={"name": "icans", "min_shots": text})
        assert made.shots == least.shots
        assert get_ansatz("hardware-efficient", layers=text) == get_ansatz(
            "hardware-efficient", layers=10
        )
    assert get_backend("sector", threads="2").name == "sector"
    for wrong in ("two", 2.5, True, "2.5"):
        with pytest.raises(InputError, match="whole number"):
            get_optimizer("icans", min_shots=wrong)


def test_a_budget_is_a_number_a_text_or_a_table():
    for budget in (1_000_000, 1e6, "1e6", "1_000_000", "1e6 shots", {"shots": "1e6"}):
        data = {"molecule": "h2", "shots": 10, "budget": budget}
        assert make_experiment(data).budget.shots == 10**6
        assert run("h2", shots=10, optimizer="spsa", max_steps=3, budget=40).status == "budget"
    words = make_experiment({"molecule": "h2", "budget": "20 QPU-min, 5 EUR"}).budget
    assert (words.qpu_seconds, words.money, words.currency) == (1200.0, 5.0, "EUR")
    with pytest.raises(InputError, match="budget"):
        make_experiment({"molecule": "h2", "budget": "lots"})


def test_no_option_of_a_command_reads_counts_in_a_way_of_its_own():
    from typer.main import get_command

    from qvopt.cli.app import app
    from qvopt.cli.commands import register

    register()
    commands, counts = get_command(app).commands, []
    assert len(commands) > 15
    for name, command in commands.items():
        for parameter in command.params:
            declared = getattr(parameter, "type_descriptor", None)
            if declared is not None and declared.annotation is int:
                assert declared.parameter_info.parser is not None, f"{name}: {parameter.name}"
                counts.append(parameter.name)
    parameters = (p for command in commands.values() for p in command.params)
    if all(getattr(p, "type_descriptor", None) is None for p in parameters):
        pytest.skip("this version of typer keeps no annotations")
    assert {"shots", "seed", "max_steps", "workers", "states"} <= set(counts)


def test_what_was_run_is_measured_by_counts_too(tmp_path):
    run("h2", max_steps=2, out=tmp_path / "run")
    properties = run_properties(tmp_path / "run", shots="1e4 shots")
    assert properties.document() == run_properties(tmp_path / "run", shots=10_000).document()
    again = command_line("properties", tmp_path / "run", "--shots", "1_0000", "--json")
    assert json.loads(again.stdout)["shots"] == 10_000
    assert diagonalize(tmp_path / "run", shots="2e2", max_determinants="1e3").energy < -1.1
    with pytest.raises(InputError, match="greater than 0"):
        run_properties(tmp_path / "run", shots=0)


def test_compare_takes_what_run_takes(tmp_path):
    done = command_line(
        "compare", "h2", "--optimizer", "spsa", "--shots", "1e2 shots", "--budget", "2e3",
        "--seeds", "1e0", "--max-steps", "5_0", "--first-seed", "3", "--out", "c", "--no-report",
        "-q", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    import tomllib

    written = tomllib.loads((tmp_path / "c" / "comparison.toml").read_text())
    numbers = {k: written[k] for k in ("shots", "budget", "seeds", "max_steps", "first_seed")}
    assert numbers == {
        "shots": [100], "budget": 2000, "seeds": 1, "max_steps": 50, "first_seed": 3,
    }  # fmt: skip
    missing = command_line("compare", "h2", "--optimizer", "spsa", cwd=tmp_path)
    assert missing.returncode == 2
    assert "--budget" in missing.stderr


@pytest.mark.parametrize("text", rest_slow(["2000", "2e3", "2_000", "2000 shots"], ["2_000"]))
def test_options_of_commands(text, tmp_path):
    done = command_line("run", "h2", "--shots", text, "--budget-shots", "1e6", "--max-steps", "1e0",
                        "--final-shots", text, "--optimizer", "adam",
                        "--seed", "1_1", "--json", "-q", "--out", "r", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["shots"] == 2000 * 12 + 3 * 2000
    import tomllib

    written = tomllib.loads((tmp_path / "r" / "experiment.toml").read_text())
    assert written["measurement"]["shots"] == 2000
    assert written["seed"] == 11
    assert written["budget"]["shots"] == 10**6

"""One grammar: the same names and texts in every function and on the command line."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import qvopt
from qvopt import (
    compare,
    diagonalize,
    excited_states,
    load,
    make_experiment,
    optimize_orbitals,
    relax,
    run,
    run_properties,
    scan,
)
from qvopt.cli.experiment_options import described
from qvopt.experiment.settings import DESCRIPTIONS, Settings
from qvopt.optimizers.registry import describe, optimizer_names
from qvopt_molecules.errors import InputError

TASKS = [run, scan, excited_states, relax, optimize_orbitals]
ROOT = Path(qvopt.__file__).parents[1]


@pytest.mark.parametrize("function", TASKS)
def test_every_task_has_every_setting(function):
    parameters = inspect.signature(function).parameters
    assert set(Settings.__annotations__) <= set(parameters)
    assert all(p.kind is not p.VAR_KEYWORD for p in parameters.values())
    for name in parameters:
        assert re.search(rf"\b{name}\b", inspect.getdoc(function)), name


def test_python_has_the_command_lines_names():
    shared = set(inspect.signature(described).parameters)
    renamed = {"settings": "set", "budget_shots": "budget"}
    assert {renamed.get(name, name) for name in shared} <= set(Settings.__annotations__)
    words = {word.strip() for key in DESCRIPTIONS for word in key.split(",")}
    assert words == set(Settings.__annotations__)


def test_no_public_function_hides_its_keywords():
    by_name = {"minimize", "get_optimizer", "get_ansatz"}  # of what is chosen by name
    for name in set(qvopt.__all__) - by_name:
        thing = getattr(qvopt, name)
        if inspect.isfunction(thing):
            kinds = {p.kind for p in inspect.signature(thing).parameters.values()}
            assert inspect.Parameter.VAR_KEYWORD not in kinds, name
            assert inspect.getdoc(thing), name


BRITISH = re.compile(
    r"(?:^|_|-)(?:\w*(?:optimis|minimis|maximis|normalis|generalis|localis|summaris|factoris|"
    r"diagonalis|initialis|regularis|randomis|organis|realis|equalis|quantis)\w*|\w*colour\w*|"
    r"neighbour\w*|behaviour\w*|centre\w*|analys(?:e|ed|ing)|labelled|modelled)",
    re.IGNORECASE,
)


def test_public_names_have_american_spelling():
    names = set(qvopt.__all__) | set(qvopt.optimizers.__all__) | set(qvopt.transforms.__all__)
    names |= {key for name in optimizer_names() for key in describe(name).defaults}
    for name in qvopt.__all__:
        thing = getattr(qvopt, name)
        if inspect.isfunction(thing):
            names |= set(inspect.signature(thing).parameters)
        elif inspect.isclass(thing):
            names |= {n for n in dir(thing) if not n.startswith("_")}
    for file in (ROOT / "qvopt").rglob("*.py"):
        if file.parent.name in ("tasks", "excited", "runs", "experiment", "comparison", "cli"):
            tree = ast.parse(file.read_text())
            names |= {
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            }
            names |= set(re.findall(r'"--([a-z-]+)"', file.read_text()))
    assert not sorted(name for name in names if BRITISH.search(name))


def test_a_mistyped_name_is_answered_with_the_nearest():
    script = "import qvopt; qvopt.optimise_orbitals"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "optimize_orbitals" in done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    run("h2", shots="1e3 shots", budget="1e6 shots", optimizer="adam", max_steps=3, out=path / "r")
    return path / "r"


def test_texts_are_those_of_the_command_line(folder):
    experiment = make_experiment({"molecule": "h2"})
    for shots in (1000, 1e3, "1000", "1e3 shots", "1_000"):
        assert run(experiment, shots=shots, max_steps=0).shots == 3000  # three energies
    assert load(str(folder)).shots == load(folder).shots
    few = run_properties(folder, shots="2e3 shots")
    assert few.shots == 2000
    assert run_properties(load(folder), shots=2000).energy == few.energy
    assert diagonalize(str(folder), shots="1e3").shots == 1000
    for function in (run_properties, diagonalize):
        with pytest.raises(InputError, match="shots must be"):
            function(folder, shots="many")
        with pytest.raises(InputError, match="shot"):
            function(folder, shot=3)
    with pytest.raises(InputError, match="no run folder"):
        run_properties(run("h2"))


def test_ansatz_and_optimizer_may_be_given_by_position():
    named = run("h2", ansatz="fabric", optimizer="rotosolve", max_steps=2)
    placed = run("h2", "fabric", "rotosolve", max_steps=2)
    assert placed.names == named.names
    assert placed.energy == named.energy


def test_budgets_have_one_form(tmp_path):
    texts = ["2e3 shots", 2000, "2000", {"shots": 2000}]
    for text in texts:
        assert run("h2", shots=100, optimizer="spsa", budget=text).shots <= 2000
        out = tmp_path / str(texts.index(text))
        settings = {"seeds": 1, "budget": text, "shots": "1e2 shots", "max_steps": 2, "out": out}
        found = compare(problems=["h2"], optimizers=["spsa"], **settings)
        assert set(found.runs["budget"]) == {2000}


def test_settings_of_all_problems(tmp_path):
    shared = {"budget": 60_000, "seeds": 1, "max_steps": 2, "optimizers": ["adam"]}
    once = compare(problems=["h2", {"molecule": "h2", "basis": "6-31g"}][:1], active_space="2,3",
                   basis="6-31g", ansatz="uccsd", grouping="qubit-wise", out=tmp_path / "a",
                   **shared)  # fmt: skip
    space = {"electrons": 2, "n_orbitals": 3}
    table = {
        "molecule": {"name": "h2", "basis": "6-31g", "active_space": space},
        "measurement": {"grouping": "qubit-wise"},
    }
    each = compare(problems=[table], out=tmp_path / "b", **shared)
    np.testing.assert_array_equal(once.runs["error"], each.runs["error"])
    with pytest.raises(InputError, match="beside an object"):
        compare(problems=[{"XX": 1.0}], basis="6-31g", **shared)
    with pytest.raises(InputError, match="did you mean"):
        compare(problems=["h2"], basi="6-31g", **shared)


def plots(tmp_path):
    yield run("h2", max_steps=2)
    yield scan("h2", "bond", [0.7, 0.9])
    yield excited_states("h2", 2)
    yield relax("h2", tolerance=0.05)
    yield optimize_orbitals("h2", basis="6-31g", active_space=(2, 2), max_rounds=2)
    yield compare(problems=["h2"], optimizers=["adam"], seeds=2, budget=60_000, max_steps=2,
                  out=tmp_path / "c")  # fmt: skip


def test_every_result_draws_and_shows_itself(tmp_path):
    for result in plots(tmp_path):
        ax = Figure().subplots()
        assert result.plot(ax) is ax
        assert result.plot(ax=ax) is ax
        assert ax.get_xlabel() or ax.get_ylabel()
        assert isinstance(result.plot(), Axes)
        html = result._repr_html_()
        assert html.startswith("<table>")
        assert "data:image/png;base64," in html
        assert 0 < len(repr(result).splitlines()) < 30
        assert "array(" not in repr(result)
        assert "0x" not in repr(result)


def test_frames_have_units_in_their_names(tmp_path):
    for result in plots(tmp_path):
        frame = result.frame() if hasattr(result, "frame") else result.steps
        frame = frame.frame() if hasattr(frame, "frame") else frame
        assert len(frame) > 0
    columns = set(scan("h2", "bond", [0.7, 0.9]).frame())
    assert {"energy_hartree", "error_mha"} <= columns


@pytest.mark.parametrize("progress", [True, False, "callable"])
def test_progress(progress, capsys):
    calls = []
    given = (lambda *args: calls.append(args)) if progress == "callable" else progress
    scan("h2", "bond", [0.7, 0.9], progress=given)
    relax("h2", tolerance=0.05, progress=given)
    excited_states("h2", 2, progress=given)
    assert bool(calls) == (progress == "callable")
    assert ("points" in capsys.readouterr().out) == (progress is True)

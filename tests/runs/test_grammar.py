"""What Python takes and gives: names, texts, callbacks, trajectories, pictures."""

import inspect

import matplotlib
import numpy as np
import pandas as pd
import pytest

import qvopt
from qvopt import compare, excited_states, load, make_experiment, minimize, relax, run, scan
from qvopt.cli.experiment_options import described
from qvopt.experiment.settings import Settings, nested
from qvopt_molecules.errors import InputError

matplotlib.use("Agg")


def test_names_of_the_command_line_are_those_of_python():
    line = set(inspect.signature(described).parameters) - {"settings", "budget_shots"}
    assert line <= set(Settings.__annotations__)
    for function in (run, scan, excited_states, relax):
        shown = inspect.signature(function).parameters
        assert line <= set(shown), function
        assert not any(p.kind is p.VAR_KEYWORD for p in shown.values())
        assert "hyper-parameters" in function.__doc__
    assert not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(compare).parameters.values())


def test_flat_names_and_texts_reach_the_experiment():
    settings = {
        "basis": "6-31g", "active_space": "2,2", "shots": "1e3 shots", "budget": "2e5 shots",
        "learning_rate": 0.3, "optimizer": "adam", "grouping": "qubit-wise", "charge": None,
    }  # fmt: skip
    from qvopt.experiment.resolving import resolve

    experiment, _ = resolve("h2", settings)
    assert experiment.molecule.basis == "6-31g"
    assert experiment.molecule.active_space.n_orbitals == 2
    assert experiment.measurement.shots == 1000
    assert experiment.measurement.grouping == "qubit-wise"
    assert experiment.budget.shots == 200_000
    assert experiment.optimizer.options == {"learning_rate": 0.3}
    assert nested({"learning_rate": 0.1, "optimizer": "adam"}) == nested(
        {"optimizer": "adam", "learning_rate": 0.1}
    )


def test_a_flat_name_does_what_the_table_does():
    flat = run("lih", frozen_core=1, basis="sto-3g", max_steps=2)
    table = {"name": "lih", "basis": "sto-3g", "active_space": {"frozen_core": 1}}
    assert flat.energy == run(table, max_steps=2).energy
    assert run("h2", set={"bond": 1.0}, max_steps=1).hf == pytest.approx(
        run({"name": "h2", "set": {"bond": 1.0}}, max_steps=1).hf
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimiser": "adam"}, "optimizer"),
        ({"shots": "many"}, "shots must be a whole number"),
        ({"shots": 0.5}, "shots must be a whole number"),
        ({"active_space": "four"}, "active space is"),
        ({"budget": "5 apples"}, "budget"),
        ({"learning_rate": 0.1, "optimizer": "l-bfgs"}, "learning_rate"),
    ],
)
def test_refusals(settings, words):
    with pytest.raises(InputError, match=words) as error:
        run("h2", **settings)
    assert "\n" not in str(error.value)


def test_a_callback_ends_a_run_which_resumes(tmp_path):
    numbers = []

    def callback(step):
        numbers.append(step.number)
        return step.number == 3

    settings = {"optimizer": "adam", "shots": 1000, "max_steps": 6, "seed": 4}
    found = run("h2", callback=callback, out=tmp_path / "run", **settings)
    assert numbers == [0, 1, 2, 3]
    assert (found.status, found.n_steps) == ("interrupted", 3)
    assert "callback" in found.message
    assert found.energy is not None
    with qvopt.Session.resume(tmp_path / "run") as session:
        list(session)
        again = session.result()
    whole = run("h2", **settings)
    np.testing.assert_array_equal(again.x, whole.x)


def test_a_result_keeps_its_trajectory_and_a_folder_gives_it_again(tmp_path):
    found = run("h2", optimizer="adam", shots=500, max_steps=5, out=tmp_path / "run")
    again = load(tmp_path / "run")
    frame = found.steps.frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["step"]) == [0, 1, 2, 3, 4, 5]
    pd.testing.assert_frame_equal(frame, again.steps.frame())
    assert found.circuit.n_parameters == len(found.x)
    assert again.circuit == found.circuit
    documents = [r.document() | {"seconds": 0.0} for r in (found, again)]
    assert documents[0] == documents[1]
    axes = found.plot()
    assert axes.get_xlabel() == "shots spent"
    assert found.plot(ax=axes) is axes
    matplotlib.pyplot.close("all")


def test_notebooks_get_tables_and_pictures_escaped(tmp_path):
    found = run("H 0 0 0; H 0 0 0.7", max_steps=3)
    assert "data:image/png;base64," in found._repr_html_()
    assert "full CI" in repr(found)
    assert "<b>" not in make_experiment({"molecule": "<b>x</b>"})._repr_html_()
    curve = scan("h2", "bond", [0.7, 0.8], max_steps=3)
    assert "energy_hartree" in curve._repr_html_()
    assert curve.plot().get_xlabel()
    table = compare(
        problems=["h2"], optimizers=[{"name": "adam", "label": "<i>mine"}], budget="4e4 shots",
        seeds=1, max_steps=2, out=tmp_path / "c",
    )._repr_html_()  # fmt: skip
    assert "&lt;i&gt;mine" in table
    assert "<i>" not in table


def test_progress_is_shown_where_it_is_asked_for(capsys):
    run("h2", max_steps=2)
    assert capsys.readouterr().out == ""
    run("h2", max_steps=2, progress=True)
    assert "step" in capsys.readouterr().out


def test_the_docstrings_own_example_converges():
    found = minimize(lambda x: x @ x, [1, 2], "adam")
    assert found.success
    np.testing.assert_allclose(found.x, 0.0, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["adam", "adamw", "amsgrad", "nadam", "rmsprop", "adagrad", "adabelief", "spsa", "yogi"]
)
def test_minimize_moves_at_the_scale_of_a_general_function(name):
    curvature = np.array([1.0, 10.0])
    found = minimize(lambda x: float(curvature @ x**2), [1.0, 2.0], name)
    assert found.fun < 1e-3


def test_namespaces():
    chain, clip_by_noise = qvopt.transforms.chain, qvopt.transforms.clip_by_noise
    rule = chain(clip_by_noise(), qvopt.transforms.scale_by_adam(), qvopt.transforms.scale(-0.05))
    found = run("h2", optimizer=qvopt.transforms.descent(rule), max_steps=200)
    assert found.energy == pytest.approx(found.fci, abs=1e-6)
    named = qvopt.optimizers.adam(learning_rate=0.05)
    assert repr(named) == "get_optimizer('adam', learning_rate=0.05)"
    assert "l_bfgs" in dir(qvopt.optimizers)
    assert qvopt.__version__.count(".") >= 2
    with pytest.raises(AttributeError, match="unknown optimizer"):
        _ = qvopt.optimizers.nonesuch


def test_every_key_of_an_experiment_is_a_setting():
    from typing import get_type_hints

    from qvopt.experiment.settings import Settings

    assert set(qvopt.Experiment.model_fields) - {"molecule"} <= set(get_type_hints(Settings))

"""The energy at the end of a run: as precise as was asked, unbiased, paid and replayed."""

import math
import shutil

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import Session, make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.engine.energy_plan import energy_evaluator
from qvopt.measurement.estimate import t_quantile
from qvopt.optimizers.protocol import Energy
from qvopt.runs.stored import read_result
from qvopt_molecules.errors import InputError

SPSA = {"molecule": "h2", "optimizer": "spsa", "shots": 100, "max_steps": 2}


def finished(session):
    with session:
        for _ in session:
            pass
        return session.result()


def begun(data, **how):
    return finished(Session.begin(make_experiment(data), **{"store": False, **how}))


@pytest.mark.parametrize(
    ("molecule", "more"),
    [("h2", {}), ("lih", {}), ("lih", {"grouping": "qubit-wise"}),
     ("h2", {"backend": "aer"}), ("h3+", {"mapping": "parity", "backend": "statevector"})],
)  # fmt: skip
def test_a_precision_is_met(molecule, more):
    result = run(
        molecule, optimizer="spsa", shots=1000, max_steps=2, final_precision=2e-3, seed=4, **more
    )
    assert 0.5e-3 < result.stderr <= 2.1e-3
    assert abs(result.energy - result.exact) < 5 * result.stderr
    assert result.final.precision == 2e-3
    assert result.final.bound == ""
    # Last and mean iterate and the start, and the round that followed them.
    assert result.costs["final"].shots == result.final.shots + result.final.pilot + 2000


@pytest.mark.slow
def test_errors_are_those_of_the_energies_over_runs():
    """Deviations from the noiseless energy over the reported error, as Student's t says.

    Of 30 runs: a bias of 1.2 standard errors, or errors that are half or twice as large as they
    should be, would be seen nineteen times in twenty.
    """
    pulls, errors = [], []
    for seed in range(30):
        result = run("h2", optimizer="spsa", shots=100, max_steps=2, seed=seed,
                     final_precision=4e-3)  # fmt: skip
        pulls.append((result.energy - result.exact) / result.stderr)
        errors.append(result.stderr)
        assert abs(pulls[-1]) < t_quantile(1 - 1e-5, result.final.dof)
    assert abs(np.mean(pulls)) < 4 / math.sqrt(len(pulls))
    assert np.var(pulls) == pytest.approx(1.0, abs=0.6)
    assert np.mean(np.array(errors) <= 4e-3) > 0.85


def test_final_shots_are_taken_to_the_shot():
    result = run("h2", shots=100, optimizer="spsa", max_steps=2, final_shots="5e4 shots")
    assert (result.final.shots, result.final.pilot) == (50_000, 0)
    assert result.costs["final"].shots == 50_000 + 200


def test_the_default_is_one_millihartree_with_a_tenth_of_the_shots(tmp_path):
    large = run("h2", optimizer="adam", shots=2000, max_steps=100, out=tmp_path / "large")
    assert large.stderr < 1e-3
    small = run("lih", optimizer="adam", shots=1000, max_steps=1)
    assert small.final.bound == "share"
    assert small.final.shots + small.final.pilot <= 0.1 * small.costs["gradient"].shots
    said = (tmp_path / "large" / "experiment.toml").read_text()
    assert "final_precision = 0.001" in said
    assert "final_share = 0.1" in said
    again = read_result(tmp_path / "large")
    assert again.final == large.final
    assert large.document()["final"]["dof"] == large.final.dof


def test_budgets_keep_it_back():
    data = {**SPSA, "max_steps": 300, "measurement": {"final_precision": 2e-3}}
    result = begun({**data, "budget": {"shots": 100_000}})
    assert result.status == "budget"
    assert result.shots <= 100_000
    assert result.stderr < 2.1e-3
    with pytest.raises(InputError, match="more than the budget has"):
        begun({**data, "budget": {"shots": 9_000}})
    # Shots for the optimizer are left over where the estimate is bounded by its share.
    bounded = begun({**SPSA, "max_steps": 10**4, "budget": {"shots": 20_000}})
    assert bounded.shots - bounded.costs["final"].shots > 15_000
    assert bounded.final.shots + bounded.final.pilot <= 2_000
    assert bounded.final.bound == "share"


@pytest.mark.parametrize(
    ("measurement", "words"),
    [({"shots": 100, "final_shots": 100, "final_precision": 1e-3}, "give one of them"),
     ({"shots": 100, "final_precision": -1.0}, "greater than 0"),
     ({"shots": 100, "final_precision": float("nan")}, "finite"),
     ({"shots": 100, "final_shots": 0}, "greater than 0"),
     ({"shots": 100, "final_share": 0.2}, "final_precision"),
     ({"final_shots": 100}, "no effect on exact"),
     ({"final_precision": 1e-3}, "no effect on exact")],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(measurement, words):
    with pytest.raises(InputError, match=words):
        begun({"molecule": "h2", "measurement": measurement})


def test_another_aim_takes_the_place_of_the_one_in_a_file(tmp_path):
    run("h2", shots=100, optimizer="spsa", max_steps=1, out=tmp_path / "run")
    experiment = make_experiment({"molecule": "h2", "measurement": {
        "shots": 100, "final_precision": 1e-3, "final_share": 0.1}, "optimizer": "spsa",
        "max_steps": 1})  # fmt: skip
    assert run(experiment, final_shots=300).final.shots == 300


@pytest.mark.parametrize(
    "kind", rest_slow(["plain", "readout", "adapt", "measured"], ["plain", "measured"])
)
def test_a_kill_anywhere_changes_nothing(kind, tmp_path):
    more = {
        "plain": {},
        "readout": {"backend": {"name": "aer", "noise": {"readout": 0.03}},
                    "mitigation": {"readout": {"shots": 500}}},
        "adapt": {"ansatz": {"name": "adapt", "max_operators": 1}, "max_steps": 1},
        "measured": {"optimizer": "adam"},
    }[kind]  # fmt: skip
    measurement = {"shots": 200, "final_precision": 5e-3}
    if kind == "measured":
        measurement |= {"allocation": "measured", "gradient_allocation": "measured"}
    data = {"molecule": "h2", "optimizer": "spsa", "max_steps": 2, "seed": 7,
            "measurement": measurement, **more}  # fmt: skip
    first = begun(data, out=tmp_path / "run", store=True)
    assert first.final.pilot
    lines = (tmp_path / "run" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for cut in (len(lines) - 1, len(lines) - 2, len(lines) - 3, 2):
        path = shutil.copytree(tmp_path / "run", tmp_path / f"cut-{cut}")
        (path / "journal.jsonl").write_bytes(b"".join(lines[:cut]))
        again = finished(Session.resume(path))
        assert (again.energy, again.stderr, again.final) == (
            first.energy, first.stderr, first.final,
        )  # fmt: skip
        assert again.costs == first.costs


def test_an_end_changes_nothing_of_what_follows_it(tmp_path):
    """A run that ended, with its estimate, and goes on takes the steps of one that went through."""
    data = {**SPSA, "max_steps": 6, "measurement": {"shots": 100, "allocation": "measured"}}
    begun({**data, "max_steps": 3}, out=tmp_path / "run", store=True)
    again = finished(Session.resume(tmp_path / "run", max_steps=6))
    straight = begun(data)
    assert np.array_equal(again.x, straight.x)
    assert again.energy == straight.energy


def test_the_plan_for_energies_alone_has_less_variance():
    """At equal shots in the noiseless minimum, against the plan that serves gradients too."""
    a = assemble(make_experiment({"molecule": "lih", "shots": 4000}))
    best = energy_evaluator(a, a.evaluator)
    x = run("lih").x
    spread = {}
    for name, evaluator in {"run": a.evaluator, "best": best}.items():
        answers = evaluator.answer([Energy(x)] * 800, 3, 0)
        values = np.array([answer.value for answer in answers])
        assert abs(values.mean() - a.evaluator.exact_energy(x)) < 4.5 * values.std() / 800**0.5
        spread[name] = np.mean([answer.variance for answer in answers])
        assert spread[name] == pytest.approx(values.var(), rel=0.2)
    assert spread["best"] < 0.97 * spread["run"]

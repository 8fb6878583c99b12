"""Allocation that learns, post-selection, and prices before anything runs."""

import json
import math
import re
import shutil

import numpy as np
import pytest

from qvopt import Session, make_experiment, run
from qvopt.backends.batch import Point
from qvopt.engine.assembly import assemble
from qvopt.engine.learned import Learned
from qvopt.measurement.allocation import Scatter, learned_weights
from qvopt.measurement.estimate import Moments
from qvopt.measurement.plan import Diagonal, MeasurementGroup, PauliBasis
from qvopt.measurement.selection import Selection
from qvopt.measurement.statistics import moments_of_group
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt.tasks.pricing import price_list
from qvopt_molecules.errors import BackendError, InputError


def a_round(evaluator, query, number, learned):
    """The answer to a query, and what is known after it."""
    outcome = evaluator.prepare([query], 1, number, learned=learned).run()
    after = learned.after(outcome.observed, (), optimizing=True, renewed=False)
    return outcome.answers[0], after


def test_scatter_pools_variances_within_settings():
    rng = np.random.default_rng(0)
    rows = []
    for shift in (0.0, 100.0):
        samples = rng.normal(shift, [1.0, 3.0], size=(5000, 2))
        one = np.ones(5000, dtype=np.int64)
        rows.append([Moments.from_counts(samples[:, g], one) for g in range(2)])
    scatter = Scatter.of(rows)
    assert np.sqrt(scatter.squares / scatter.freedoms) == pytest.approx([1.0, 3.0], rel=0.05)
    weights = learned_weights(scatter, None)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[1] / weights[0] == pytest.approx((2.7 + 0.2) / (0.9 + 0.2), rel=0.05)
    assert np.all(learned_weights(Scatter(np.zeros(2), np.zeros(2)), None) > 0)


def test_measured_allocation_beats_a_poor_prior():
    """Qubit-wise groups of LiH: the split by measured deviations comes near the best one."""
    data = {"molecule": "lih", "shots": 50_000, "measurement": {"grouping": "qubit-wise"}}
    data["measurement"]["allocation"] = "measured"
    a = assemble(make_experiment(data))
    from qvopt.backends.sector.sampling import deviations_in_states

    x = run("lih").x
    sd = deviations_in_states(a.plan, a.hamiltonian, [a.program.state(Point(x))])[0]
    learned = Learned()
    before = np.sum(sd**2 / a.evaluator.weights(learned, shifted=False))
    for k in range(5):
        _, learned = a_round(a.evaluator, Energy(x), k, learned)
    after = np.sum(sd**2 / a.evaluator.weights(learned, shifted=False))
    assert after < 0.8 * before
    assert after < 1.08 * sd.sum() ** 2


def test_a_resumed_run_splits_as_an_uninterrupted_one(tmp_path):
    data = {
        "molecule": "h2",
        "shots": 500,
        "max_steps": 6,
        "measurement": {"allocation": "measured"},
    }
    experiment = make_experiment(data)
    with Session.begin(experiment, out=tmp_path / "whole") as session:
        list(session)
        whole = session.result()
    with Session.begin(experiment, out=tmp_path / "cut") as session:
        for step in session:
            if step.number == 3:
                break
    with Session.resume(tmp_path / "cut") as session:
        list(session)
        resumed = session.result()
    assert np.array_equal(whole.x, resumed.x)
    assert whole.energy == resumed.energy


def test_post_selection_keeps_the_sector():
    diagonal = Diagonal(np.array([1], dtype=np.uint64), np.array([1.0]))
    counts = {0b0101: 7, 0b0110: 3, 0b0011: 50, 0b1111: 40}
    group = MeasurementGroup(PauliBasis("ZZZZ"), diagonal, Selection((2, 1, 1)))
    kept = moments_of_group(group, counts)
    assert kept.shots == 10
    assert kept.mean == pytest.approx((-7 + 3) / 10)
    assert moments_of_group(group, {0: 9}).shots == 0


def test_post_selection_takes_the_noise_that_leaves_the_sector():
    noisy = {"name": "aer", "noise": {"readout": 0.03}}
    data = {"molecule": "h2", "backend": noisy, "shots": 4000}
    x = run("h2").x
    exact = assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)
    energies = {}
    for keep in (False, True):
        a = assemble(make_experiment({**data, "measurement": {"postselect": keep}}))
        answers = [a.evaluator.answer([Energy(x)], 1, k)[0] for k in range(40)]
        values = np.array([v.value for v in answers])
        energies[keep] = values.mean() - exact
        reported = np.mean([v.variance for v in answers])
        assert 0.5 < reported / values.var(ddof=1) < 2.0
        asked = a.evaluator.prepare([Energy(x)]).costs["energy"].shots
        assert asked == 4000
        assert (answers[0].shots < asked) == keep
    assert energies[True] < 0.25 * energies[False]


def test_post_selection_says_what_it_needs():
    data = {"molecule": "h2", "shots": 400, "measurement": {"postselect": True}}
    data["measurement"]["grouping"] = "qubit-wise"
    with pytest.raises(InputError, match="does not conserve"):
        assemble(make_experiment({**data, "ansatz": "hardware-efficient"}))
    with pytest.raises(InputError, match="jordan-wigner"):
        assemble(make_experiment({**data, "mapping": "parity"}))
    from qvopt.measurement.statistics import combine_moments

    data["measurement"]["grouping"] = None
    plan = assemble(make_experiment(data)).plan
    with pytest.raises(BackendError, match="post-selection"):
        combine_moments(plan, [Moments(0, 0.0, 0.0)] * len(plan.groups))


def test_prices_are_known_before_anything_runs(capsys):
    rows = {r.query: r.cost for r in price_list(make_experiment({"molecule": "h2", "shots": 100}))}
    assert rows["energy"].shots == 100
    assert rows["gradient (parameter-shift)"].shots == 1200
    assert rows["gradient (parameter-shift)"].circuits == 12 * rows["energy"].circuits
    full, diagonal = (rows[f"metric, {kind} (covariances)"].shots for kind in ("full", "diagonal"))
    assert full >= diagonal > 0
    from qvopt.cli.runs import price_command

    assert price_command({"molecule": "h2", "shots": 100}, True) == 0
    assert json.loads(capsys.readouterr().out)["queries"][0]["shots"] == 100
    assert price_command({"molecule": "h2", "shots": 100}, False) == 0
    assert "1,200" in capsys.readouterr().out
    assert math.isfinite(rows["fidelity"].shots)


def test_a_large_sector_is_forecast_before_anything_runs(capsys, monkeypatch):
    from qvopt.backends.sector import choice
    from qvopt.cli.runs import price_command

    assert price_command({"molecule": "h4-chain"}, False) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(choice, "MOST_PAIRS", -1)  # now it counts as large
    assert price_command({"molecule": "h4-chain"}, True) == 0
    printed = capsys.readouterr()
    assert re.match(r"36 determinants, .* MiB, about .* s per gradient on", printed.err)
    assert json.loads(printed.out)["queries"][0]["query"] == "energy"


def learning(shots=2000, molecule="h2o", **measurement):
    data = {"molecule": molecule, "shots": shots, "measurement": measurement}
    return assemble(make_experiment({**data, "optimizer": "adam", "max_steps": 4}))


def test_learned_gradients_spend_as_much_and_scatter_less():
    """H2O near its optimum: shifted energies scatter by factors of ten, and shots follow them."""
    plain, learned = learning(), learning(gradient_allocation="measured")
    x, spent, variance = plain.start, {}, {}
    for name, a in (("plain", plain), ("learned", learned)):
        knowledge = Learned()
        for k in range(2):
            answer, knowledge = a_round(a.evaluator, Gradient(x), k, knowledge)
            assert (knowledge.points is None) == (name == "plain")
        prepared = a.evaluator.prepare([Gradient(x)], learned=knowledge)
        spent[name], variance[name] = answer.shots, answer.variance.sum()
    assert spent["learned"] == spent["plain"] == prepared.costs["gradient"].shots
    assert variance["learned"] < 0.75 * variance["plain"]


def test_learned_gradients_are_without_bias():
    """Of 120: a component that is off by 0.4 of its error, or an error by 10 %, is seen."""
    a = learning(500, "h4-chain", gradient_allocation="measured")
    x = np.random.default_rng(0).normal(size=a.circuit.n_parameters) * 0.1
    values, variances, learned = [], [], Learned()
    for k in range(120):
        answer, learned = a_round(a.evaluator, Gradient(x), k, learned)
        values.append(answer.value)
        variances.append(answer.variance)
    exact, mean = a.program.gradient(x)[1], np.mean(variances, axis=0)
    z = (np.mean(values, axis=0) - exact) / np.sqrt(mean / 120)
    assert np.abs(z).max() < 4.5
    assert np.mean(np.var(values, axis=0, ddof=1) / mean) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("optimizer", ["adam", "icans"])
def test_a_resumed_run_learns_its_gradients_alike(optimizer, tmp_path):
    data = {"molecule": "h2", "shots": 500, "optimizer": optimizer, "max_steps": 5}
    data["measurement"] = {"gradient_allocation": "measured", "allocation": "measured"}
    with Session.begin(make_experiment(data), out=tmp_path / "whole") as session:
        for _ in session:
            pass
        whole = session.result()
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    assert any(b'"scatter"' in line for line in lines)
    for k in range(1, len(lines), 2):
        folder = tmp_path / f"cut-{k}"
        shutil.copytree(tmp_path / "whole", folder)
        (folder / "journal.jsonl").write_bytes(b"".join(lines[:k]))
        with Session.resume(folder) as session:
            for _ in session:
                pass
            resumed = session.result()
        assert np.array_equal(resumed.x, whole.x)
        assert resumed.costs == whole.costs


def test_learned_gradients_need_the_same_shifts_every_time():
    with pytest.raises(InputError, match="needs a gradient rule with the same shifts"):
        learning(molecule="h2", gradient_allocation="measured", gradient="spsa")


def test_a_grown_circuit_learns_anew():
    learned = Learned()
    for n in (12, 12, 16):
        observed = (None, None, Scatter(np.ones(n), np.ones(n)))
        learned = learned.after(observed, (), optimizing=True, renewed=False)
    assert len(learned.points.squares) == 16
    assert learned.grown().points is None
    # Sixteen deviations are those of another circuit: the twelve energies share alike.
    a = learning(500, "h2", gradient_allocation="measured")
    (fresh,) = a.evaluator.prepare([Gradient(a.start)]).batches
    (other,) = a.evaluator.prepare([Gradient(a.start)], learned=learned).batches
    assert np.array_equal(fresh.shots, other.shots)

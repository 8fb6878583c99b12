"""Mitigated energies on Aer with known noise: bias, variance over seeds, and price."""

import itertools

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import Session, make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.engine.stages.readout import ReadoutCorrection
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt.records.journal import read_journal
from qvopt_molecules.errors import InputError

READOUT = {"name": "aer", "noise": {"readout": 0.04}}
GATES = {"name": "aer", "noise": {"one_qubit": 0.001, "two_qubit": 0.01}}


def an_assembly(backend, mitigation, *, shots=4000, grouping="qubit-wise", postselect=False):
    return assemble(
        make_experiment(
            {
                "molecule": "h2",
                "backend": backend,
                "shots": shots,
                "measurement": {"grouping": grouping, "postselect": postselect},
                "mitigation": mitigation,
            }
        )
    )


def the_exact_energy(x):
    return assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)


@pytest.fixture(scope="module")
def x():
    return run("h2").x


def energies(assembly, x, repeats):
    """Values and the mean reported variance; each with a calibration of its own, if any."""
    if not any(isinstance(s, ReadoutCorrection) for s in assembly.evaluator.stages):
        found = assembly.evaluator.answer([Energy(x)] * repeats, 1, 0)
    else:
        found = [assembly.evaluator.answer([Energy(x)], 1, k)[0] for k in range(repeats)]
    return np.array([f.value for f in found]), np.mean([f.variance for f in found])


@pytest.mark.parametrize(
    ("method", "postselect"),
    rest_slow(itertools.product(["tensored", "m3"], [False, True]), [("tensored", True)]),
)
def test_corrected_readout_is_unbiased_and_knows_its_error(x, method, postselect):
    raw, _ = energies(an_assembly(READOUT, {}), x, 5)
    spec = {"readout": {"method": method, "shots": 1000}}
    repeats = 50 if method == "tensored" else 25
    values, reported = energies(an_assembly(READOUT, spec, postselect=postselect), x, repeats)
    bias, spread = values.mean() - the_exact_energy(x), values.var(ddof=1)
    assert raw.mean() - the_exact_energy(x) > 0.05
    limit = 4 * np.sqrt(spread / repeats)
    assert abs(bias) < (limit if method == "tensored" else limit + 0.003)
    # A calibration of 1000 shots is a good part of it: leaving it out would fail here.
    assert 0.5 < reported / spread < 2.2


def test_the_error_of_the_calibration_is_counted(x):
    """With many shots an energy's error is the calibration's."""
    spec = {"readout": {"shots": 100}}
    values, reported = energies(an_assembly(READOUT, spec, shots=20_000), x, 40)
    assert 0.5 < reported / values.var(ddof=1) < 2.0
    _, uncorrected = energies(an_assembly(READOUT, {}, shots=20_000), x, 3)
    assert values.var(ddof=1) > 5 * uncorrected


@pytest.mark.parametrize("fit", rest_slow(["linear", "exponential"], ["linear"]))
def test_extrapolation_takes_gate_noise_away(x, fit):
    raw, _ = energies(an_assembly(GATES, {}, shots=20_000), x, 8)
    spec = {"zne": {"scales": [1, 3], "fit": fit, "folding": "all"}}
    values, reported = energies(an_assembly(GATES, spec, shots=20_000), x, 40)
    exact = the_exact_energy(x)
    assert abs(values.mean() - exact) < 0.4 * abs(raw.mean() - exact)
    assert 0.6 < reported / values.var(ddof=1) < 1.7


@pytest.mark.slow
def test_all_of_them_together(x):
    noise = {"name": "aer", "noise": {"two_qubit": 0.01, "readout": 0.03}}
    spec = {"readout": True, "zne": [1, 3]}
    raw, _ = energies(an_assembly(noise, {}), x, 10)
    plan = {"shots": 8000, "grouping": "fluid-basis-rotation", "postselect": True}
    values, reported = energies(an_assembly(noise, spec, **plan), x, 12)
    exact = the_exact_energy(x)
    assert abs(values.mean() - exact) < 0.1 * abs(raw.mean() - exact)
    assert 0.4 < reported / values.var(ddof=1) < 2.5


def test_shots_stay_shots_and_calibrations_are_charged(x):
    a = an_assembly(READOUT, {"readout": True, "zne": [1, 3, 5]})
    costs = a.evaluator.prepare([Energy(x)]).costs["energy"]
    assert costs.shots == 4000
    assert costs.circuits == 3 * len(a.plan.groups)
    (answer,) = a.evaluator.answer([Energy(x)], 1, 0)
    assert answer.shots == 4000
    gradient = a.evaluator.prepare([Gradient(x)]).costs["gradient"]
    plain = an_assembly(READOUT, {}).evaluator.prepare([Gradient(x)]).costs["gradient"]
    assert gradient.shots == plain.shots
    assert gradient.circuits == 3 * plain.circuits
    few = an_assembly(READOUT, {"zne": [1, 3, 5]}, shots=10)
    with pytest.raises(InputError, match="at least"):
        few.evaluator.prepare([Energy(x)])
    with pytest.raises(InputError, match="at least"):
        Session.begin(few.experiment, store=False)


def a_run(**extra):
    return make_experiment(
        {
            "molecule": "h2",
            "optimizer": "spsa",
            "backend": READOUT,
            "shots": 500,
            "max_steps": 5,
            "monitor": "none",
            "mitigation": {"readout": {"shots": 1000, "every": 2}},
            **extra,
        }
    )


def test_calibrations_are_requests_of_the_rounds(tmp_path):
    with Session.begin(a_run(), out=tmp_path / "whole") as session:
        list(session)
        whole = session.result()
    events, _ = read_journal(tmp_path / "whole/journal.jsonl")
    asked = [e for e in events if e.get("role") == "optimizer"]
    made = [e for e in events if e.get("calibrations")]
    assert made == asked[::2]  # every second round of the optimizer, the first among them
    assert whole.costs["readout-calibration"].shots == 2000 * len(made)
    assert whole.costs["readout-calibration"].circuits == 2 * len(made)
    with Session.begin(a_run(), out=tmp_path / "cut") as session:
        for step in session:
            if step.number == 3:
                break
    with Session.resume(tmp_path / "cut") as session:
        list(session)
        resumed = session.result()
    assert np.array_equal(whole.x, resumed.x)
    assert whole.energy == resumed.energy
    assert resumed.costs == whole.costs


def test_a_budget_holds_for_calibrations():
    result = run(a_run(budget={"shots": 4000}))
    assert result.shots <= 4000
    assert result.costs["readout-calibration"].shots > 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"mitigation": {"zne": {"scale": [1]}}}, "did you mean 'scales'"),
        ({"mitigation": {"zne": [1, 1]}}, "different"),
        ({"mitigation": {"readout": "m4"}}, "mitigation.readout.method"),
        ({"mitigation": {"redout": True}}, "did you mean 'readout'"),
        ({"mitigation": {"readout": True}}, "no noise to mitigate"),
        ({"mitigation": {"zne": True}, "measurement": {}, "backend": "aer"}, "number of shots"),
    ],
)
def test_wrong_tables_are_one_line(data, message):
    base = {"molecule": "h2", "measurement": {"shots": 1000}}
    with pytest.raises(InputError, match=message) as error:
        assemble(make_experiment({**base, **data}))
    assert "\n" not in str(error.value)


def test_a_missing_mthree_names_its_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "mthree", None)
    with pytest.raises(InputError, match=r"pip install '\.\[mitigation\]'"):
        an_assembly(READOUT, {"readout": "m3"})

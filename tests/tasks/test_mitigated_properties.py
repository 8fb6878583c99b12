"""Measured properties with readout correction, post-selection and extrapolation, on any backend."""

import json
from itertools import pairwise

import numpy as np
import pytest
from command_line import command_line
from slow_cases import rest_slow

from qvopt import run, run_properties
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.measurement.density_outcomes import DensityOutcomes
from qvopt.measurement.readout import Calibration
from qvopt.measurement.selection import Selection
from qvopt.tasks.measured_density import DensityMeasurement
from qvopt.tasks.properties import exact_properties, measured_properties
from qvopt_molecules.errors import BudgetExceededError, InputError

X = np.array([0.1, 0.12, 0.22])
NOISE = {"name": "aer", "noise": {"readout": 0.06}}


def problem(backend=NOISE, **data):
    return assemble(make_experiment({"molecule": "h2", "backend": backend, "shots": 1000, **data}))


def exact():
    return exact_properties(assemble(make_experiment({"molecule": "h2"})), X)


def scores(found, truth):
    pairs = [
        (found.energy, truth.energy),
        (found.electrons, truth.electrons),
        (found.spin_squared, truth.spin_squared),
        *zip(found.occupations, truth.occupations, strict=True),
    ]
    return np.array([(a.value - b.value) / max(a.stderr, 1e-12) for a, b in pairs])


MITIGATIONS = {
    "readout": {"mitigation": {"readout": {"shots": 100_000}}},
    "readout and postselect": {
        "mitigation": {"readout": {"shots": 100_000}}, "measurement": {"postselect": True},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", rest_slow(MITIGATIONS, ["readout and postselect"]))
def test_readout_errors_are_taken_out(name):
    truth = exact()
    raw = scores(measured_properties(problem(), X, 200_000), truth)
    found = measured_properties(problem(**MITIGATIONS[name]), X, 200_000)
    assert np.abs(raw[[0, 2]]).min() > 20
    assert np.abs(scores(found, truth)).max() < 5
    assert np.abs(found.two - truth.two).max() < 0.1


def test_post_selection_keeps_the_electrons():
    noise = {"name": "aer", "noise": {"two_qubit": 0.02, "readout": 0.02}}
    truth, shots = exact(), 50_000
    raw = measured_properties(problem(noise), X, shots)
    kept = measured_properties(problem(noise, measurement={"postselect": True}), X, shots)
    assert kept.electrons.value == pytest.approx(2.0, abs=1e-9)
    assert abs(raw.electrons.value - 2.0) > 10 * raw.electrons.stderr
    errors = [abs(f.energy.value - truth.energy.value) for f in (raw, kept)]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("fit", rest_slow(["linear", "richardson"], ["linear"]))
def test_noise_is_extrapolated_setting_by_setting(fit):
    noise = {"name": "aer", "noise": {"two_qubit": 0.004}}
    truth = exact()
    raw = measured_properties(problem(noise), X, 100_000)
    data = {"mitigation": {"zne": {"scales": [1, 2, 3], "fit": fit}}}
    found = measured_properties(problem(noise, **data), X, 300_000)
    off = [abs(f.energy.value - truth.energy.value) for f in (raw, found)]
    assert off[0] > 10 * raw.energy.stderr
    assert off[1] < 0.3 * off[0] + 4 * found.energy.stderr


@pytest.mark.parametrize("selection", [None, Selection((2, 1, 1))])
def test_corrected_means_against_dense_matrices(selection):
    """The whole assignment matrix, inverted; what is kept is selected after it."""
    rng = np.random.default_rng(3)
    rates = rng.uniform(0.01, 0.1, (4, 2))
    matrix = np.ones((1, 1))
    for e0, e1 in rates:
        matrix = np.kron(np.array([[1 - e0, e1], [e0, 1 - e1]]), matrix)
    read = matrix @ rng.dirichlet(np.ones(16))
    states = np.linalg.inv(matrix) @ read
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
    numbers = (bits[:, :2] + bits[:, 2:]).astype(float)
    k, l = np.triu_indices(2)
    y = np.concatenate([numbers, numbers[:, k] * numbers[:, l]], axis=1)
    kept = states * (selection.keeps(np.arange(16, dtype=np.uint64)) if selection else 1.0)
    calibration = Calibration((0, 1, 2, 3), rates, 10_000)
    found = DensityOutcomes.corrected(
        dict(enumerate(1e6 * read)), 2, calibration, (0, 1, 2, 3), selection
    )
    assert np.allclose(found.mean, kept @ y / kept.sum(), atol=1e-10)


SELECTIONS = [pytest.param(None, marks=pytest.mark.slow), Selection((2, 1, 1))]


@pytest.mark.slow
@pytest.mark.parametrize("selection", SELECTIONS)
def test_errors_cover_shots_and_calibration(selection):
    """A variance from 200 repeats is within 10 % of its value, one standard error."""
    rng = np.random.default_rng(4)
    rates, shots, calibrated = rng.uniform(0.02, 0.08, (4, 2)), 600, 400
    matrix = np.ones((1, 1))
    for e0, e1 in rates:
        matrix = np.kron(np.array([[1 - e0, e1], [e0, 1 - e1]]), matrix)
    read = matrix @ np.r_[0, 0, 0, 0, 0, 0.5, 0.1, 0, 0, 0.1, 0.3, 0, 0, 0, 0, 0]
    values, variances = [], []
    for _ in range(200):
        counts = dict(enumerate(rng.multinomial(shots, read).tolist()))
        measured = Calibration((0, 1, 2, 3), rng.binomial(calibrated, rates) / calibrated,
                               calibrated)  # fmt: skip
        found = DensityOutcomes.corrected(counts, 2, measured, (0, 1, 2, 3), selection)
        values.append(found.mean)
        variances.append(np.diag(found.covariance) / found.shots + (found.shared**2).sum(axis=0))
    spread, reported = np.var(values, axis=0, ddof=1), np.mean(variances, axis=0)
    varying = spread > 1e-12
    assert np.all(np.abs(reported[varying] / spread[varying] - 1) < 0.35)


REFUSED = {
    "m3": ({"readout": {"method": "m3"}}, "'tensored'"),
    "exponential": ({"zne": {"fit": "exponential"}}, "'linear' or 'richardson'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_taken_is_refused(name):
    mitigation, message = REFUSED[name]
    if name == "m3":
        pytest.importorskip("mthree")
    with pytest.raises(InputError, match=message):
        measured_properties(problem(mitigation=mitigation), X, 10_000)


def test_the_price_is_what_is_paid():
    data = {"mitigation": {"readout": {"shots": 500}, "zne": {"scales": [1, 3]}}}
    measurement = DensityMeasurement(problem(**data), X, 4001)
    planned = measurement.costs
    _, spent = measurement.run()
    assert planned == spent
    assert spent["properties"].shots == 4001
    assert spent["readout-calibration"].shots == 1000
    with pytest.raises(InputError, match="at 2 noise scales; give at least 40"):
        DensityMeasurement(problem(**data), X, 39)


def test_a_calibration_counts_against_the_budget(tmp_path):
    folder = tmp_path / "run"
    run("h2", backend=NOISE, shots=200, max_steps=0, out=folder, budget={"shots": 4000},
        mitigation={"readout": {"shots": 500}})  # fmt: skip
    with pytest.raises(BudgetExceededError, match="2,300 shots"):
        run_properties(folder, shots=1300)
    first = run_properties(folder, shots=600)
    assert first.mitigation == ("readout",)
    assert run_properties(folder, shots=600).document() == first.document()


@pytest.mark.slow
def test_a_run_on_hardware_is_one_job_and_paid_once(tmp_path):
    folder = tmp_path / "run"
    backend = {"name": "ibm:fake_manila", "optimization_level": 1}
    run("h2", backend=backend, shots=400, max_steps=0, out=folder,
        mitigation={"readout": {"shots": 400}})  # fmt: skip
    first = command_line("properties", folder, "--shots", "4000", "--json")
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    assert abs(found["electrons"]["value"] - 2) < 0.2
    assert found["mitigation"] == ["readout"]
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    jobs = [e for e in lines if e["type"] == "job" and e["state"] == "intent"]
    rounds = [e for e in lines if e["type"] == "round"]
    assert len(jobs) == len(rounds)
    assert rounds[-1]["role"] == "properties"
    assert rounds[-1]["cost"]["hardware"][3] == 1
    assert all(a["n"] + 1 == b["n"] for a, b in pairwise(lines))
    assert run_properties(folder, shots=4000).document() == found

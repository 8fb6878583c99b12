"""Metrics by covariances of generators on hardware: without bias, as forecast, and resumed."""

import json

import numpy as np
import pytest
from qiskit_aer import AerSimulator

from qvopt import Session, make_experiment
from qvopt.backends.protocol import SubmissionPolicy
from qvopt.cloud.backend import HardwareBackend
from qvopt.engine.assembly import assemble
from qvopt.engine.evaluator import Evaluator
from qvopt.gradients.metric_rules import supported_metric_rule
from qvopt.optimizers.protocol import Metric
from qvopt.runs.forecast import forecast_run

pytestmark = pytest.mark.usefixtures("quiet_client")


def described(backend, steps=2, **more):
    return make_experiment(
        {
            "molecule": "h2",
            "optimizer": {"name": "qng", "learning_rate": 0.1},
            "backend": backend,
            "measurement": {"shots": 400, "grouping": "fully-commuting", **more},
            "max_steps": steps,
        }
    )


@pytest.mark.slow
def test_a_metric_from_rows_of_a_few_circuits_is_without_bias():
    experiment = described("sector")
    exact = assemble(experiment)
    backend = HardwareBackend(AerSimulator(), optimization_level=1, poll=0.01, longest_poll=0.02)
    program = assemble(experiment, backend=backend).program
    assert supported_metric_rule(None, program) == "covariances"
    x, repeats = np.array([0.3, -0.2, 0.5]), 40
    evaluator = Evaluator(program, exact.circuit, exact.plan, 200, 3)
    found = [evaluator.answer([Metric(x, "full")], 1, k)[0] for k in range(repeats)]
    values, variances = (np.array([getattr(m, n) for m in found]) for n in ("value", "variance"))
    truth, mean = exact.program.metric(x, "full"), variances.mean(axis=0)
    noisy = mean > 1e-10
    assert noisy.any()
    assert np.abs(values.mean(axis=0) - truth)[~noisy].max(initial=0) < 1e-4
    z = (values.mean(axis=0) - truth)[noisy] / np.sqrt(mean[noisy] / repeats)
    assert np.abs(z).max() < 5
    ratio = np.square(values - truth)[:, noisy].mean(axis=0) / mean[noisy]
    assert np.mean(ratio) == pytest.approx(1, abs=0.4)


def finish(session):
    with session:
        list(session)
        return session.result()


SNAPSHOT = {"name": "ibm:fake_manila", "optimization_level": 1, "repeats": 1}


def test_what_is_forecast_is_what_is_run(tmp_path):
    experiment = described(SNAPSHOT, steps=1)
    forecast = forecast_run(assemble(experiment))
    result = finish(Session.begin(experiment, out=tmp_path / "run"))
    assert result.costs["hardware"].jobs == forecast.total.jobs
    assert sum(c.shots for c in result.costs.values()) == forecast.total.shots
    assert result.costs["metric"].circuits == 2  # two singles that commute, and a double
    jobs = [e for e in map(json.loads, (tmp_path / "run/journal.jsonl").read_text().splitlines())
            if e["type"] == "job" and e["state"] == "done"]  # fmt: skip
    assert len(jobs) == result.costs["hardware"].jobs
    assert list((tmp_path / "run").glob("reading-*.qpy"))


@pytest.mark.slow
def test_a_resumed_run_reads_the_same_circuits(tmp_path):
    whole = finish(Session.begin(described(SNAPSHOT), out=tmp_path / "whole"))
    part = Session.begin(described(SNAPSHOT), out=tmp_path / "part")
    with part:
        next(iter(part))
    resumed = finish(Session.resume(tmp_path / "part", jobs=SubmissionPolicy()))
    assert resumed.energy == whole.energy
    assert np.array_equal(resumed.x, whole.x)

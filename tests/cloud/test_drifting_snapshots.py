"""Snapshots whose errors drift between jobs, and whose jobs take the recorded device's time."""

import json

import numpy as np
import pytest
from qiskit import QuantumCircuit
from vendor_jobs import KEY, a_spec

import qvopt
from qvopt.backends.catalogue import get_backend
from qvopt.backends.noisy import Channels, DriftingNoise
from qvopt.backends.recorded_devices import RecordedDevice
from qvopt.cloud.job_spec import JobSpec, Pub
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SMALL = {"shots": 200, "optimizer": "spsa", "measurement": {"grouping": "fully-commuting"}}


def provider(**options):
    return get_backend("ibm:fake_manila", **options).provider


@pytest.fixture(scope="module")
def channels():
    return Channels(RecordedDevice("fake_manila").noise_model())


def test_rates_are_those_of_the_calibration_on_average_and_forget(channels):
    """A log-normal distribution of mean 1, correlated as exp(-lag / τ): over many histories."""
    strength, jobs = 0.4, 10.0
    histories = np.array(
        [
            [DriftingNoise(channels, strength, jobs, seed).factor(1, (0, 1), n) for n in (0, 5, 40)]
            for seed in range(3000)
        ]
    )
    logs = np.log(histories) + strength**2 / 2
    error = 1 / np.sqrt(3000)
    assert abs(histories.mean() - 1) < 4.5 * 0.42 * error
    assert abs(logs.std() / strength - 1) < 4.5 * error
    correlation = np.corrcoef(logs.T)
    assert abs(correlation[0, 1] - np.exp(-0.5)) < 4.5 * error
    assert abs(correlation[0, 2] - np.exp(-4)) < 4.5 * error


def test_every_rate_has_a_history_of_its_own(channels):
    drift = DriftingNoise(channels, 0.4, 10.0)
    factors = [drift.factor(k, q, 3) for k, q in [(0, (0,)), (0, (1,)), (1, (0,)), (1, (0, 1))]]
    assert len(set(factors)) == 4
    drifted = drift.at(3, {k: k for k in range(5)})
    base, now = channels.confusion(1), drifted.confusion(1)
    assert now[1, 0] == pytest.approx(factors[1] * base[1, 0])
    assert np.allclose(now.sum(axis=0), 1.0)
    error, one = channels.error("cx", (0, 1)), np.eye(16)
    assert np.allclose(drifted.error("cx", (0, 1)) - one, factors[3] * (error - one))


def test_without_a_drift_to_speak_of_counts_are_those_of_aer():
    """By the client's Sampler on the snapshot, which is Aer with its noise model."""
    shots = 40_000
    spec = a_spec(provider(), shots=shots)
    there, here = provider(), provider(drift=1e-9)
    for p in (there, here):
        p.submit(spec, KEY)
    job = f"local-{KEY[:16]}"
    pairs = zip(there.result(job, spec).counts[0], here.result(job, spec).counts[0], strict=True)
    for a, b in pairs:
        outcomes = sorted({*a, *b})
        x, y = (np.array([c.get(o, 0) for o in outcomes], dtype=float) for c in (a, b))
        assert x.sum() == y.sum() == shots
        chi2 = float(((x - y) ** 2 / (x + y)).sum())
        assert chi2 < len(outcomes) + 4.5 * np.sqrt(2 * len(outcomes))


def test_jobs_differ_by_their_number_alone():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    drifting = provider(drift=0.8)
    (lowered,) = drifting.lower([circuit], level=1, seed=0, layout=None)

    def counts(number):
        spec = JobSpec((Pub(lowered, np.zeros((1, 0))),), 50_000, seed=3, number=number)
        return drifting.result(drifting.submit(spec, KEY), spec).counts[0][0]

    assert counts(4) == counts(4)
    odd = [sum(n for o, n in counts(k).items() if o in (1, 2)) for k in range(0, 200, 20)]
    assert np.std(odd) > 5 * np.sqrt(np.mean(odd))  # far beyond the shots' scatter


def test_an_interrupted_run_goes_on_with_the_same_device(tmp_path):
    backend = {"name": "ibm:fake_manila", "drift": 0.5, "optimization_level": 1}
    settings = {**SMALL, "backend": backend}
    whole = qvopt.run("h2", max_steps=4, out=tmp_path / "a", **settings)

    def stop(step):
        return step.number == 2

    qvopt.run("h2", max_steps=4, out=tmp_path / "b", callback=stop, **settings)
    # What a kill after the second step leaves of the journal.
    journal = tmp_path / "b" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    ended = next(k for k, line in enumerate(lines) if '"final' in line or '"end"' in line)
    journal.write_text("".join(lines[:ended]))
    again = qvopt.resume(tmp_path / "b")
    assert again.energy == whole.energy
    assert again.x.tolist() == whole.x.tolist()


def test_jobs_take_the_seconds_of_the_device_that_is_recorded(tmp_path):
    backend = {"name": "ibm:fake_manila", "timed": True, "drift": 0.1, "optimization_level": 1}
    result = qvopt.run("h2", max_steps=3, backend=backend, out=tmp_path / "r", **SMALL)
    cost = sum((c for c in result.costs.values()), start=type(next(iter(result.costs.values())))())
    assert cost.qpu_seconds == pytest.approx(2 * cost.jobs + 250e-6 * cost.shots)
    capped = qvopt.run(
        "h2", max_steps=50, backend=backend, budget="12 QPU-s", **SMALL, out=tmp_path / "c"
    )
    assert capped.status == "budget"
    assert sum(c.qpu_seconds for c in capped.costs.values()) <= 12
    assert json.loads((tmp_path / "c" / "result.json").read_text())["status"] == "budget"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drift": 0.2, "twirling": True}, "leave drift, or"),
        ({"drift": 0.2, "resilience": 1}, "leave drift, or"),
        ({"drift": -0.1}, "drift must be a positive standard deviation"),
        ({"drift_jobs": 5.0}, "give drift, such as 0.2"),
    ],
)
def test_what_does_not_go_with_a_drift_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        provider(**options)


def test_devices_neither_drift_on_request_nor_are_timed_here():
    with pytest.raises(InputError, match="of snapshots, such as ibm:fake_manila"):
        get_backend("ibm:ibm_fez", drift=0.2)

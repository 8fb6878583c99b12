"""Snapshots whose errors drift between jobs, and whose jobs take the recorded device's time."""

import json

import numpy as np
import pytest
from qiskit import QuantumCircuit
from slow_cases import rest_slow
from vendor_jobs import KEY, a_spec

import qvopt
from qvopt.backends.catalogue import get_backend
from qvopt.backends.noisy import Channels, DriftingNoise
from qvopt.backends.recorded_devices import RecordedDevice
from qvopt.cloud.ibm_options import IBMOptions, make_sampler, pubs_of, result_of
from qvopt.cloud.job_spec import JobSpec, Pub
from qvopt.cloud.provider import RefusedError
from qvopt_molecules.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SMALL = {"shots": 200, "optimizer": "spsa", "measurement": {"grouping": "fully-commuting"}}


def provider(**options):
    return get_backend("ibm:fake_manila", **options).provider


@pytest.fixture(scope="module")
def channels():
    return Channels(RecordedDevice("fake_manila").noise_model())


def test_rates_are_those_of_the_calibration_on_average_and_forget():
    """A log-normal distribution of mean 1, correlated as exp(-lag / τ): over many histories."""
    strength, jobs = 0.4, 10.0
    histories = np.array(
        [
            [DriftingNoise(strength, jobs, seed).factor(1, (0, 1), n) for n in (0, 5, 40)]
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
    drift = DriftingNoise(0.4, 10.0)
    factors = [drift.factor(k, q, 3) for k, q in [(0, (0,)), (0, (1,)), (1, (0,)), (1, (0, 1))]]
    assert len(set(factors)) == 4
    drifted = drift.at(3, channels, range(5))
    base, now = channels.confusion(1), drifted.confusion(1)
    assert now[1, 0] == pytest.approx(factors[1] * base[1, 0])
    assert np.allclose(now.sum(axis=0), 1.0)
    error, one = channels.error("cx", (0, 1)), np.eye(16)
    assert np.allclose(drifted.error("cx", (0, 1)) - one, factors[3] * (error - one))


@pytest.mark.parametrize("options", rest_slow([{}, {"drift": 1e-9}], [{}]))
def test_without_a_drift_to_speak_of_counts_are_those_of_aer(options):
    """By the client's Sampler on the snapshot, which is Aer with its noise model."""
    shots = 40_000
    here = provider(**options)
    spec = a_spec(here, shots=shots)
    backend, circuit, _ = RecordedDevice("fake_manila").simulator_of(spec.pubs[0].circuit)
    one = JobSpec((Pub(circuit, spec.pubs[0].values),), shots)
    raw = make_sampler(backend, IBMOptions(), seed=7).run(pubs_of(one), shots=shots).result()
    job = here.submit(spec, KEY)
    pairs = zip(result_of(raw, one).counts[0], here.result(job, spec).counts[0], strict=True)
    for a, b in pairs:
        outcomes = sorted({*a, *b})
        x, y = (np.array([c.get(o, 0) for o in outcomes], dtype=float) for c in (a, b))
        assert x.sum() == y.sum() == shots
        chi2 = float(((x - y) ** 2 / (x + y)).sum())
        assert chi2 < len(outcomes) + 4.5 * np.sqrt(2 * len(outcomes))


def bell_with(more):
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    more(circuit)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_a_circuit_that_density_matrices_do_not_cover_runs_by_the_client():
    """A delay of 200 µs relaxes both qubits: the client's noise has it, a density matrix's not."""
    circuit = bell_with(lambda c: c.delay(200e-6, [0, 1], unit="s"))
    here = provider()
    (lowered,) = here.lower([circuit], level=0, seed=0, layout=[0, 1])
    spec = JobSpec((Pub(lowered, np.zeros((2, 0))),), 20_000, seed=3)
    (rows,) = here.result(here.submit(spec, KEY), spec).counts
    assert [sum(row.values()) for row in rows] == [20_000, 20_000]
    assert all(row[0] > 0.7 * 20_000 for row in rows)
    with pytest.raises(RefusedError, match="the circuit has delays; leave drift out"):
        provider(drift=0.2).submit(spec, KEY)


def test_wide_circuits_run_by_the_client_and_are_not_let_drift():
    wide = QuantumCircuit(9, 9)
    wide.h(0)
    for k in range(8):
        wide.cx(k, k + 1)
    wide.measure(range(9), range(9))
    here = get_backend("ibm:fake_guadalupe").provider
    (lowered,) = here.lower([wide], level=1, seed=0, layout=None)
    spec = JobSpec((Pub(lowered, np.zeros((1, 0))),), 500, seed=3)
    (rows,) = here.result(here.submit(spec, KEY), spec).counts
    assert sum(rows[0].values()) == 500
    assert rows[0].get(0, 0) + rows[0].get(511, 0) > 200
    with pytest.raises(RefusedError, match="up to 8 qubits"):
        get_backend("ibm:fake_guadalupe", drift=0.2).provider.submit(spec, KEY)


def test_jobs_differ_by_their_number_alone():
    circuit = bell_with(lambda c: None)
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

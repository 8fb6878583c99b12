"""The IonQ provider, and qiskit-ionq itself, against a stub of the service."""

import logging
import os
import warnings

import numpy as np
import pytest
from ionq_stub import IonQStub
from qiskit.quantum_info import Statevector
from vendor_jobs import KEY, a_circuit, a_spec, check_counts, finish
from vendor_jobs import SECRET as TOKEN

from qvopt.cloud.ionq import IonQProvider, counts_of_probabilities
from qvopt.cloud.provider import (
    JobState,
    ProviderError,
    RefusedError,
    TransientError,
    UncertainError,
)
from qvopt_molecules.errors import InputError


@pytest.fixture
def stub(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # the client reads .env files
    with IonQStub(token=TOKEN) as server:
        monkeypatch.setenv("IONQ_API_KEY", TOKEN)
        monkeypatch.setenv("IONQ_API_URL", server.api)
        yield server


def test_a_job_from_submission_to_counts(stub):
    provider = IonQProvider("simulator")
    spec = a_spec(provider, shots=4000)
    job = provider.submit(spec, KEY)
    assert provider.status(job).state is JobState.RUNNING
    assert finish(provider, job).state is JobState.DONE
    (rows,) = provider.result(job, spec).counts
    for angle, counts in zip((0.3, 1.1), rows, strict=True):
        check_counts(counts, angle, 4000)
    assert provider.result(job, spec).counts == (rows,)
    assert provider.usage(job, spec).qpu_seconds == pytest.approx(1.5)
    assert len(stub.jobs) == 1


def test_frequencies_of_a_processor_are_counts_again(stub):
    provider = IonQProvider("aria-1")
    spec = a_spec(provider, shots=1000)
    job = provider.submit(spec, KEY)
    finish(provider, job)
    (rows,) = provider.result(job, spec).counts
    p = np.sin(0.15) ** 2
    assert rows[0] == {0b100: round(1000 * (1 - p)), 0b111: round(1000 * p)}
    assert stub.jobs[job]["backend"] == "qpu.aria-1"
    assert counts_of_probabilities({0: 1 / 3, 1: 1 / 3, 2: 1 / 3}, 100, None) == {
        0: 34,
        1: 33,
        2: 33,
    }


def test_jobs_are_found_by_their_key(stub):
    provider = IonQProvider("simulator")
    spec = a_spec(provider)
    assert provider.find(KEY) == []
    jobs = [provider.submit(spec, k) for k in (KEY, "cd" * 32, KEY, "ef" * 32, "01" * 32)]
    assert [f.id for f in provider.find(KEY)] == [jobs[0], jobs[2]]  # over pages, oldest first
    provider.cancel(jobs[0])
    assert provider.status(jobs[0]).state is JobState.CANCELLED
    assert [f.id for f in IonQProvider("simulator").find(KEY)] == [jobs[0], jobs[2]]


def test_the_client_itself_agrees_with_the_stub(stub):
    """qiskit-ionq unmodified, from submission to counts: the stub speaks its language."""
    from qiskit_ionq import IonQProvider as Client

    circuit = a_circuit().assign_parameters([0.7])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend = Client().get_backend("ionq_simulator")
        provider = IonQProvider("simulator")
        (lowered,) = provider.lower([circuit], level=1, seed=0, layout=None)
        job = backend.run([lowered, lowered], shots=2000, sampler_seed=3)
        counts = job.result(wait=0.01).get_counts(0)
    expected = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities_dict()
    p = sum(v for k, v in expected.items() if k[1] == "1")
    assert abs(counts.get("111", 0) / 2000 - p) < 0.05
    assert set(counts) <= {"100", "111"}


@pytest.mark.parametrize(
    ("kind", "error", "accepted"),
    [
        (401, RefusedError, 0),
        (413, RefusedError, 0),
        (429, TransientError, 0),
        (500, UncertainError, 0),
        (503, UncertainError, 0),
        ("reset", UncertainError, 0),
        ("reset-after", UncertainError, 1),
        ("garbage", UncertainError, 1),
        ("truncated", UncertainError, 1),
        (lambda d: {"ok": True}, ProviderError, 1),
    ],
)
def test_a_failed_submission_says_what_may_have_happened(stub, kind, error, accepted):
    """One request a call, whatever fails; what was accepted is found by its key."""
    provider = IonQProvider("simulator")
    spec = a_spec(provider)
    stub.fail("POST", "/jobs", kind)
    with pytest.raises(error) as caught:
        provider.submit(spec, KEY)
    assert TOKEN not in str(caught.value)
    assert len([s for s in stub.seen if s[0] == "POST"]) == 1
    assert len(provider.find(KEY)) == accepted == len(stub.jobs)


@pytest.mark.parametrize(
    ("kind", "error"),
    [(500, TransientError), (429, TransientError), ("reset", TransientError),
     ("garbage", TransientError), ("truncated", TransientError), (404, RefusedError),
     (lambda d: {**d, "status": "dreaming"}, ProviderError)],
)  # fmt: skip
def test_a_failed_read_can_be_repeated(stub, kind, error):
    provider = IonQProvider("simulator")
    job = provider.submit(a_spec(provider), KEY)
    stub.fail("GET", job, kind)
    with pytest.raises(error):
        provider.status(job)
    assert finish(provider, job).state is JobState.DONE


@pytest.mark.parametrize(
    "change",
    [
        lambda d: dict(list(d.items())[:1]),  # a part is missing
        lambda d: {k: {"0": 0.4} for k in d},
        lambda d: {k: {"0": float("nan")} for k in d},
        lambda d: {k: [1, 2] for k in d},
        lambda d: [],
    ],
)
def test_wrong_results_are_never_counts(stub, change):
    provider = IonQProvider("simulator")
    spec = a_spec(provider)
    job = provider.submit(spec, KEY)
    finish(provider, job)
    stub.fail("GET", "aggregated", change)
    with pytest.raises(ProviderError):
        provider.result(job, spec)
    assert provider.result(job, spec).counts


def test_a_hanging_service_does_not_hang_us(stub, monkeypatch):
    monkeypatch.setattr("qvopt.cloud.rest.READ_SECONDS", 0.3)
    provider = IonQProvider("simulator")
    spec = a_spec(provider)
    stub.fail("POST", "/jobs", "hang")
    with pytest.raises(UncertainError):
        provider.submit(spec, KEY)


def test_failure_is_reported_with_its_reason(stub):
    stub.state = "failed"
    provider = IonQProvider("simulator")
    job = provider.submit(a_spec(provider), KEY)
    status = finish(provider, job)
    assert status.state is JobState.FAILED
    assert "drifted" in status.reason


def test_prices_are_gates_times_shots(stub):
    provider = IonQProvider("forte-1")
    spec = a_spec(provider, shots=10_000)
    counts = spec.pubs[0].circuit.count_ops()
    twos = counts["cx"]
    ones = sum(counts.values()) - twos - counts["measure"]
    money = 2 * 10_000 * (ones * 0.0001645 + twos * 0.001121)
    assert provider.estimate(spec).money == pytest.approx(max(money, 25.79))
    free = IonQProvider("simulator")
    assert free.estimate(a_spec(free)).money == 0.0
    own = IonQProvider("forte-1", gate_price=(0.0, 1.0, 3.0))
    assert own.estimate(a_spec(own, shots=2)).money == pytest.approx(max(4.0 * twos, 3.0))
    assert IonQProvider("some-new-one").estimate(spec).money is None


def test_the_secret_stays_where_it_is(stub, monkeypatch, tmp_path, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    provider = IonQProvider("simulator")
    stub.fail("POST", "/jobs", 401)
    with pytest.raises(RefusedError) as caught:
        provider.submit(a_spec(provider), KEY)
    texts = [str(caught.value), repr(caught.value), repr(provider), caplog.text]
    texts += list(capfd.readouterr())
    assert not any(TOKEN in text for text in texts)
    monkeypatch.delenv("IONQ_API_KEY")
    with pytest.raises(InputError, match="IONQ_API_KEY"):
        IonQProvider("simulator")
    path = tmp_path / "key"
    path.write_text(TOKEN + "\n")
    monkeypatch.setenv("IONQ_API_KEY_FILE", str(path))
    os.chmod(path, 0o644)
    with pytest.raises(InputError, match="chmod 600") as refused:
        IonQProvider("simulator")
    assert TOKEN not in str(refused.value)
    os.chmod(path, 0o600)
    assert IonQProvider("simulator").find(KEY) == []


def test_a_missing_client_names_its_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "qiskit_ionq", None)
    with pytest.raises(InputError, match=r"\.\[ionq\]"):
        IonQProvider("simulator")

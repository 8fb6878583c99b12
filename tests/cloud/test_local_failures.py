"""Jobs that fail where they cannot be looked for: at once, once, and in one line."""

import time

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, Options
from qiskit_aer import AerSimulator

import qvopt
from qvopt.cloud.calls import Timeouts
from qvopt.cloud.ibm_options import IBMOptions
from qvopt.cloud.job_manager import JobFailedError, JobManager
from qvopt.cloud.provider import (
    Device,
    JobForecast,
    JobSpec,
    ProviderError,
    Pub,
    RefusedError,
    TransientError,
)
from qvopt.cloud.snapshots import SnapshotProvider

MEASURED = {"shots": 100, "grouping": "qubit-wise"}
SECRET = "planted-secret-0123456789"


class Passing:
    """A provider whose submissions raise what they are told to; its jobs die with the process."""

    def __init__(self, errors, *, simulator=True, seconds=0.0):
        self.errors, self.seconds, self.submitted = list(errors), seconds, 0
        self.device = Device("own", "thing", 4, simulator=simulator, durable=False)

    def describe(self):
        return self.device

    def estimate(self, spec):
        return JobForecast(spec.n_circuits, spec.executions, 0.0)

    def submit(self, spec, key):
        self.submitted += 1
        time.sleep(self.seconds)
        if self.errors:
            raise self.errors.pop(0)
        raise AssertionError("it was submitted again")


def a_spec():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    return JobSpec((Pub(circuit, np.zeros((1, 0))),), 10)


@pytest.mark.parametrize("simulator", [True, False])
@pytest.mark.parametrize("error", [ProviderError("odd"), ValueError(SECRET), KeyError("x")])
def test_any_error_of_a_submission_that_cannot_be_found_ends_the_run(error, simulator):
    provider = Passing([error], simulator=simulator)
    lines = []
    manager = JobManager(
        provider, Timeouts(), on_progress=lines.append
    )  # would try for 900 seconds
    with pytest.raises(RefusedError, match="own:thing did not run the job: ") as caught:
        manager.run([a_spec()], (0,))
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert provider.submitted == 1
    assert lines == []


def test_what_had_no_effect_is_tried_again():
    provider = Passing([TransientError("busy"), ValueError("broken")])
    with pytest.raises(RefusedError, match="ValueError"):
        JobManager(provider, Timeouts()).run([a_spec()], (0,))
    assert provider.submitted == 2


def test_a_long_simulation_is_waited_for_and_one_elsewhere_is_not():
    timeouts = Timeouts(submit=0.05)
    slow = Passing([ValueError("after a while")], seconds=0.3)
    with pytest.raises(RefusedError, match="ValueError"):
        JobManager(slow, timeouts).run([a_spec()], (0,))
    elsewhere = Passing([ValueError("after a while")], seconds=0.3, simulator=False)
    with pytest.raises(RefusedError, match="did not answer"):
        JobManager(elsewhere, timeouts).run([a_spec()], (0,))
    assert slow.submitted == elsewhere.submitted == 1


@pytest.mark.slow
def test_a_simulation_that_needs_too_much_memory_says_so():
    provider = SnapshotProvider("fake_torino", IBMOptions())
    circuit = QuantumCircuit(45)
    circuit.h(0)
    circuit.cz(range(44), range(1, 45))
    circuit.rx(0.3, range(45))
    circuit.measure_all()
    (lowered,) = provider.lower([circuit], level=0, seed=0, layout=None)
    spec = JobSpec((Pub(lowered, np.zeros((1, 0))),), 10)
    with pytest.raises(RefusedError, match="ibm:fake_torino: the simulation failed: ") as caught:
        provider.submit(spec, "ab" * 32)
    assert "\n" not in str(caught.value)


class Broken(AerSimulator):
    """A user's backend that raises when it is run, which its job reports later."""

    def run(self, *arguments, **options):
        raise MemoryError("it does not fit")


def test_an_object_whose_job_fails_gives_its_reason():
    with pytest.raises(JobFailedError, match="MemoryError: it does not fit") as caught:
        qvopt.run("h2", backend=Broken(), measurement=MEASURED, max_steps=1)
    assert caught.value.exit_code == 4


class Remote(BackendV2):
    """A backend of another package, whose errors may hold its credentials."""

    target = AerSimulator().target
    max_circuits = None

    @classmethod
    def _default_options(cls):
        return Options()

    def run(self, run_input, **options):
        raise PermissionError(f"key {SECRET} refused")


def test_the_reason_of_an_object_that_may_be_remote_is_its_class_alone():
    with pytest.raises(JobFailedError, match="PermissionError") as caught:
        qvopt.run("h2", backend=Remote(), measurement=MEASURED, max_steps=1)
    assert SECRET not in str(caught.value)

"""One small job, and where it is sent: what the tests of several vendors have in common."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qvopt.cloud.provider import JobSpec, Pub

KEY = "ab" * 32
SECRET = "planted-secret-0123456789"
AWS_ACCESS = "AKIAPLANTEDACCESS"


def aws_environment(url):
    """Variables that point boto3 and the Braket SDK at a stub."""
    return {
        "BRAKET_ENDPOINT": url,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": AWS_ACCESS,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AMZN_BRAKET_OUT_S3_BUCKET": "amazon-braket-results",
    }


def a_circuit():
    """Qubit 0 is in 1 and read into bit 2; qubits 1 and 2 are equal, and go to bits 0 and 1."""
    circuit = QuantumCircuit(3, 3)
    angle = Parameter("a")
    circuit.x(0)
    circuit.ry(angle, 1)
    circuit.cx(1, 2)
    circuit.measure([0, 1, 2], [2, 0, 1])  # not in order
    return circuit


def a_spec(provider, rows=((0.3,), (1.1,)), shots=1000):
    (lowered,) = provider.lower([a_circuit()], level=1, seed=0, layout=None)
    return JobSpec((Pub(lowered, np.array(rows)),), shots, seed=5)


def check_counts(counts, angle, shots):
    """Counts of `a_circuit` at an angle: of the outcomes that can be, at their rates."""
    assert sum(counts.values()) == shots
    assert set(counts) <= {0b100, 0b111}
    p = np.sin(angle / 2) ** 2
    assert abs(counts.get(0b111, 0) / shots - p) < 4 * np.sqrt(p * (1 - p) / shots)


def finish(provider, job):
    """Look at a job until it is final."""
    for _ in range(5):
        status = provider.status(job)
        if status.state.final:
            return status
    raise AssertionError("the job does not end")

"""Stubs stand beside the tests: make them importable. What several files of tests begin with."""

import logging
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def quiet_client():
    """IBM's client neither logs nor warns."""
    log = logging.getLogger("qiskit_ibm_runtime")
    before = log.level
    log.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    log.setLevel(before)


@pytest.fixture
def server(monkeypatch):
    """IBM's loopback server, which the client takes for the service."""
    from ibm_server import Server

    with Server() as stub:
        stub.stand_in(monkeypatch)
        yield stub


@pytest.fixture
def server_of_a_user(monkeypatch, tmp_path):
    """The same, signed in with a secret that must not be shown, from an empty folder."""
    from ibm_server import Server
    from killing import SECRET

    monkeypatch.chdir(tmp_path)
    with Server(token=SECRET) as stub:
        stub.stand_in(monkeypatch)
        yield stub


@pytest.fixture
def braket_service(monkeypatch):
    """A stub of Braket and its S3, which the SDK takes for the service."""
    from braket_stub import BraketStub
    from vendor_jobs import AWS_ACCESS, aws_environment

    with BraketStub(token=AWS_ACCESS) as server:
        for name, value in aws_environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield server

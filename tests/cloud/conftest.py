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

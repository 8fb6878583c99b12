"""A calibration of the readout is in the job of its round, through IBM's client and IonQ's stub."""

import logging
import warnings

import pytest
from ibm_server import Server
from ionq_stub import IonQStub

from qvopt import Session, make_experiment

FAST = {"poll": 0.02, "longest_poll": 0.05, "grace": 0.3, "optimization_level": 1}


def finish(folder, backend):
    experiment = make_experiment(
        {
            "molecule": "h2",
            "optimizer": {"name": "spsa", "learning_rate": 0.1, "perturbation": 0.1},
            "backend": {"name": backend, **FAST},
            "measurement": {"shots": 200, "grouping": "fully-commuting", "postselect": True},
            "mitigation": {"readout": {"shots": 100}},
            "max_steps": 2,
            "monitor": "none",
        }
    )
    with Session.begin(experiment, out=folder) as session:
        list(session)
        return session.result()


@pytest.mark.parametrize(
    "vendor", [pytest.param("ibm:ibm_manila", marks=pytest.mark.slow), "ionq:simulator"]
)
def test_a_calibration_is_in_the_job_of_its_round(vendor, tmp_path, monkeypatch):
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Server() if vendor.startswith("ibm") else IonQStub(token="a-token") as stub:
            environment = getattr(stub, "environment", None) or {
                "IONQ_API_KEY": "a-token",
                "IONQ_API_URL": stub.api,
            }
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            result = finish(tmp_path / "run", vendor)
            assert len(stub.jobs) == 3  # two steps, the final energies
    assert result.costs["readout-calibration"].shots >= 200
    assert result.energy is not None

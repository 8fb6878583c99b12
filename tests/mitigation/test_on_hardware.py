"""Mitigation through the path of hardware jobs: the same seam, and its jobs are counted."""

import numpy as np
import pytest

from qvopt import make_experiment, run
from qvopt.assembly import assemble
from qvopt.optimizers.protocol import Energy

pytest.importorskip("qiskit_ibm_runtime")


@pytest.mark.slow
def test_mitigation_on_a_snapshot_as_hardware():
    best = run("h2")
    data = {"molecule": "h2", "backend": "ibm:fake_manila", "shots": 4000}
    errors = {}
    for name, spec in (("raw", {}), ("all", {"readout": True, "zne": {"folding": "all"}})):
        measurement = {"postselect": bool(spec)}
        a = assemble(make_experiment({**data, "measurement": measurement, "mitigation": spec}))
        (answer,) = a.evaluator.answer([Energy(best.x)], 1, 0)
        errors[name] = answer.value - best.energy
        assert np.isfinite(answer.variance)
    assert abs(errors["all"]) < 0.4 * errors["raw"]
    calibrated = set(a.program.sample_calibration(100, np.random.SeedSequence(1))[0])
    for group in range(len(a.plan.groups)):
        assert set(a.program.readout_qubits(group)) <= calibrated

"""Mitigation through the path of hardware jobs: the same seam, and its jobs are counted."""

import numpy as np
import pytest

from qvopt import make_experiment, run
from qvopt.backends.batch import Batch
from qvopt.engine.assembly import assemble
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
    result = a.program.run(Batch(calibration_shots=100), np.random.SeedSequence(1))
    calibrated = set(result.calibration.qubits)
    for group in range(len(a.plan.groups)):
        assert set(a.program.readout_qubits(group)) <= calibrated


def test_rows_without_parameters_are_rows():
    """Each row of a circuit without parameters is run, with noise of its own."""
    from qvopt.cloud.provider import JobSpec, Pub

    data = {"molecule": "h2", "backend": "ibm:fake_manila", "shots": 100}
    a = assemble(make_experiment({**data, "mitigation": {"readout": True}}))
    provider = a.program.provider
    (circuit, _) = a.program.circuits.calibration
    spec = JobSpec((Pub(circuit, np.zeros((3, 0))), Pub(circuit, np.zeros((1, 0)))), 2000, seed=1)
    result = provider.result(provider.submit(spec, "ab" * 32), spec)
    assert [len(rows) for rows in result.counts] == [3, 1]
    found = [tuple(sorted(c.items())) for rows in result.counts for c in rows]
    assert len(set(found)) == 4
    assert all(sum(c.values()) == 2000 for rows in result.counts for c in rows)

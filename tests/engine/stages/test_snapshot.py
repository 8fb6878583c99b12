"""Aer on a device snapshot: circuits stay on the device, and mitigation helps where it should."""

import numpy as np
import pytest

from qvopt import make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.optimizers.protocol import Energy, Fidelity
from qvopt_molecules.errors import InputError

pytest.importorskip("qiskit_ibm_runtime")


def an_assembly(mitigation, postselect=False):
    return assemble(
        make_experiment(
            {
                "molecule": "h2",
                "backend": "aer:fake_manila",
                "shots": 4000,
                "measurement": {"postselect": postselect},
                "mitigation": mitigation,
            }
        )
    )


def check_circuits(a):
    """Gates and pairs of qubits are the device's, and each orbital has a qubit of its own."""
    coupled = {tuple(sorted(e)) for e in a.program.device.backend.coupling_map}
    for g, circuit in enumerate(a.program.circuits.groups):
        assert set(circuit.count_ops()) <= {"rz", "sx", "x", "cx", "measure", "barrier"}
        for step in circuit.data:
            if step.operation.name == "cx":
                pair = sorted(circuit.find_bit(q).index for q in step.qubits)
                assert tuple(pair) in coupled
        assert len(set(a.program.readout_qubits(g))) == 4


def test_circuits_stay_on_the_device_and_readout_is_corrected():
    x, errors = run("h2").x, []
    exact = assemble(make_experiment({"molecule": "h2"})).evaluator.exact_energy(x)
    for spec in ({}, {"readout": True}):
        a = an_assembly(spec)
        check_circuits(a)
        errors.append(a.evaluator.answer([Energy(x)], 1, 0)[0].value - exact)
    assert errors[0] > errors[1]


@pytest.mark.slow
def test_energies_of_a_snapshot():
    best = run("h2")
    errors = {}
    for name, spec, postselect in (
        ("raw", {}, False),
        ("readout", {"readout": True}, False),
        ("all", {"readout": True, "zne": {"folding": "all"}}, True),
    ):
        a = an_assembly(spec, postselect)
        answers = [a.evaluator.answer([Energy(best.x)], 1, k)[0] for k in range(2)]
        errors[name] = np.mean([v.value for v in answers]) - best.energy
        check_circuits(a)
    assert errors["raw"] > errors["readout"] > errors["all"]
    assert abs(errors["all"]) < 0.3 * errors["raw"]
    near, far = (a.evaluator.answer([Fidelity(best.x, best.x + d, 500)], 2)[0] for d in (0.0, 1.5))
    assert far.value < near.value < 1.0


def test_names_of_snapshots():
    with pytest.raises(InputError, match="did you mean 'fake_manila'"):
        run("h2", backend="aer:fake_manilla", shots=100)
    with pytest.raises(InputError, match="brings its own noise"):
        run("h2", backend={"name": "aer:fake_manila", "noise": {"readout": 0.1}}, shots=100)

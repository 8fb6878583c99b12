"""Electron number and S_z that the outcomes of an energy show, against dense algebra."""

import numpy as np
import pytest

from qvopt import run
from qvopt.backends.batch import Batch, Point
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.measurement.readings import read_operators
from qvopt.runs.folder import RunFolder
from qvopt.runs.rows import result_rows
from qvopt.runs.session import Session
from qvopt.runs.stored import stored_result
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.number_operators import number_operators

NOISE = {"name": "aer", "noise": {"two_qubit": 0.02, "one_qubit": 0.002}}
MAPPINGS = ["jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev", "jordan-wigner-tapered"]
GROUPINGS = ["qubit-wise", "fully-commuting", "basis-rotation", "fluid-basis-rotation",
             "derandomized"]  # fmt: skip


def noisy(**settings):
    data = {"molecule": "h2", "backend": NOISE, "seed": 3, **settings}
    return assemble(make_experiment(data))


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_operators_are_those_of_dense_algebra(mapping, h3_plus):
    operators = number_operators(h3_plus, mapping)
    energy = qubit_hamiltonian(h3_plus, mapping).to_sparse()
    for operator in operators.values():
        assert not operator.x.any()
        dense = operator.to_sparse()
        assert abs(dense @ energy - energy @ dense).max() < 1e-12  # conserved
    energies, vectors = np.linalg.eigh(energy.toarray())
    in_sector = [
        k
        for k, v in enumerate(vectors.T)
        if all(
            abs(np.vdot(v, o.to_sparse() @ v).real - value) < 1e-9
            for o, value in zip(operators.values(), (2.0, 0.0), strict=True)
        )
    ]
    assert energies[in_sector[0]] == pytest.approx(-1.2744, abs=1e-3)  # full CI of two electrons


@pytest.fixture(scope="module")
def h3_plus():
    return assemble(make_experiment({"molecule": "h3+"})).molecular


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_noisy_readings_scatter_about_the_truth(grouping):
    """The density matrix of the noisy circuit, by Qiskit, has the electrons that are read."""
    from qiskit import transpile
    from qiskit_aer import AerSimulator

    from qvopt_circuits.lowering.qiskit_lowering import to_qiskit

    assembly = noisy(measurement={"grouping": grouping, "shots": 1000})
    x = np.full(assembly.circuit.n_parameters, 0.4)
    operators = number_operators(assembly.molecular, "jordan-wigner")
    plan, program = assembly.plan, assembly.program
    shots = np.full((1, len(plan.groups)), 4000)
    batch = Batch(points=[Point(x)], shots=shots, counts=True)
    (counts,) = program.run(batch, np.random.SeedSequence(1)).counts
    readings = read_operators(plan, counts, operators)
    circuit = to_qiskit(program.circuits.free)
    parameters = sorted(circuit.parameters, key=lambda p: p.index)
    angles = program.circuits.angles(Point(x))
    circuit = circuit.assign_parameters(dict(zip(parameters, angles, strict=True)))
    model = program._noise_model
    lowered = transpile(circuit, basis_gates=[g for g in model.basis_gates if g != "id"],
                        optimization_level=1, seed_transpiler=0)  # fmt: skip
    lowered.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    rho = np.asarray(simulator.run(lowered, shots=1).result().data(0)["density_matrix"])
    for name, operator in operators.items():
        exact = float(np.trace(operator.to_sparse() @ rho).real)
        estimate = readings[name]
        # Basis changes add noise of their own, which the bare circuit has not.
        assert abs(estimate.value - exact) < 5 * estimate.stderr + 0.03, (name, grouping)
        assert 0 < estimate.stderr < 0.05
    assert readings["electrons"].value != 2.0


def test_runs_on_noisy_backends_show_them(tmp_path):
    settings = {"backend": NOISE, "shots": 500, "max_steps": 2, "optimizer": "spsa", "seed": 5}
    result = run("h2", out=tmp_path / "r", **settings)
    numbers = result.numbers
    assert numbers.measured
    assert numbers.s2 is None
    assert abs(numbers.electrons - 2) < 0.3
    assert 0 < numbers.electrons_error < 0.1
    (row,) = [r for r in result_rows(result) if r[0] == "⟨N⟩, ⟨S_z⟩"]
    assert "not measured" in row[2]
    assert stored_result(RunFolder.open(tmp_path / "r")).numbers == numbers
    assert result.document()["state"]["electrons_error"] == numbers.electrons_error
    # Nothing was drawn or paid for it.
    journal = (tmp_path / "r" / "journal.jsonl").read_text().splitlines()
    assert sum('"role": "final"' in line or '"role":"final"' in line for line in journal) == 1
    # Cut after the final round: what was read is in the journal.
    cut = [k for k, line in enumerate(journal) if '"readings"' in line]
    (tmp_path / "r" / "journal.jsonl").write_text("\n".join(journal[: cut[0] + 1]) + "\n")
    with Session.resume(tmp_path / "r") as session:
        for _ in session:
            pass
        again = session.result()
    assert again.numbers == numbers
    assert again.energy == result.energy


@pytest.mark.parametrize(
    "mitigation",
    [{"zne": {"scales": [1, 3]}}, {"readout": {"shots": 500}}, {"reference": {}}],
    ids=["zne", "readout", "reference"],
)
def test_mitigated_energies_show_raw_readings(mitigation):
    backend = {"name": "aer", "noise": {"two_qubit": 0.02, "readout": 0.03}}
    settings = {"shots": 2000, "max_steps": 1, "optimizer": "spsa", "seed": 2}
    result = run("h2", backend=backend, mitigation=mitigation, **settings)
    assert result.numbers.measured
    assert 1.7 < result.numbers.electrons < 2.3


def test_a_selection_throws_nothing_of_them_away():
    backend = {"name": "aer", "noise": {"two_qubit": 0.03, "readout": 0.05}}
    settings = {"shots": 2000, "max_steps": 1, "optimizer": "spsa", "seed": 2}
    result = run("h2", backend=backend, measurement={"postselect": True}, **settings)
    # With every wrong outcome thrown away it would be 2 and without error.
    assert result.numbers.electrons_error > 0
    assert abs(result.numbers.electrons - 2) > 1e-3

"""What a circuit says of its energy, held against the energies themselves."""

import numpy as np
import pytest

from qvopt.backends.batch import Point
from qvopt.engine.assembly import assemble
from qvopt.engine.landscape import describe_landscape
from qvopt.experiment.specification import make_experiment


def assembled(**settings):
    return assemble(make_experiment(settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"molecule": "h2"},
        {"molecule": "h4-chain"},
        {"molecule": "h4-chain", "ansatz": {"name": "uccsd", "spin_adapted": True}},
        {"molecule": "h2", "ansatz": "hardware-efficient", "backend": "lightning"},
    ],
)
def test_frequencies_are_those_of_the_energy(settings):
    """E along each parameter, sampled finely, has no other Fourier components."""
    a = assembled(**settings)
    landscape = a.evaluator.landscape
    x = np.random.default_rng(0).uniform(-1, 1, landscape.n)
    assert len(landscape.frequencies) == landscape.n
    base = min(min(f) for f in landscape.frequencies)
    count = 64
    for i in range(0, landscape.n, max(1, landscape.n // 6)):
        points = []
        for k in range(count):
            y = x.copy()
            y[i] += 2 * np.pi * k / count / base
            points.append(Point(y))
        spectrum = np.abs(np.fft.rfft(a.program.energies(points))) / count
        allowed = {0, *(round(f / base) for f in landscape.frequencies[i])}
        others = [v for k, v in enumerate(spectrum) if k not in allowed]
        assert max(others) < 1e-10


def test_curvature_is_a_bound():
    a = assembled(molecule="h2")
    x, h = np.random.default_rng(1).uniform(-1, 1, 3), 1e-5
    hessian = np.array(
        [
            (a.program.gradient(x + e)[1] - a.program.gradient(x - e)[1]) / (2 * h)
            for e in h * np.eye(3)
        ]
    )
    assert np.abs(hessian).max() <= a.evaluator.landscape.curvature


def test_groups_are_partitions_by_what_they_say():
    a = assembled(molecule="lih")
    groups = a.evaluator.landscape.groups
    n = a.circuit.n_parameters
    for partition in groups.values():
        assert sorted(i for group in partition for i in group) == list(range(n))
    gates = [a.circuit.gates[k] for k in a.circuit.parametric]
    assert {frozenset(gates[i].name for i in group) for group in groups["class"]} == {
        frozenset({"single-excitation"}),
        frozenset({"double-excitation"}),
    }
    for group in groups["row"]:
        assert len({gates[i].qubits[: len(gates[i].qubits) // 2] for i in group}) == 1
    for group in groups["column"]:
        assert len({gates[i].qubits[len(gates[i].qubits) // 2 :] for i in group}) == 1
    assert len(groups["row"]) + len(groups["column"]) < n


def test_rotations_are_rows_of_layers():
    a = assembled(molecule="h2", ansatz="hardware-efficient", backend="lightning")
    groups = a.evaluator.landscape.groups
    assert len({len(group) for group in groups["row"]}) == 1
    assert len(groups["row"]) * len(groups["row"][0]) == a.circuit.n_parameters


def test_least_shots_are_what_a_gradient_needs():
    from qvopt.optimizers.protocol import Gradient
    from qvopt_molecules.errors import InputError

    a = assembled(molecule="h2", shots=1000)
    least = a.evaluator.landscape.least_shots
    (answer,) = a.evaluator.answer([Gradient(a.start, list(least))], 1, 0)
    assert answer.shots == sum(least)
    short = [least[0] - 1, *least[1:]]
    with pytest.raises(InputError, match="too few"):
        a.evaluator.answer([Gradient(a.start, short)], 1, 0)


def test_least_shots_follow_the_gradient_rule():
    """Spin-adapted parameters turn several gates: fewer energies where parameters are shifted."""
    from qvopt.gradients.rules import get_gradient_rule
    from qvopt.measurement.basis_rotation import basis_rotation_plan
    from qvopt_circuits.uccsd import UCCSD
    from qvopt_molecules.catalogue import find_molecule
    from qvopt_molecules.integrals import build_hamiltonian
    from qvopt_molecules.mappings import qubit_hamiltonian

    h = build_hamiltonian(find_molecule("h4-chain"))
    circuit, plan = UCCSD(spin_adapted=True).circuit(h), basis_rotation_plan(h)
    x = np.zeros(circuit.n_parameters)
    for name in ("parameter-shift", "whole-parameter-shift"):
        rule = get_gradient_rule(name)
        found = describe_landscape(circuit, qubit_hamiltonian(h), plan, rule).least_shots
        expansion = rule(circuit, x, lambda: np.random.default_rng(0))
        points = [np.count_nonzero(row) for row in expansion.matrix.toarray()]
        assert found == tuple(2 * len(plan.groups) * p for p in points)

"""Folded circuits and extrapolated values, against Qiskit's operators and mitiq."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator

from qvopt.backends.folding import fold_circuit, folded_scale
from qvopt.measurement.estimate import Estimate
from qvopt.measurement.extrapolation import Extrapolation
from qvopt_molecules.errors import InputError


def a_circuit(basis):
    circuit = QuantumCircuit(3)
    angle = Parameter("a")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.rz(angle, 1)
    circuit.cx(1, 2)
    circuit.ry(0.3, 2)
    circuit.cx(0, 2)
    return transpile(circuit, basis_gates=basis, optimization_level=1, seed_transpiler=0)


@pytest.mark.parametrize("two", ["cx", "cz", "ecr", "iswap"])
@pytest.mark.parametrize("kind", ["two-qubit", "all"])
@pytest.mark.parametrize("scale", [1.0, 1.7, 3.0, 5.0])
def test_folding_leaves_the_unitary_and_the_gate_set(two, kind, scale):
    circuit = a_circuit(["rz", "sx", "x", two])
    folded = fold_circuit(circuit, scale, kind)
    assert set(folded.count_ops()) <= {"rz", "sx", "x", two}
    assert folded.parameters == circuit.parameters
    bound = [c.assign_parameters([0.4]) for c in (circuit, folded)]
    assert Operator(bound[0]).equiv(Operator(bound[1]))
    before, after = circuit.count_ops()[two], folded.count_ops()[two]
    reached = folded_scale(circuit, scale, kind)
    assert abs(reached - scale) <= 1 / before + 1e-9
    if kind == "two-qubit":
        assert after == pytest.approx(reached * before)


def test_folding_refuses_what_it_cannot_invert():
    circuit = QuantumCircuit(2)
    circuit.dcx(0, 1)
    with pytest.raises(InputError, match="dcx"):
        fold_circuit(circuit, 3.0)
    with pytest.raises(InputError, match="amplified"):
        fold_circuit(circuit, 0.5)


@pytest.mark.filterwarnings("ignore")
def test_values_are_mitiqs():
    # mitiq is not released for every Python that we are.
    inference = pytest.importorskip("mitiq.zne.inference")

    scales, values = (1.0, 2.0, 3.0), [-1.02, -0.93, -0.87]
    estimates = [Estimate(v, 1e-4, 100) for v in values]
    for fit, factory in (
        ("linear", inference.LinearFactory),
        ("richardson", inference.RichardsonFactory),
    ):
        ours = Extrapolation(scales, fit).combine(estimates)
        assert ours.value == pytest.approx(factory.extrapolate(scales, values))
        assert ours.shots == 300
    # An exact exponential: mitiq weights the points otherwise, and finds the same curve.
    values = [0.1 - 1.2 * np.exp(-0.2 * s) for s in scales]
    ours = Extrapolation(scales, "exponential", 0.1).combine([Estimate(v) for v in values])
    assert ours.value == pytest.approx(
        inference.ExpFactory.extrapolate(scales, values, asymptote=0.1)
    )
    assert ours.value == pytest.approx(-1.1)


@pytest.mark.parametrize("fit", ["linear", "richardson", "exponential"])
def test_variance_of_an_extrapolation_is_honest(fit):
    rng = np.random.default_rng(4)
    scales, errors = (1.0, 2.0, 3.0), np.array([0.01, 0.02, 0.015])
    rule = Extrapolation(scales, fit, 0.2)
    truth = 0.2 - 1.3 * np.exp(-0.15 * np.array(scales))
    common = rng.normal(size=4000)  # one calibration, in all scales
    found = []
    for draw, shift in zip(rng.normal(truth, errors, size=(4000, 3)), common, strict=True):
        parts = [
            Estimate(v + 0.01 * shift, e**2 + 0.01**2, 10, (0.01,))
            for v, e in zip(draw, errors, strict=True)
        ]
        found.append(rule.combine(parts))
    spread = np.var([f.value for f in found], ddof=1)
    assert np.mean([f.variance for f in found]) == pytest.approx(spread, rel=0.1)


def test_an_exponential_without_a_curve_is_linear():
    parts = [Estimate(-0.1, 1e-4, 5), Estimate(0.1, 1e-4, 5)]
    ours = Extrapolation((1.0, 3.0), "exponential").combine(parts)
    assert ours.value == pytest.approx(Extrapolation((1.0, 3.0)).combine(parts).value)
    with pytest.raises(InputError, match="different"):
        Extrapolation((1.0, 1.0))

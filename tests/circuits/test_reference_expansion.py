"""Derivatives at the reference from matrix elements, against those of whole states."""

import numpy as np
import pytest

from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt_circuits.newton_start import newton_amplitudes, rational_step
from qvopt_circuits.reference_expansion import ReferenceExpansion, reference_expansion

H4 = {"name": "h4-chain", "set": {"bond": 1.5}}
CATION = {"name": "h2o", "charge": 1, "spin": 1, "active_space": {"frozen_core": 1}}


def assembled(molecule, **ansatz):
    return assemble(make_experiment({"molecule": molecule, "ansatz": ansatz}))


@pytest.mark.parametrize(
    "ansatz",
    [
        {"name": "uccsd"},
        {"name": "uccsd", "spin_adapted": True, "point_group": True},
        {"name": "uccsd", "trotter_steps": 2, "order": "mp2"},
        {"name": "qeb"},
        {"name": "k-upccgsd", "k": 2},
        {"name": "uccgsd"},
        pytest.param({"name": "lucj"}, marks=pytest.mark.slow),
        {"name": "tups"},
    ],
    ids=lambda ansatz: "-".join(str(v) for v in ansatz.values()),
)
def test_energy_gradient_and_hessian(ansatz):
    """Against the sector engine, and its gradient's differences."""
    a = assembled(H4, **ansatz)
    expansion = reference_expansion(a.circuit, a.molecular)
    n = a.circuit.n_parameters
    energy, gradient = a.program.gradient(np.zeros(n))
    assert expansion.energy == pytest.approx(energy, abs=1e-10)
    assert expansion.gradient == pytest.approx(gradient, abs=1e-10)
    hessian = np.array(
        [(a.program.gradient(e)[1] - a.program.gradient(-e)[1]) / 2e-4 for e in 1e-4 * np.eye(n)]
    )
    assert expansion.hessian == pytest.approx((hessian + hessian.T) / 2, abs=1e-5)


def test_open_shell():
    a = assembled(CATION, name="uccsd")
    expansion = reference_expansion(a.circuit, a.molecular)
    energy, gradient = a.program.gradient(np.zeros(a.circuit.n_parameters))
    assert expansion.energy == pytest.approx(energy, abs=1e-10)
    assert expansion.gradient == pytest.approx(gradient, abs=1e-10)


def test_circuits_of_another_kind_have_none():
    a = assemble(
        make_experiment({"molecule": "h2", "ansatz": "hardware-efficient", "backend": "lightning"})
    )
    assert reference_expansion(a.circuit, a.molecular) is None


def expansion_of(gradient, hessian, metric):
    return ReferenceExpansion(0.0, gradient, hessian, metric, 0, ())


def test_rational_step_solves_its_equation():
    rng = np.random.default_rng(3)
    g, h = 0.1 * rng.normal(size=4), np.diag([1.0, 2.0, 0.7, 1.5])
    h[0, 1:] = h[1:, 0] = 0.1
    s = np.diag([1.0, 4.0, 2.0, 1.0])
    x = rational_step(expansion_of(g, h, s))
    assert (h - (g @ x) * s) @ x == pytest.approx(-g, abs=1e-12)
    small = rational_step(expansion_of(1e-4 * g, h, s))
    assert small == pytest.approx(-np.linalg.solve(h, 1e-4 * g), rel=1e-5)
    assert np.abs(rational_step(expansion_of(g, -0.01 * h, s))).max() <= 1.0


def test_redundant_parameters_share_the_step():
    g, h = np.array([-0.1, -0.1]), np.ones((2, 2))
    x = rational_step(expansion_of(g, h, np.ones((2, 2))))
    assert x[0] == pytest.approx(x[1])
    assert x.sum() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("molecule", "above"),
    [("h2", 0.02), ({"name": "lih", "active_space": {"frozen_core": 1}}, 0.2), (H4, 2.6)],
)
def test_newton_start_is_near_the_minimum(molecule, above):
    """In mHa above full CI, where MP2 amplitudes leave 2.6, 3.1 and 40."""
    from qvopt_molecules.references import fci_energy_if_small

    a = assembled(molecule, name="uccsd", initial="newton")
    error = a.program.gradient(a.start)[0] - fci_energy_if_small(a.molecular)
    assert 0 <= 1e3 * error < above


def test_newton_start_of_spin_adapted_amplitudes():
    a = assembled(H4, name="uccsd", initial="newton", spin_adapted=True, point_group=True)
    assert a.start == pytest.approx(newton_amplitudes(a.circuit, a.molecular))
    assert a.program.gradient(a.start)[0] < a.program.gradient(0 * a.start)[0] - 0.15

"""What is known before anything is measured, against energies of whole states."""

import numpy as np
import pytest

from qvopt.engine.assembly import assemble
from qvopt.engine.classical_model import classical_model
from qvopt.experiment.specification import make_experiment

CORE = {"active_space": {"frozen_core": 1}}
PROBLEMS = [
    ({"name": "lih", **CORE}, {"name": "uccsd"}, 10),
    ({"name": "h4-chain", "set": {"bond": 1.5}}, {"name": "uccsd"}, 14),
    ({"name": "h4-chain", "set": {"bond": 1.5}}, {"name": "k-upccgsd", "k": 2}, 16),
    ({"name": "beh2", **CORE}, {"name": "qeb"}, 18),
]


def assembled(molecule, ansatz, **settings):
    return assemble(make_experiment({"molecule": molecule, "ansatz": ansatz, **settings}))


@pytest.mark.parametrize(("molecule", "ansatz", "active"), PROBLEMS)
def test_vanishing_parameters_have_no_gradient(molecule, ansatz, active):
    """Anywhere in the space of the others; and the others do have one somewhere."""
    a = assembled(molecule, ansatz)
    model = classical_model(a.circuit, a.molecular)
    assert np.count_nonzero(~model.vanishing) == active
    rng = np.random.default_rng(0)
    x = np.where(model.vanishing, 0.0, 0.3 * rng.normal(size=len(model.vanishing)))
    gradient = a.program.gradient(x)[1]
    assert np.abs(gradient[model.vanishing]).max() < 1e-10
    # The first pair double of k-UpCCGSD acts on a full pair, and does nothing.
    idle = int(ansatz["name"] == "k-upccgsd")
    assert np.count_nonzero(np.abs(gradient[~model.vanishing]) < 1e-10) == idle


@pytest.mark.parametrize(("molecule", "ansatz"), [p[:2] for p in PROBLEMS])
def test_partners_have_equal_derivatives_at_the_reference(molecule, ansatz):
    a = assembled(molecule, ansatz)
    model = classical_model(a.circuit, a.molecular)
    for i, j, sign in model.partners:
        assert model.gradient[i] == pytest.approx(sign * model.gradient[j], abs=1e-9)
        assert model.hessian[i, i] == pytest.approx(model.hessian[j, j], abs=1e-9)
    if ansatz["name"] != "k-upccgsd":  # which ties them already
        assert len(model.partners) >= 10


def test_partners_are_equal_at_the_minimum():
    """But for the order of the gates."""
    from scipy.optimize import minimize

    a = assembled({"name": "h4-chain"}, {"name": "uccsd"})
    model = classical_model(a.circuit, a.molecular)
    found = minimize(a.program.gradient, model.starts["newton"], jac=True, tol=1e-10)
    for i, j, sign in model.partners:
        assert found.x[i] == pytest.approx(sign * found.x[j], abs=0.01)


@pytest.mark.parametrize(
    "ansatz",
    [{"name": "uccsd"}, {"name": "uccsd", "spin_adapted": True}, {"name": "qeb"}],
)
def test_perturbative_start_is_that_of_the_ansatz(ansatz):
    molecule = {"name": "h4-chain", "set": {"bond": 1.5}}
    a = assembled(molecule, {**ansatz, "initial": "mp2"})
    model = classical_model(a.circuit, a.molecular)
    assert model.starts["mp2"] == pytest.approx(a.start, abs=1e-12)


def test_landscape_carries_it():
    a = assembled("h2", {"name": "uccsd"}, measurement={"shots": 100})
    model = a.evaluator.landscape.classical()
    assert model.gradient == pytest.approx(a.program.gradient(np.zeros(3))[1], abs=1e-12)


@pytest.mark.parametrize(
    ("ansatz", "settings"),
    [
        ({"name": "hardware-efficient"}, {"backend": "lightning"}),
        ({"name": "uccsd"}, {"mapping": "parity", "backend": "lightning"}),
        ({"name": "lucj"}, {}),  # stationary at Hartree-Fock
    ],
)
def test_none_where_nothing_is_known(ansatz, settings):
    a = assembled("h2", ansatz, **settings)
    classical = a.evaluator.landscape.classical
    assert classical is None or classical() is None

"""The classical Hessian as a preconditioner, on quadratics with a known one."""

import numpy as np
import pytest

from qvopt import run
from qvopt.optimizers.combine import chain, scale
from qvopt.optimizers.descent import descent
from qvopt.optimizers.hessian import (
    classical_hessian,
    precondition_by_hessian,
    rescaled_by_hessian,
)
from qvopt.optimizers.protocol import ClassicalModel, Landscape
from qvopt.optimizers.registry import get_optimizer
from qvopt_molecules.errors import InputError

HESSIAN = np.array([[30.0, 2.0], [2.0, 0.5]])
MINIMUM = np.array([0.3, -1.2])
START = np.array([1.0, 1.0])


def energy(x):
    return 0.5 * float((x - MINIMUM) @ HESSIAN @ (x - MINIMUM))


def slope(x):
    return HESSIAN @ (x - MINIMUM)


def landscape():
    model = ClassicalModel(slope(0 * START), HESSIAN, np.eye(2), np.zeros(2, dtype=bool))
    return Landscape(2, classical=lambda: model)


def test_newtons_step_ends_on_a_quadratic(drive, Function):
    newton = descent(chain(precondition_by_hessian(HESSIAN), scale(-1.0)))
    x, taken, _ = drive(newton, START, Function(energy, slope))
    assert x == pytest.approx(MINIMUM, abs=1e-12)
    assert taken == 1


def test_eigenvalues_are_positive():
    model = ClassicalModel(START, np.diag([-3.0, 0.01]), np.eye(2), np.zeros(2, dtype=bool))
    matrix = classical_hessian(Landscape(2, classical=lambda: model), floor=0.2)
    assert matrix == pytest.approx(np.diag([3.0, 0.2]))


def test_every_rule_takes_it(drive, Function):
    """Gradient descent with a rate of 0.5 halves every distance, where plain it would diverge."""
    optimizer = get_optimizer("gradient-descent", learning_rate=0.5, precondition=True)
    x, _, _ = drive(optimizer, START, Function(energy, slope), steps=10, landscape=landscape())
    assert x - MINIMUM == pytest.approx((START - MINIMUM) / 2**10)


@pytest.mark.parametrize("name", ["spsa", "gcans", "l-bfgs", "noise-aware-l-bfgs", "adam"])
def test_rescaled_coordinates(name, drive, Function):
    """The path is that of the same optimizer on the function of y = √P_ii x."""
    s = np.sqrt(np.diag(classical_hessian(landscape())))
    inside = Function(lambda y: energy(y / s), lambda y: slope(y / s) / s)
    y, _, _ = drive(get_optimizer(name), START * s, inside, steps=20)
    optimizer = rescaled_by_hessian(get_optimizer(name))
    outside = Function(energy, slope)
    x, _, _ = drive(optimizer, START, outside, steps=20, landscape=landscape())
    assert x * s == pytest.approx(y, abs=1e-9)


def test_rescaled_landscape_and_metric(drive, Function):
    known = Landscape(2, ((1.0,), (2.0,)), classical=landscape().classical)
    with pytest.raises(InputError, match="no metric"):
        drive(rescaled_by_hessian(get_optimizer("qng")), START, Function(energy, slope),
              landscape=known)  # fmt: skip


def test_needs_a_model():
    with pytest.raises(InputError, match="known classically only"):
        run(
            "h2",
            optimizer={"name": "adam", "precondition": True},
            ansatz="hardware-efficient",
            backend="lightning",
            max_steps=1,
        )
    with pytest.raises(InputError, match="positive definite"):
        precondition_by_hessian(-HESSIAN)


def test_newton_descent_is_fast_on_a_molecule():
    settings = {"max_steps": 40, "ansatz": "uccsd"}
    plain = run("h4-chain", optimizer={"name": "gradient-descent"}, **settings)
    newton = run(
        "h4-chain",
        optimizer={"name": "gradient-descent", "precondition": True, "learning_rate": 0.7},
        **settings,
    )
    assert newton.energy < plain.energy - 1e-3
    assert newton.energy - newton.fci < 2e-4

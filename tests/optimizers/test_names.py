"""`qvopt.optimizers` and `qvopt.transforms` have every name, as a function with a signature."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import qvopt
from qvopt import optimizers, transforms
from qvopt.optimizers.registry import describe, optimizer_names
from qvopt_molecules.errors import InputError

NAMES = [name.replace("-", "_") for name in optimizer_names()]


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_is_a_function_of_its_hyper_parameters(name):
    factory = getattr(optimizers, name)
    assert inspect.isfunction(factory)
    assert factory.__name__ == name
    parameters = inspect.signature(factory).parameters
    assert list(parameters) == list(describe(name).defaults)
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())
    made = factory()
    assert repr(made).startswith(f"get_optimizer('{describe(name).name}'")
    assert inspect.getdoc(factory)


def test_names_are_complete():
    assert set(NAMES) <= set(dir(optimizers))
    assert set(optimizers.__all__) == set(NAMES)
    assert optimizers.__all__ == sorted(optimizers.__all__)
    for name in transforms.__all__:
        assert callable(getattr(transforms, name))
        assert inspect.signature(getattr(transforms, name)).parameters is not None
    assert set(transforms.__all__) <= set(dir(transforms))


def test_names_stay_whatever_was_imported_before():
    script = """
import qvopt.optimizers.kalman.optimizer, qvopt.optimizers.lbfgs, qvopt.optimizers.rules
import inspect
from qvopt import optimizers
from qvopt.optimizers import *
for name in optimizers.__all__:
    assert inspect.isfunction(getattr(optimizers, name)), name
    assert inspect.isfunction(globals()[name]), name
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_wrong_hyper_parameters_and_names():
    with pytest.raises(InputError, match="learning_rate"):
        optimizers.adam(learning_rat=0.1)
    with pytest.raises(InputError, match="by name"):
        optimizers.adam(0.1)
    with pytest.raises(AttributeError, match="adam"):
        _ = optimizers.adamm
    assert not hasattr(optimizers, "_private")


def test_they_run():
    found = qvopt.minimize(lambda x: float(x @ x), [1, 2], optimizers.kalman_newton())
    np.testing.assert_allclose(found.x, 0, atol=1e-6)

"""On a function without any slope every optimizer ends its steps, with errors and without."""

import numpy as np
import pytest

from qvopt import minimize
from qvopt.optimizers.protocol import Landscape
from qvopt.optimizers.registry import optimizer_names

WHOLE = ((0, 1, 2),)
LANDSCAPE = Landscape(
    3,
    frequencies=((0.5, 1.0),) * 3,
    curvature=1.0,
    groups=dict.fromkeys(("layer", "class", "row", "column"), WHOLE),
)


@pytest.mark.parametrize("variance", [0.0, 1e-4])
@pytest.mark.parametrize("name", optimizer_names())
def test_a_step_ends(name, variance):
    asked = 0

    def answered(value):
        nonlocal asked
        asked += 1
        assert asked < 5000, "three steps do not end"
        return (value, variance + 0.0 * value) if variance else value

    minimum = minimize(
        lambda x: answered(0.0),
        [0.3, -0.2, 0.1],
        name,
        jac=lambda x: answered(np.zeros(3)),
        metric=lambda x: np.eye(3),
        fidelity=lambda x, y: 1.0,
        landscape=LANDSCAPE,
        max_steps=3,
    )
    assert np.all(np.isfinite(minimum.x))

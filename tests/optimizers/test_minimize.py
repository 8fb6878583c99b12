"""`minimize` and the ask/tell face on plain functions."""

import numpy as np
import pytest
import scipy.optimize

from qvopt import minimize
from qvopt.optimizers.minimize import AskTell
from qvopt.optimizers.protocol import Energy, Gradient, Landscape, Scalar, Vector
from qvopt.optimizers.registry import get_optimizer
from qvopt_molecules.errors import InputError


def test_results_read_like_scipys():
    x0 = np.array([-1.2, 1.0])
    ours = minimize(scipy.optimize.rosen, x0, "l-bfgs", jac=scipy.optimize.rosen_der)
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen, x0, jac=scipy.optimize.rosen_der, method="L-BFGS-B"
    )
    assert ours.success
    assert ours.status == "converged"
    assert ours.x == pytest.approx([1, 1], abs=1e-5)
    assert ours.fun < theirs.fun + 1e-8
    assert 0 < ours.nit <= ours.nfev
    assert ours.njev > 0


def test_without_a_gradient_central_differences_serve():
    found = minimize(scipy.optimize.rosen, [-1.2, 1.0], "l-bfgs", tolerance=1e-4)
    assert found.x == pytest.approx([1, 1], abs=1e-3)
    assert found.njev == 0


def test_noise_is_handed_over():
    rng = np.random.default_rng(0)

    def noisy(x):
        return float(x @ x) + 0.1 * rng.normal(), 0.01

    found = minimize(noisy, np.ones(4), "spsa", max_steps=400, blocking=True, target_step=0.02)
    assert np.linalg.norm(found.x) < 0.5
    assert found.status == "max-steps"
    assert not found.success


def test_callback_steps_and_metric():
    seen = []
    scales = np.array([4.0, 0.01])
    found = minimize(
        lambda x: float(0.5 * x @ (scales * x)), [1.0, 1.0], "qng", jac=lambda x: scales * x,
        metric=lambda x: np.diag(scales), callback=lambda x: seen.append(x.copy()), max_steps=7,
        damping=0.0, learning_rate=0.5, max_norm=None,
    )  # fmt: skip
    assert len(seen) == found.nit == 7
    assert found.x == pytest.approx(0.5**7 * np.ones(2))  # both directions at one pace


def test_landscape_and_unknown_names():
    found = minimize(
        lambda x: float(np.sin(x[0]) + np.cos(x[1])), [0.1, 0.2], "rotosolve",
        landscape=Landscape(2, ((1.0,), (1.0,))), max_steps=3,
    )  # fmt: skip
    assert found.fun == pytest.approx(-2.0)
    with pytest.raises(InputError, match="did you mean 'adam'"):
        minimize(lambda x: 0.0, [0.0], "adm")
    with pytest.raises(InputError, match="give fidelity"):
        minimize(lambda x: 0.0, [0.0], "qn-spsa")


def test_ask_and_tell_face():
    solver = AskTell(get_optimizer("adam", learning_rate=0.1), np.ones(3), seed=1)
    while solver.steps < 5:
        (query,) = solver.ask()
        assert solver.ask()[0] is query  # asking again changes nothing
        solver.tell([Vector(2 * query.x, np.zeros(3))])
    plain = minimize(
        lambda x: float(x @ x), np.ones(3), "adam", jac=lambda x: 2 * x, learning_rate=0.1,
        max_steps=5,
    )  # fmt: skip
    assert np.array_equal(solver.x, plain.x)
    with pytest.raises(InputError, match="1 queries, got 2 answers"):
        solver.tell([Scalar(0.0), Scalar(0.0)])
    solver.close()


def test_ask_and_tell_ends_with_the_optimizer():
    solver = AskTell(get_optimizer("l-bfgs"), np.ones(2))
    while queries := solver.ask():
        solver.tell(
            [
                Scalar(float(q.x @ q.x)) if isinstance(q, Energy) else Vector(2 * q.x, np.zeros(2))
                for q in queries
                if isinstance(q, Energy | Gradient)
            ]
        )
    assert solver.finished
    assert solver.x == pytest.approx(np.zeros(2), abs=1e-6)


def test_keywords_beside_an_optimizer_object_are_known_ones():
    optimizer = get_optimizer("adam", learning_rate=0.5)
    assert minimize(lambda x: float(x @ x), [1.0], optimizer, max_steps=3).nit == 3
    with pytest.raises(InputError, match=r"unknown keyword .*'max_step'; did you mean 'max_steps'"):
        minimize(lambda x: float(x @ x), [1.0], optimizer, max_step=3)
    with pytest.raises(InputError, match="'learning_rate'"):
        minimize(lambda x: float(x @ x), [1.0], optimizer, learning_rate=0.1)
    # A named one takes the rest as its own.
    with pytest.raises(InputError, match="learning_rat"):
        minimize(lambda x: float(x @ x), [1.0], "adam", learning_rat=0.1)

"""Closed loops in a thread: the same path as SciPy's own, and a thread that always ends."""

import contextlib
import threading

import numpy as np
import pytest
import scipy.optimize

from qvopt.optimizers.adapters import as_optimizer, from_minimizer
from qvopt.optimizers.closed_loop import ask_tell, closed_loop
from qvopt.optimizers.errors import DivergedError
from qvopt.optimizers.protocol import Energy, Gradient, Iterate
from qvopt.optimizers.registry import get_optimizer
from qvopt_molecules.errors import InputError

START = np.array([-1.2, 1.0, 0.8])
METHODS = {
    "cobyla": ("COBYLA", {"rhobeg": 0.05, "tol": 1e-3, "maxiter": 10**6}, False),
    "powell": ("Powell", {"xtol": 1e-8, "ftol": 1e-8}, False),
    "bfgs": ("BFGS", {"gtol": 1e-6}, True),
    "slsqp": ("SLSQP", {"ftol": 1e-10}, True),
    "tnc": ("TNC", {"ftol": 1e-8, "gtol": 1e-8, "xtol": 1e-8}, True),
    "conjugate-gradient": ("CG", {"gtol": 1e-6}, True),
}


def threads():
    return sum(t.name == "minimizer" for t in threading.enumerate())


@pytest.mark.parametrize("name", METHODS)
def test_the_path_is_scipys(name, drive, Function):
    method, options, gradients = METHODS[name]
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen, START, method=method, options=options,
        jac=scipy.optimize.rosen_der if gradients else None,
    )  # fmt: skip
    function = Function(scipy.optimize.rosen, scipy.optimize.rosen_der)
    own = {"tolerance": 1e-3} if name == "cobyla" else {}
    x, _, _ = drive(get_optimizer(name, **own), START, function, steps=10**6)
    if theirs.success:
        assert np.array_equal(x, theirs.x)
        assert function.energies <= theirs.nfev
    assert scipy.optimize.rosen(x) <= theirs.fun + 1e-12
    assert threads() == 0


def test_nelder_mead_finds_the_minimum(drive, Function):
    function = Function(scipy.optimize.rosen, None)
    x, _, _ = drive(get_optimizer("nelder-mead"), START, function, steps=2000)
    assert np.abs(x - 1).max() < 1e-4


@pytest.mark.parametrize("rounds", [0, 1, 7])
def test_closing_ends_the_thread(rounds):
    run = get_optimizer("cobyla")(START, np.random.default_rng(0))
    answer = None
    for _ in range(rounds):
        request = run.send(answer)
        answer = (
            None
            if isinstance(request, Iterate)
            else [type("A", (), {"value": float(scipy.optimize.rosen(q.x))}) for q in request]
        )
    run.close()
    assert threads() == 0


def test_an_exception_of_the_minimiser_is_raised(drive, Function):
    def broken(fun, x0):
        fun(x0)
        raise ZeroDivisionError("inside")

    with pytest.raises(ZeroDivisionError, match="inside"):
        drive(from_minimizer(broken), START, Function(scipy.optimize.rosen, None))
    assert threads() == 0


def test_a_minimiser_that_catches_everything_still_ends():
    def stubborn(fun, x0):
        while True:
            with contextlib.suppress(Exception):
                fun(x0)

    run = from_minimizer(stubborn)(START, np.random.default_rng(0))
    next(run)
    run.close()
    assert threads() == 0


def test_gradient_and_energy_are_one_round(drive, Function):
    function = Function(scipy.optimize.rosen, scipy.optimize.rosen_der)
    _, _, rounds = drive(get_optimizer("bfgs"), START, function, steps=5)
    assert all([type(q) for q in queries] == [Energy, Gradient] for queries, _ in rounds)


def test_plain_function_with_scipys_signature(drive, Function):
    def halving(fun, x0, args=(), callback=None, rate=0.5, **options):
        x, best = np.array(x0), fun(x0)
        for _ in range(60):
            for i in range(len(x)):
                for sign in (1, -1):
                    trial = x.copy()
                    trial[i] += sign * rate
                    if (value := fun(trial)) < best:
                        x, best = trial, value
                        break
            rate *= 0.8
            callback(x)
        return scipy.optimize.OptimizeResult(x=x, fun=best)

    function = Function(lambda x: float(x @ x), None)
    x, steps, _ = drive(from_minimizer(halving, rate=0.4), START, function)
    assert steps == 60
    assert np.linalg.norm(x) < 1e-3
    theirs = scipy.optimize.minimize(
        lambda x: float(x @ x), START, method=lambda *a, **k: halving(a[0], a[1], callback=abs,
                                                                      rate=0.4)
    )  # fmt: skip
    assert np.array_equal(x, theirs.x)


@pytest.mark.parametrize(
    ("returned", "error"), [(np.zeros(2), InputError), (np.full(3, np.nan), DivergedError)]
)
def test_a_wrong_result_is_refused(returned, error, drive, Function):
    with pytest.raises(error):
        drive(closed_loop(lambda fun, x0, callback: returned), START, Function(np.sum, None))


class RandomSearch:
    """The smallest ask/tell library."""

    def __init__(self, x, rng):
        self.x, self.rng, self.value, self.rounds = x, rng, np.inf, 0

    def ask(self):
        return [self.x + 0.3 * self.rng.normal(size=len(self.x)) for _ in range(8)]

    def tell(self, points, values):
        self.rounds += 1
        if min(values) < self.value:
            self.value, self.x = min(values), points[int(np.argmin(values))]

    def best(self):
        return self.x

    def stop(self):
        return self.rounds == 200


def test_ask_and_tell(drive, Function):
    function = Function(lambda x: float(x @ x), None)
    x, steps, rounds = drive(ask_tell(RandomSearch), START, function)
    assert steps == 200
    assert {len(queries) for queries, _ in rounds} == {8}
    assert np.linalg.norm(x) < 0.2
    made = as_optimizer(RandomSearch(START, np.random.default_rng(0)))
    again, _, _ = drive(made, START, function)
    assert np.array_equal(x, again)


def test_cma_is_cmas_own(drive, Function):
    cma = pytest.importorskip("cma")
    rng = np.random.default_rng(7)
    options = {"randn": lambda *shape: rng.standard_normal(shape), "seed": float("nan"),
               "verbose": -9, "tolfun": 1e-9, "tolx": 1e-9, "verb_log": 0}  # fmt: skip
    strategy = cma.CMAEvolutionStrategy(START, 0.01, options)
    for _ in range(30):
        points = strategy.ask()
        strategy.tell(points, [float(p @ p) for p in points])
    function = Function(lambda x: float(x @ x), None)
    x, _, _ = drive(get_optimizer("cma-es"), START, function, steps=30, seed=7)
    assert np.array_equal(x, strategy.mean)


def test_cma_refuses_one_parameter(drive, Function):
    pytest.importorskip("cma")
    with pytest.raises(InputError, match="at least two parameters"):
        drive(get_optimizer("cma-es"), np.zeros(1), Function(np.sum, None))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cma", None)
    with pytest.raises(InputError, match=r"pip install '\.\[cma\]'"):
        get_optimizer("cma-es")


class Asks:
    """An ask/tell library that gives whatever it was made with."""

    def __init__(self, points, best=None):
        self.points = points
        if best is not None:
            self.best = lambda: best

    def ask(self):
        return self.points

    def tell(self, points, energies):
        pass


@pytest.mark.parametrize(
    ("points", "best", "words"),
    [
        (None, None, "None"),
        (5, None, "5"),
        ([], None, "no points"),
        ("ab", None, "'a'"),
        ([[1.0, 2.0]], None, r"shape \(2,\)"),
        ([{"x": 1}], None, "a point of 3 numbers"),
        ([[1, 2, [3]]], None, "a point of 3 numbers"),
        ([np.zeros(3)], "best", "best"),
        ([np.zeros(3)], [1.0], r"shape \(1,\)"),
    ],
)
def test_what_a_library_asks_for_is_checked(points, best, words, drive, Function):
    with pytest.raises(InputError, match=words) as raised:
        drive(ask_tell(lambda x, rng: Asks(points, best)), START, Function(np.sum, None))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("point", ["a", [1.0], None, {}])
def test_where_a_minimiser_looks_is_checked(point, drive, Function):
    asking = closed_loop(lambda fun, x0, callback: fun(point))
    calling = closed_loop(lambda fun, x0, callback: callback(point))
    for optimizer in (asking, calling):
        with pytest.raises(InputError, match="the minimiser"):
            drive(optimizer, START, Function(np.sum, None))

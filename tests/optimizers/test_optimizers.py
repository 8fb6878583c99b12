"""Optimizers as generators: they find minima, replay from their answers, and survive noise."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from qvopt.optimizers.errors import DivergedError
from qvopt.optimizers.protocol import Energy, Gradient, Iterate, Matrix, Metric, Scalar, Vector
from qvopt.optimizers.registry import describe, get_optimizer, optimizer_names
from qvopt_molecules.errors import InputError

NAMES = ("adagrad", "adam", "gradient-descent", "l-bfgs", "momentum", "qng", "rmsprop", "spsa")


class Function:
    """Answers queries on a function, with noise of a known variance if asked."""

    def __init__(self, f, df, noise=0.0, seed=0):
        self.f, self.df, self.noise = f, df, noise
        self.rng = np.random.default_rng(seed)
        self.energies = 0

    def __call__(self, query):
        if isinstance(query, Energy):
            self.energies += 1
            return Scalar(self.f(query.x) + self.noise * self.rng.normal(), self.noise**2)
        n = len(query.x)
        if isinstance(query, Gradient):
            noise = self.noise * self.rng.normal(size=n)
            return Vector(self.df(query.x) + noise, np.full(n, self.noise**2))
        assert isinstance(query, Metric)
        return Matrix(0.25 * np.eye(n), np.zeros((n, n)))


def drive(optimizer, x, answer, steps=500, seed=0):
    run, message, taken, rounds = optimizer(x, np.random.default_rng(seed)), None, 0, []
    try:
        while taken < steps:
            request = run.send(message)
            if isinstance(request, Iterate):
                message, x, taken = None, request.x, taken + 1
            else:
                message = [answer(q) for q in request]
                rounds.append((request, message))
    except StopIteration as end:
        x = end.value
    finally:
        run.close()
    return x, taken, rounds


def bowl(x):
    return float(0.5 * x @ (np.array([1.0, 2.0, 0.5]) * x))


def bowl_slope(x):
    return np.array([1.0, 2.0, 0.5]) * x


START = np.array([0.3, -0.2, 0.25])


@pytest.mark.parametrize("name", NAMES)
def test_each_goes_down_a_bowl(name):
    x, _, _ = drive(get_optimizer(name), START, Function(bowl, bowl_slope), steps=3000)
    assert bowl(x) < 1e-2 * bowl(START)


@pytest.mark.parametrize("name", NAMES)
def test_each_survives_noise(name):
    function = Function(bowl, bowl_slope, noise=0.05)
    x, _, _ = drive(get_optimizer(name), START, function, steps=300)
    assert np.all(np.isfinite(x))
    assert bowl(x) < 20 * bowl(START)


@pytest.mark.parametrize("name", NAMES)
def test_replay_asks_the_same_questions(name):
    function = Function(bowl, bowl_slope, noise=0.01)
    x, taken, rounds = drive(get_optimizer(name), START, function, steps=20)
    kept = iter([answer for _, answers in rounds for answer in answers])
    again, taken_again, asked = drive(get_optimizer(name), START, lambda q: next(kept), steps=20)
    assert (taken, len(rounds)) == (taken_again, len(asked))
    assert np.array_equal(x, again)
    for (first, _), (second, _) in zip(rounds, asked, strict=True):
        assert all(np.array_equal(a.x, b.x) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("dimension", [2, 10, 50])
def test_lbfgs_is_as_good_as_scipys(dimension):
    start = np.full(dimension, -1.2)
    function = Function(rosen, rosen_der)
    optimizer = get_optimizer("l-bfgs", tolerance=1e-8)
    x, _, _ = drive(optimizer, start, function, steps=5000)
    theirs = minimize(
        rosen, start, jac=rosen_der, method="L-BFGS-B",
        options={"maxcor": 20, "gtol": 1e-9, "ftol": 1e-16, "maxiter": 5000, "maxfun": 10**5},
    )  # fmt: skip
    assert np.abs(x - 1).max() < 1e-6
    assert function.energies < 1.3 * theirs.nfev + 10


def test_lbfgs_line_search_satisfies_wolfe():
    function = Function(rosen, rosen_der)
    _, _, rounds = drive(get_optimizer("l-bfgs"), np.array([-1.2, 1.0]), function, steps=200)
    energies = [answers[0].value for _, answers in rounds]
    accepted = [energies[0]]
    for energy in energies[1:]:
        if energy < accepted[-1]:
            accepted.append(energy)
    assert accepted[-1] < 1e-12


def test_spsa_by_hand():
    optimizer = get_optimizer(
        "spsa", learning_rate=0.5, perturbation=0.2, stability=3.0, alpha=0.6, gamma=0.1
    )
    function = Function(bowl, bowl_slope)
    rng, x = np.random.default_rng(9), START
    for k in range(1, 6):
        delta = rng.choice((-1.0, 1.0), size=(1, 3))[0]
        c = 0.2 / k**0.1
        slope = (bowl(x + c * delta) - bowl(x - c * delta)) / (2 * c)
        x = x - 0.5 / (3.0 + k) ** 0.6 * slope / delta
    found, _, rounds = drive(optimizer, START, function, steps=5, seed=9)
    assert found == pytest.approx(x, abs=1e-14)
    assert all(len(queries) == 2 for queries, _ in rounds)


def test_spsa_calibrates_its_first_step():
    optimizer = get_optimizer("spsa", target_step=0.05, calibration_pairs=200)
    moves = []
    for seed in range(200):
        x, _, rounds = drive(optimizer, START, Function(bowl, bowl_slope), steps=1, seed=seed)
        moves.append(np.abs(x - START).mean())
        assert {q.purpose for q in rounds[0][0]} == {"calibration"}
    assert np.mean(moves) == pytest.approx(0.05, rel=0.15)


def test_divergence_is_said():
    optimizer = get_optimizer("gradient-descent", learning_rate=1e200)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(DivergedError):
        drive(optimizer, START, Function(bowl, bowl_slope))


def test_names_defaults_and_references():
    assert set(NAMES) <= set(optimizer_names())
    for name in NAMES:
        document = describe(name).document()
        assert document["needs"]
        assert document["reference"]
        assert get_optimizer(name, **document["defaults"])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("adm", {}, "did you mean 'adam'"),
        ("adam", {"learning_rat": 1.0}, "did you mean 'learning_rate'"),
        ("adam", {"learning_rate": -1.0}, r"learning_rate must be a finite number > 0, got -1\.0"),
        ("adam", {"learning_rate": "x"}, "learning_rate must be"),
        ("adam", {"b1": 1.0}, "b1 must be at least 0 and below 1"),
        ("adagrad", {"epsilon_place": "in"}, "epsilon_place must be one of"),
        ("l-bfgs", {"memory": 0}, "memory must be a whole number"),
        ("qng", {"metric": "half"}, "metric must be one of"),
        ("spsa", {"averages": 1.5}, "averages must be a whole number"),
    ],
)
def test_bad_hyper_parameters(name, options, message):
    with pytest.raises(InputError, match=message):
        get_optimizer(name, **options)

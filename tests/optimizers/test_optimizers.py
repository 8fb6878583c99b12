"""Every optimizer by name: it finds minima, replays from its answers, survives noise, and tells
the truth about what it needs."""

import inspect

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt.optimizers.errors import DivergedError
from qvopt.optimizers.minimize import minimize
from qvopt.optimizers.protocol import Energy, Fidelity, Gradient, Landscape, Metric
from qvopt.optimizers.registry import describe, get_optimizer, optimizer_names
from qvopt_molecules.errors import InputError

ASKED_FOR = (
    "gradient-descent momentum nesterov adagrad rmsprop adadelta adam amsgrad adamax nadam adamw "
    "adabelief yogi lion adafactor l-bfgs noise-aware-l-bfgs spsa qn-spsa qng rotosolve "
    "excitation-solve icans gcans rosalin cobyla nelder-mead powell cma-es"
)
MODULES = {"cma-es": "cma", "bobyqa": "pybobyqa"}
NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in MODULES and not __import__("importlib.util").util.find_spec(MODULES[name]),
            reason="its package is not installed",
        ),
    )
    for name in optimizer_names()
]
PERIODIC = np.array([1.0, 2.0, 0.5])
START = np.array([0.3, -0.2, 0.25])
GROUPS = {"class": ((0, 1), (2,)), "row": ((0, 1), (2,)), "column": ((0, 2), (1,))}
LANDSCAPE = Landscape(3, ((1.0,), (1.0,), (1.0,)), 2.0, GROUPS)


def bowl(x):
    """Trigonometric, as coordinate solvers take it to be."""
    return float(PERIODIC @ (1 - np.cos(x)))


def bowl_slope(x):
    return PERIODIC * np.sin(x)


def test_the_promised_names_are_there():
    assert set(ASKED_FOR.split()) <= set(optimizer_names())


@pytest.mark.parametrize("name", NAMES)
def test_each_goes_down_a_bowl(name, drive, Function):
    function = Function(bowl, bowl_slope)
    x, _, _ = drive(get_optimizer(name), START, function, steps=3000, landscape=LANDSCAPE)
    assert bowl(x) < 1e-2 * bowl(START)


# One of each family: first order, energies alone, a metric, curvature, coordinates, SciPy's.
KINDS = ("adam", "spsa", "qng", "l-bfgs", "kalman-newton", "rotosolve", "cobyla", "icans")


@pytest.mark.parametrize("name", rest_slow(NAMES, lambda name: name in KINDS))
def test_each_survives_noise(name, drive, Function):
    function = Function(bowl, bowl_slope, noise=0.05)
    x, _, _ = drive(get_optimizer(name), START, function, steps=200, landscape=LANDSCAPE)
    assert np.all(np.isfinite(x))
    assert bowl(x) < 20 * bowl(START)


@pytest.mark.parametrize("name", NAMES)
def test_replay_asks_the_same_questions(name, drive, Function):
    function = Function(bowl, bowl_slope, noise=0.01)
    setting = {"steps": 20, "seed": 5, "landscape": LANDSCAPE}
    x, taken, rounds = drive(get_optimizer(name), START, function, **setting)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global generator is left alone
    kept = iter([answer for _, answers in rounds for answer in answers])
    again, taken_again, asked = drive(get_optimizer(name), START, lambda q: next(kept), **setting)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert (taken, len(rounds)) == (taken_again, len(asked))
    assert np.array_equal(x, again)
    for (first, _), (second, _) in zip(rounds, asked, strict=True):
        assert all(np.array_equal(a.x, b.x) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_each_asks_for_what_it_says_and_no_more(name, drive, Function):
    function = Function(bowl, bowl_slope, noise=0.01)
    drive(get_optimizer(name), START, function, steps=10, landscape=LANDSCAPE)
    kinds = {Energy: "energies", Gradient: "gradients", Metric: "metric", Fidelity: "fidelities"}
    asked = {kinds[type(q)] for q in function.asked}
    assert asked == set(describe(name).needs.split(", "))


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is(name):
    document = describe(name).document()
    assert all(document[key] for key in ("family", "needs", "cost", "reference"))
    assert document["reference"].endswith((".", ")"))
    assert (
        any(ch.isdigit() for ch in document["reference"].replace("natural", ""))
        or "papers" in (document["reference"])
    )
    assert get_optimizer(name, **document["defaults"])


@pytest.mark.parametrize("name", NAMES)
def test_not_a_number_is_divergence(name):
    class Failing:
        """Works twice, then answers NaN."""

        calls = 0

        def __call__(self, x):
            self.calls += 1
            return bowl(x) if self.calls < 3 else float("nan")

    failing = Failing()
    found = minimize(
        failing, START, get_optimizer(name), max_steps=20, landscape=LANDSCAPE,
        jac=lambda x: bowl_slope(x) * failing(x), fidelity=lambda x, y: 1.0,
    )  # fmt: skip
    assert found.status == "diverged"
    assert "not a finite number" in found.message
    assert np.all(np.isfinite(found.x))


def test_divergence_is_said(drive, Function):
    optimizer = get_optimizer("gradient-descent", learning_rate=1e15)

    def slope(x):
        return PERIODIC * x

    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(DivergedError):
        drive(optimizer, START, Function(bowl, slope))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("adm", {}, "did you mean 'adam'"),
        ("adam", {"learning_rat": 1.0}, "did you mean 'learning_rate'"),
        ("adam", {"learning_rate": -1.0}, r"learning_rate must be a finite number > 0, got -1\.0"),
        ("adam", {"learning_rate": "x"}, "learning_rate.* must be"),
        ("adam", {"b1": 1.0}, "b1 must be at least 0 and below 1"),
        ("adam", {"schedule": "cosin"}, "did you mean 'cosine'"),
        ("adam", {"clip_norm": 0.0}, "clip_norm must be a finite number > 0"),
        ("adam", {"reject": -1.0}, "reject must be a finite number >= 0"),
        ("adagrad", {"epsilon_place": "in"}, "epsilon_place.* must be one of"),
        ("l-bfgs", {"memory": 0}, "memory must be a whole number"),
        ("noise-aware-l-bfgs", {"max_step": 0}, "max_step must be"),
        ("qng", {"metric": "half"}, "metric.* must be one of"),
        ("qng", {"regularization": "ridge"}, "regularization.* must be one of"),
        ("spsa", {"averages": 1.5}, "averages.* must be a whole number"),
        ("icans", {"max_shots": 1}, "max_shots must be >= min_shots"),
        ("cobyla", {"first_step": 0}, "first_step must be"),
        ("rotosolve", {"reuse": 1}, "reuse.* must be true or false"),
    ],
)
def test_bad_hyper_parameters(name, options, message):
    with pytest.raises(InputError, match=message):
        get_optimizer(name, **options)


def test_unknown_groups_are_named(drive, Function):
    optimizer = get_optimizer("blockwise", groups="layers")
    with pytest.raises(InputError, match="unknown grouping of parameters 'layers'"):
        drive(optimizer, START, Function(bowl, bowl_slope), landscape=LANDSCAPE)
    with pytest.raises(InputError, match="no grouping"):
        drive(optimizer, START, Function(bowl, bowl_slope), landscape=Landscape(3))


@pytest.mark.parametrize("name", ["adam", "qng", "spsa", "qn-spsa"])
def test_rejection_takes_back_steps_that_go_up(name, drive, Function):
    """On a function that rises whatever the gradient says, nothing is accepted."""
    key = "blocking" if "spsa" in name else "reject"
    optimizer = get_optimizer(name, **{key: True if key == "blocking" else 0.0})
    function = Function(lambda x: float(np.sum((x - START) ** 2)), bowl_slope)
    x, taken, _ = drive(optimizer, START, function, steps=5, landscape=LANDSCAPE)
    assert taken == 5
    assert np.array_equal(x, START)


def test_averaging_reports_the_mean_of_the_iterates(drive, Function):
    plain = get_optimizer("adam", learning_rate=0.05)
    mean = get_optimizer("adam", learning_rate=0.05, averaging=0.8)
    paths = []
    for k in range(1, 6):
        function = Function(bowl, bowl_slope, noise=0.1)
        paths.append(drive(plain, START, function, steps=k)[0])
    found, _, _ = drive(mean, START, Function(bowl, bowl_slope, noise=0.1), steps=5)
    weights = 0.8 ** np.arange(5)[::-1]
    assert found == pytest.approx(weights @ np.array(paths) / weights.sum(), abs=1e-14)


def test_every_factory_takes_keywords_only():
    for name in optimizer_names():
        parameters = inspect.signature(describe(name).factory).parameters.values()
        assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in parameters), name

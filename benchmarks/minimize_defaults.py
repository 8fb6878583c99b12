"""Defaults of `minimize` beside those of other libraries, on the same functions, with equal effort.

python benchmarks/minimize_defaults.py

Quadratics of several conditions, with starts near and far, Rosenbrock's function, and a quadratic
with noise. A cell is the value that is reached (the median over five seeds where there is chance),
the minimum being 0; ours beside the peer's. Gradients cost two energies a parameter, and a peer
stops after as many energies, or steps, as ours may take.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import optax
import scipy.optimize
from qiskit_algorithms import optimizers as theirs
from qiskit_algorithms.utils import algorithm_globals

from qvopt import minimize

STEPS = 500
SEEDS = range(5)


def quadratic(condition: float, n: int = 6) -> Callable[[Any], float]:
    """Return Σ k_i x_i², curvatures from 1 to `condition` in a turned basis."""
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]
    matrix = rotation.T @ np.diag(np.geomspace(1.0, condition, n)) @ rotation
    return lambda x: float(np.asarray(x) @ matrix @ np.asarray(x))


def rosenbrock(x: Any) -> float:
    """100 (y - x²)² + (1 - x)², its minimum 0 at (1, 1)."""
    return float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)


FUNCTIONS: dict[str, tuple[Callable[[Any], float], list[float], float]] = {
    # name: (function, start, standard deviation of a value)
    "round": (quadratic(1.0), [1.0] * 6, 0.0),
    "condition 10": (quadratic(10.0), [1.0] * 6, 0.0),
    "condition 100": (quadratic(100.0), [1.0] * 6, 0.0),
    "start at 5": (quadratic(10.0), [5.0] * 6, 0.0),
    "start at 0.05": (quadratic(10.0), [0.05] * 6, 0.0),
    "Rosenbrock": (rosenbrock, [-1.2, 1.0], 0.0),
    "noisy": (quadratic(10.0), [1.0] * 6, 0.1),
}


def gradient(fun: Callable[[Any], float], x: Any) -> Any:
    """Central differences."""
    moves = 1e-5 * np.eye(len(x))
    return np.array([fun(x + m) - fun(x - m) for m in moves]) / 2e-5


def ours(name: str, fun: Any, x0: Any, exact: Any, seed: int) -> float:
    """The value that our optimizer reaches with its defaults."""
    found = minimize(fun, x0, name, jac=lambda x: gradient(exact, x), max_steps=STEPS, seed=seed)
    return exact(found.x)


def qiskit(solver: Any, fun: Any, x0: Any, exact: Any, seed: int) -> float:
    """The value that a qiskit-algorithms optimizer reaches."""
    algorithm_globals.random_seed = seed
    found = solver.minimize(fun, np.array(x0), jac=lambda x: gradient(exact, x))
    return exact(found.x)


def optax_rule(rule: Any, fun: Any, x0: Any, exact: Any, seed: int) -> float:
    """The value that an optax rule reaches in as many steps."""
    x = np.array(x0)
    state = rule.init(x)
    for _ in range(STEPS):
        update, state = rule.update(gradient(exact, x), state, x)
        x = np.asarray(optax.apply_updates(x, update), dtype=np.float64)
    return exact(x)


def scipy_method(method: str, fun: Any, x0: Any, exact: Any, seed: int) -> float:
    """The value that SciPy reaches with its defaults, in as many steps or energies."""
    options = {"maxiter": STEPS}
    jac = (lambda x: gradient(exact, x)) if method in ("BFGS", "L-BFGS-B", "CG") else None
    found = scipy.optimize.minimize(fun, x0, method=method, jac=jac, options=options)
    return exact(found.x)


PEERS: dict[str, tuple[str, Callable[..., float]]] = {
    # ours: (the peer's name, the peer)
    "spsa": ("qiskit SPSA", lambda *a: qiskit(theirs.SPSA(maxiter=STEPS), *a)),
    "adam": ("qiskit ADAM, its default rate", lambda *a: qiskit(theirs.ADAM(maxiter=STEPS), *a)),
    "amsgrad": ("qiskit AMSGRAD", lambda *a: qiskit(theirs.ADAM(STEPS, amsgrad=True), *a)),
    "adabelief": ("optax adabelief(0.1)", lambda *a: optax_rule(optax.adabelief(0.1), *a)),
    "yogi": ("optax yogi(0.1)", lambda *a: optax_rule(optax.yogi(0.1), *a)),
    "adagrad": ("optax adagrad(0.5)", lambda *a: optax_rule(optax.adagrad(0.5), *a)),
    "rmsprop": ("optax rmsprop(0.05)", lambda *a: optax_rule(optax.rmsprop(0.05), *a)),
    "gradient-descent": ("qiskit GradientDescent",
                         lambda *a: qiskit(theirs.GradientDescent(maxiter=STEPS), *a)),
    "l-bfgs": ("SciPy L-BFGS-B", lambda *a: scipy_method("L-BFGS-B", *a)),
    "bfgs": ("SciPy BFGS", lambda *a: scipy_method("BFGS", *a)),
    "conjugate-gradient": ("SciPy CG", lambda *a: scipy_method("CG", *a)),
    "cobyla": ("SciPy COBYLA", lambda *a: scipy_method("COBYLA", *a)),
    "nelder-mead": ("SciPy Nelder-Mead", lambda *a: scipy_method("Nelder-Mead", *a)),
    "powell": ("SciPy Powell", lambda *a: scipy_method("Powell", *a)),
    "cma-es": ("cma-es with step 0.3", lambda *a: _cma(*a)),
}  # fmt: skip


def _cma(fun: Any, x0: Any, exact: Any, seed: int) -> float:
    found = minimize(fun, x0, "cma-es", step=0.3, max_steps=STEPS, seed=seed)
    return exact(found.x)


def reached(solve: Callable[..., float], name: str) -> float:
    """The median over seeds of the value that a solver reaches; infinite where it fails."""
    fun, x0, sigma = FUNCTIONS[name]
    values = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        noisy = fun if not sigma else (lambda x, r=rng: fun(x) + sigma * r.normal())
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = solve(noisy, x0, fun, seed)
        values.append(value if np.isfinite(value) else np.inf)
    return float(np.median(values))


def main() -> None:
    """Print the tables."""
    for name, (peer, solve) in PEERS.items():
        print(f"\n{name} beside {peer}: start, ours, theirs")
        for function, (fun, x0, _) in FUNCTIONS.items():
            mine = reached(lambda *a, n=name: ours(n, *a), function)
            other = reached(solve, function)
            print(f"  {function:14} {fun(x0):10.2e} {mine:10.1e} {other:10.1e}", flush=True)


if __name__ == "__main__":
    main()

"""Any of the optimizers on any Python function, and as an object that is asked and told."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qvopt_molecules.argument_checks import real_array, whole_number
from qvopt_molecules.arguments import checked_arguments
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, shown, unknown_name

from .errors import DivergedError
from .general import GENERAL
from .objects import optimizer_of
from .protocol import (
    Answer,
    Describe,
    Energy,
    Fidelity,
    Gradient,
    Grow,
    Iterate,
    Landscape,
    Matrix,
    Metric,
    Optimizer,
    Query,
    Scalar,
    Vector,
    queries_of,
)
from .registry import get_optimizer


@dataclass(frozen=True, eq=False)
class Minimum:
    """What `minimize` found, in the words of SciPy's OptimizeResult.

    Attributes:
        x: the last point.
        fun: the function there, evaluated once more.
        nit, nfev, njev: steps, and calls of fun and jac.
        success: whether the optimizer says that it has converged.
        status: "converged", "max-steps" or "diverged".
        message: why it diverged.
    """

    x: FloatArray
    fun: float
    nit: int
    nfev: int
    njev: int
    success: bool
    status: str
    message: str = ""


class AskTell:
    """An optimizer as an object: `ask()` for the next queries, `tell(answers)` what they are.

        solver = AskTell(get_optimizer("adam"), x0, seed=1)
        while solver.steps < 100 and not solver.finished:
            solver.tell([answer(query) for query in solver.ask()])

    Attributes:
        x: the last iterate.
        steps: how many there were.
        finished: whether the optimizer has ended; `ask` then returns no queries.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        x0: FloatArray,
        seed: int | np.random.SeedSequence = 0,
        landscape: Landscape | None = None,
    ) -> None:
        self.x: FloatArray = starting_point(x0)
        self.steps = 0
        self.finished = False
        self._landscape = landscape or Landscape(len(self.x))
        self._run = optimizer(self.x.copy(), np.random.default_rng(seed))
        self._pending: list[Query] | None = None
        self._answers: Any = None

    def ask(self) -> list[Query]:
        """Return the queries of the next round; the same ones until they are answered."""
        while self._pending is None and not self.finished:
            try:
                request = self._run.send(self._answers)
            except StopIteration as end:
                self.finished = True
                self.x = self.x if end.value is None else np.asarray(end.value)
                break
            self._answers = None
            if isinstance(request, Describe):
                self._answers = self._landscape
            elif isinstance(request, Iterate):
                self.x = request.x
                self.steps += not request.partial
            elif isinstance(request, Grow):
                raise InputError("a plain function has no pool of operators to grow by")
            else:
                self._pending = queries_of(request)
        return self._pending or []

    def tell(self, answers: Sequence[Answer]) -> None:
        """Hand over the answers to the last `ask`, in its order."""
        if self._pending is None or len(answers) != len(self._pending):
            wanted = 0 if self._pending is None else len(self._pending)
            raise InputError(f"the round has {wanted} queries, got {len(answers)} answers")
        self._answers, self._pending = list(answers), None
        self.ask()  # on to the next round, so that x and steps are up to date

    def close(self) -> None:
        """End the run."""
        self._run.close()


@checked_arguments
def minimize(
    fun: Callable[[FloatArray], float | tuple[float, float]],
    x0: Any,
    optimizer: Any = "l-bfgs",
    *,
    jac: Callable[[FloatArray], Any] | None = None,
    metric: Callable[[FloatArray], FloatArray] | None = None,
    fidelity: Callable[[FloatArray, FloatArray], float] | None = None,
    landscape: Landscape | None = None,
    max_steps: int = 1000,
    seed: int | np.random.SeedSequence = 0,
    callback: Callable[[FloatArray], object] | None = None,
    **hyperparameters: Any,
) -> Minimum:
    """Minimise a Python function with any optimizer.

        minimize(lambda x: x @ x, [1, 2], "adam")

    Args:
        fun: f(x); it may return (value, variance) if it is noisy.
        x0: where to begin.
        optimizer: a name (`qvopt list optimizers`) or an object, see `qvopt.optimizers.objects`.
        jac: gradient of f; it may return (gradient, variance per component). Without it, central
            differences of f with a step of 6e-6 are taken, which noise would swamp.
        metric: the metric tensor, for natural gradients; the identity without.
        fidelity: |⟨ψ(x)|ψ(y)⟩|² for QN-SPSA.
        landscape: frequencies of f along each parameter, for coordinate solvers, and groups of
            the parameters, for grouped rules.
        max_steps: stop after that many.
        seed: of the optimizer's own draws.
        callback: called with x after each step.
        hyperparameters: of the named optimizer, over the defaults of a general function
            (`qvopt.optimizers.general`); an object has its own already.

    Raises InputError for an unknown optimizer or one that asks for what is not given, and for an
    unknown keyword.
    """
    for name, given in (("fun", fun), ("jac", jac), ("metric", metric), ("fidelity", fidelity)):
        if not callable(given) and (given is not None or name == "fun"):
            raise InputError(f"{name} must be a function, got {shown(given)}")
    whole_number(max_steps, "max_steps", 0)
    if not isinstance(seed, np.random.SeedSequence):
        whole_number(seed, "seed", 0)
    if isinstance(optimizer, str):
        chosen = get_optimizer(optimizer, **{**GENERAL.get(optimizer, {}), **hyperparameters})
    elif hyperparameters:
        known = inspect.signature(minimize).parameters.keys() - {"fun", "x0", "hyperparameters"}
        raise unknown_name(
            "keyword of minimize beside an optimizer object,", next(iter(hyperparameters)), known
        )
    else:
        chosen = optimizer_of(optimizer)
    x = starting_point(x0)
    if not len(x):
        raise InputError("x0 must have at least one number")
    function = _Function(fun, jac, metric, fidelity)
    solver = AskTell(chosen, x, seed, landscape)
    status, message, seen = "max-steps", "", 0
    try:
        while True:
            queries = solver.ask()
            if solver.steps != seen and callback is not None:
                callback(solver.x)
            seen = solver.steps
            if solver.finished or seen >= max_steps:
                break
            solver.tell([_finite(function(query)) for query in queries])
        status = "converged" if solver.finished else "max-steps"
    except DivergedError as error:
        status, message = "diverged", str(error)
    finally:
        solver.close()
    last = function(Energy(solver.x)).value
    return Minimum(
        solver.x, float(last), solver.steps, function.nfev, function.njev,
        status == "converged", status, message,
    )  # fmt: skip


def starting_point(x0: Any) -> FloatArray:
    """Return where to begin, a vector of numbers. Raises InputError for what is none."""
    return real_array(x0, "x0")


def _finite(answer: Answer) -> Answer:
    if not np.all(np.isfinite(answer.value)):
        raise DivergedError("the function returned a value that is not a finite number")
    return answer


class _Function:
    """Answers queries from plain callables."""

    def __init__(self, fun: Any, jac: Any, metric: Any, fidelity: Any) -> None:
        self._fun, self._jac, self._metric, self._fidelity = fun, jac, metric, fidelity
        self.nfev = self.njev = 0

    def __call__(self, query: Query) -> Answer:
        x = query.x
        if isinstance(query, Energy):
            value, variance = self._energy(x)
            return Scalar(value, variance)
        if isinstance(query, Gradient):
            return self._gradient(x)
        if isinstance(query, Metric):
            g = np.eye(len(x)) if self._metric is None else np.asarray(self._metric(x), dtype=float)
            return Matrix(g, np.zeros_like(g))
        assert isinstance(query, Fidelity)
        if self._fidelity is None:
            raise InputError("this optimizer needs fidelities; give fidelity=f(x, y)")
        return Scalar(float(self._fidelity(x, query.y)))

    def _energy(self, x: FloatArray) -> tuple[float, float]:
        self.nfev += 1
        value = self._fun(x)
        pair = value if isinstance(value, tuple) else (value, 0.0)
        try:
            energy, variance = pair
            return float(energy), float(variance)
        except (TypeError, ValueError):
            raise InputError(
                f"the function must return a number, or (value, variance), got {shown(value)}"
            ) from None

    def _gradient(self, x: FloatArray) -> Vector:
        if self._jac is None:
            step = 6e-6 * np.maximum(1.0, np.abs(x))
            moves = np.diag(step)
            ends = [(self._energy(x + m)[0], self._energy(x - m)[0]) for m in moves]
            value = np.array([a - b for a, b in ends]) / (2 * step)
            return Vector(value, np.zeros_like(value))
        self.njev += 1
        gradient = self._jac(x)
        value, variance = gradient if isinstance(gradient, tuple) else (gradient, np.zeros(len(x)))
        return Vector(np.asarray(value, dtype=float), np.asarray(variance, dtype=float))

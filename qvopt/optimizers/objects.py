"""Optimizers given as objects, recognised by their library and signature."""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.handed import OBJECT, record_object, recorded_object

from .adapters import as_optimizer, from_minimizer
from .closed_loop import ask_tell, closed_loop
from .protocol import Minimization, Optimizer, Transform

_TAKEN: Final = (
    "a name, a table with a name, an optimizer or transform of qvopt.optimizers, an optax rule, a "
    "generator function f(x, rng), an object with ask and tell, a function f(fun, x0), "
    "scipy.optimize.minimize (functools.partial chooses its method), a qiskit-algorithms optimizer "
    "or 'module:attribute'"
)
_NONE: Final = object()
_WITH_GRADIENTS: Final = frozenset(
    {"cg", "bfgs", "newton-cg", "l-bfgs-b", "tnc", "slsqp", "dogleg", "trust-ncg", "trust-krylov",
     "trust-exact", "trust-constr"}
)  # fmt: skip


class NamedOptimizer:
    """An optimizer that knows the name and the hyper-parameters that it was made with."""

    def __init__(self, name: str, options: dict[str, Any], start: Optimizer) -> None:
        self.name, self.options, self.start = name, options, start

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> Minimization:
        """Begin a run."""
        return self.start(x, rng)

    def __repr__(self) -> str:
        words = [repr(self.name), *(f"{k}={v!r}" for k, v in self.options.items())]
        return f"get_optimizer({', '.join(words)})"


def optimizer_data(thing: Any, **hyperparameters: Any) -> dict[str, Any]:
    """Return an optimizer object as plain data of `[optimizer]`.

    One that `get_optimizer` made has its name; others are recorded as `record_object` says. With
    hyper-parameters it is a factory: one that another process can import keeps them beside its
    name. Raises InputError for what is no optimizer.
    """
    if hyperparameters:
        if not callable(thing):
            raise _refusal(thing)
        try:
            made = thing(**hyperparameters)
        except TypeError as error:
            raise InputError(f"optimizer {getattr(thing, '__name__', thing)}: {error}") from None
        recorded = record_object(thing)
        if recorded["name"].startswith(OBJECT):
            return optimizer_data(made)
        optimizer_of(made)
        return {**recorded, **hyperparameters}
    if isinstance(thing, NamedOptimizer):
        return {"name": thing.name, **thing.options}
    optimizer_of(thing)
    return dict(record_object(thing))


def optimizer_of(thing: Any) -> Optimizer:
    """Return an object as an optimizer, whose every run begins from the state it has now.

    Raises InputError for anything that is none.
    """
    if isinstance(thing, Transform | NamedOptimizer):
        return as_optimizer(thing)
    if _is_from("qiskit_algorithms", thing):
        return _of_qiskit(thing)
    if _has(thing, "init", "update"):
        return as_optimizer(thing)
    if _has(thing, "ask", "tell"):
        return ask_tell(lambda x, rng: copy.deepcopy(thing))
    if not callable(thing):
        raise _refusal(thing)
    if is_minimizer(thing):
        return _of_minimizer(thing)
    if _takes(thing, 2) and not isinstance(thing, type):
        optimizer: Optimizer = thing
        return optimizer
    raise _refusal(thing)


def factory_of(thing: Any) -> Callable[..., Any]:
    """Return what makes the optimizer of an imported attribute from hyper-parameters.

    The attribute is an optimizer itself, or a factory of keyword hyper-parameters.
    """
    ready = is_minimizer(thing) or _has(thing, "init", "update") or _takes(thing, 2)
    if callable(thing) and not ready and not _is_from("qiskit_algorithms", thing):
        return _checked_factory(thing)
    return lambda: optimizer_of(thing)


def recorded_factory(name: str) -> Callable[..., Any]:
    """Return what makes the optimizer that an experiment records as an object."""
    if name.startswith(OBJECT):
        return lambda source="": optimizer_of(recorded_object(name, source, "optimizer"))
    return factory_of(recorded_object(name, None, "optimizer"))


def _checked_factory(factory: Any) -> Callable[..., Any]:
    @functools.wraps(factory)
    def made(**hyperparameters: Any) -> Optimizer:
        return optimizer_of(factory(**hyperparameters))

    return made


def is_minimizer(thing: Any) -> bool:
    """Whether a callable has the signature of `scipy.optimize.minimize`: f(fun, x0, …)."""
    names = [p.name for p in _parameters(thing)]
    return len(names) >= 2 and names[1] in ("x0", "initial_point")


def _of_minimizer(thing: Any) -> Optimizer:
    from scipy import optimize

    inner: Any = thing
    keywords: dict[str, Any] = {}
    while isinstance(inner, functools.partial):
        keywords = {**inner.keywords, **keywords}
        inner = inner.func
    if inner is optimize.minimize:
        method = str(keywords.get("method") or "BFGS").lower()
        if "jac" in keywords:
            raise InputError("gradients come from the run; leave jac out of scipy's minimize")
        return from_minimizer(thing, gradients=method in _WITH_GRADIENTS)
    return from_minimizer(thing, gradients=any(p.name == "jac" for p in _parameters(thing)))


def _of_qiskit(thing: Any) -> Optimizer:
    """A qiskit-algorithms optimizer; its random numbers begin from the run's seed.

    A step is an energy where the optimizer has no callback.
    """
    from qiskit_algorithms.optimizers import OptimizerSupportLevel
    from qiskit_algorithms.utils import algorithm_globals

    if isinstance(thing, type):
        raise InputError(f"give an instance of {thing.__name__}: {thing.__name__}()")
    gradients = thing.gradient_support_level != OptimizerSupportLevel.ignored

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        seed = int(rng.integers(2**31))

        def minimizer(fun: Any, x0: FloatArray, *, callback: Any, jac: Any = None) -> Any:
            algorithm_globals.random_seed = seed
            solver = copy.deepcopy(thing)
            theirs: Any = getattr(solver, "callback", _NONE)
            if theirs is not _NONE:

                def report(*values: Any) -> None:
                    callback(np.array(values[1], dtype=np.float64))
                    if theirs is not None:
                        theirs(*values)

                solver.callback = report
                return _quietly(solver.minimize, fun, x0, jac)
            best: list[Any] = [np.inf, x0]

            def objective(point: FloatArray) -> float:
                value = float(fun(point))
                if value < best[0]:
                    best[:] = [value, np.array(point)]
                callback(best[1])
                return value

            return _quietly(solver.minimize, objective, x0, jac)

        return (yield from closed_loop(minimizer, gradients=gradients)(x, rng))

    return start


def _quietly(minimize: Callable[..., Any], fun: Any, x0: FloatArray, jac: Any) -> Any:
    """Call it without its warnings of options of SciPy's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return minimize(fun, x0, jac=jac)


def _parameters(thing: Any) -> list[inspect.Parameter]:
    """Parameters that may be given by position."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in parameters if p.kind in by_place]


def _takes(thing: Any, count: int) -> bool:
    """Whether a callable needs just so many arguments."""
    required = [p for p in _parameters(thing) if p.default is p.empty]
    return len(required) == count


def _has(thing: Any, *methods: str) -> bool:
    return not isinstance(thing, type) and all(
        callable(getattr(thing, method, None)) for method in methods
    )


def _is_from(library: str, thing: Any) -> bool:
    kind = thing if isinstance(thing, type) else type(thing)
    return any(base.__module__.partition(".")[0] == library for base in kind.__mro__)


def _refusal(thing: Any) -> InputError:
    kind = "the class " + thing.__name__ if isinstance(thing, type) else type(thing).__name__
    return InputError(f"an optimizer is {_TAKEN}; got {kind}")

"""Minimisers that call their objective themselves, run in a thread as generators of queries.

The generator and its thread take turns: exactly one of them runs at any time. Budgets are the
driver's, outside the minimiser, which never sees them: when the generator is closed, the next
call of the objective ends the thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any

import numpy as np

from qvopt_molecules.argument_checks import array_of
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, shown

from .errors import check_finite
from .protocol import (
    Answer,
    Energy,
    Gradient,
    Iterate,
    Minimization,
    Optimizer,
    Query,
    Round,
    Scalar,
)

Minimizer = Callable[..., Any]
"""f(fun, x0, jac=…, callback=…) -> x, or an object with `x`, as SciPy's methods return."""


class _Closed(BaseException):
    """The run was closed: the minimiser is to end."""


class _Turns:
    """Hands rounds from the minimiser's thread to the generator, and answers back."""

    def __init__(self) -> None:
        self.rounds: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.answers: SimpleQueue[Any] = SimpleQueue()

    def ask(self, request: Round) -> Any:
        """Called in the thread."""
        self.rounds.put(("round", request))
        answer = self.answers.get()
        if isinstance(answer, _Closed):
            raise answer
        return answer


class _Objective:
    """The function that the minimiser calls: energies, and gradients at the same point."""

    def __init__(self, turns: _Turns, gradients: bool, n: int) -> None:
        self._turns, self._gradients, self._n = turns, gradients, n
        self._x: FloatArray | None = None
        self._answers: list[Answer] = []

    def _at(self, x: FloatArray) -> list[Answer]:
        if self._x is None or not np.array_equal(x, self._x):
            point = _point(x, self._n, "the minimiser, asking for an energy,")
            queries: list[Query] = [Energy(point)]
            if self._gradients:
                queries.append(Gradient(point))
            self._answers = self._turns.ask(queries)
            self._x = point
        return self._answers

    def energy(self, x: FloatArray, *_: Any) -> float:
        """E(x); under shots asking again at the same point measures again, unless gradients do."""
        if not self._gradients:
            self._x = None
        return float(self._at(x)[0].value)

    def gradient(self, x: FloatArray, *_: Any) -> FloatArray:
        """∇E(x), from the same round as the energy there."""
        return np.array(self._at(x)[1].value)


def closed_loop(minimizer: Minimizer, *, gradients: bool = False, **options: Any) -> Optimizer:
    """Make an optimizer of any minimiser with the signature of a `scipy.optimize.minimize` method.

    Args:
        minimizer: called as f(fun, x0, callback=callback, **options), with `jac` too if
            `gradients`. It returns x, or an object with an attribute `x`. `callback(x)` marks the
            end of a step.
        gradients: whether it uses `jac`. Energy and gradient are then asked for in one round.
        options: handed through.

    An exception in the minimiser is raised from the generator.
    """

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        turns, n = _Turns(), len(x)
        objective = _Objective(turns, gradients, n)

        def callback(point: FloatArray, *_: Any) -> None:
            turns.ask(Iterate(_point(point, n, "the minimiser's callback")))

        keywords = dict(options) | ({"jac": objective.gradient} if gradients else {})

        def work() -> None:
            try:
                minimum = minimizer(objective.energy, x.copy(), callback=callback, **keywords)
                turns.rounds.put(("end", minimum))
            except _Closed:
                turns.rounds.put(("closed", None))
            except BaseException as error:
                turns.rounds.put(("error", error))

        thread = threading.Thread(target=work, daemon=True, name="minimizer")
        thread.start()
        try:
            while True:
                kind, value = turns.rounds.get()
                if kind == "error":
                    raise value
                if kind == "end":
                    return point_of(value, len(x))
                turns.answers.put((yield value))
        finally:
            # Wherever the minimiser waits, it is told to end, and has ended when we return.
            while thread.is_alive():
                turns.answers.put(_Closed())
                thread.join(timeout=0.1)

    return start


def point_of(answer: Any, n: int) -> FloatArray:
    """Return the point in what a minimiser returned.

    Raises InputError if there is none of the right size.
    """
    return _point(
        getattr(answer, "x", answer), n, "the minimiser", "; return x, or an object with x"
    )


def _points_of(answer: Any, n: int) -> list[FloatArray]:
    """Return the points that an optimizer asks for; raises InputError if they are none."""
    if not isinstance(answer, Iterable):
        raise InputError(
            f"ask() returned {shown(answer)}; return a list of points, each of {n} numbers"
        )
    points = [_point(point, n, "ask()") for point in answer]
    if not points:
        raise InputError("ask() returned no points; let stop() be true where the search has ended")
    return points


def _point(value: Any, n: int, source: str, remedy: str = "") -> FloatArray:
    """Return a copy of a point that a library gave; raises InputError for what is none."""
    try:
        x: FloatArray = np.array(array_of(value), dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise InputError(
            f"{source} gave {shown(value)}, expected a point of {n} numbers{remedy}"
        ) from None
    if x.shape != (n,):
        raise InputError(f"{source} gave a point of shape {x.shape}, expected ({n},){remedy}")
    return check_finite(x)


def ask_tell(make: Callable[[FloatArray, np.random.Generator], Any]) -> Optimizer:
    """Make an optimizer of an ask/tell library.

    Args:
        make: called as make(x0, rng); returns an object with `ask() -> points`, the points of one
            round, and `tell(points, energies)`. If it has `stop()`, a true answer ends the run;
            if it has `best()`, that is the point which is reported after a round, else the mean
            of the round's points. What has these names and cannot be called is let be.
    """

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        library = make(x, rng)
        best, stop = (getattr(library, name, None) for name in ("best", "stop"))
        while True:
            points = _points_of(library.ask(), len(x))
            answers: list[Scalar] = yield [Energy(point) for point in points]
            library.tell(points, [a.value for a in answers])
            x = _point(best(), len(x), "best()") if callable(best) else np.mean(points, axis=0)
            yield Iterate(x)
            if callable(stop) and stop():
                return x

    return start

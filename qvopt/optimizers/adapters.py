"""Adapters for third-party optimizers: optax transformations, ask/tell objects, plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .closed_loop import ask_tell, closed_loop
from .descent import descent
from .protocol import Optimizer, Transform


def from_optax(transformation: Any) -> Transform:
    """Make a Transform of an optax GradientTransformation (or anything with init and update).

    It runs compiled, in double precision if JAX's x64 mode is on. Updates come back as NumPy
    arrays; the state stays JAX's.
    """
    import jax

    step = jax.jit(transformation.update)

    def init(x: FloatArray, /) -> Any:
        return transformation.init(jax.numpy.asarray(x))

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, Any]:
        out, state = step(
            jax.numpy.asarray(updates), state, None if x is None else jax.numpy.asarray(x)
        )
        return np.asarray(out, dtype=np.float64), state

    return Transform(init, update)


def as_optimizer(thing: Any) -> Optimizer:
    """Return what a third party's factory made as an Optimizer.

    - a Transform, ours or optax's, is driven by `descent`;
    - an object with `ask` and `tell` is asked and told from its own start;
    - a callable is an Optimizer already.

    Raises InputError for anything else.
    """
    if isinstance(thing, Transform):
        return descent(thing)
    if hasattr(thing, "init") and hasattr(thing, "update"):
        return descent(from_optax(thing))
    if hasattr(thing, "ask") and hasattr(thing, "tell"):
        return ask_tell(lambda x, rng: thing)
    if callable(thing):
        return thing  # type: ignore[no-any-return]
    raise InputError(
        f"an optimizer's factory must return an Optimizer, a Transform (ours or optax's) or an "
        f"object with ask and tell, got {type(thing).__name__}"
    )


def from_minimizer(
    minimizer: Callable[..., Any], *, gradients: bool = False, **options: Any
) -> Optimizer:
    """Make an optimizer of a plain function f(objective, x0, …) that returns x or an object with x.

    `callback` is given only if the function takes it; without one the run has no steps, only
    evaluations, and is reported at its end. `gradients` gives it `jac`.
    """
    import inspect

    names = inspect.signature(minimizer).parameters.values()
    takes = any(p.name == "callback" or p.kind == p.VAR_KEYWORD for p in names)

    def wrapped(fun: Any, x0: FloatArray, *, callback: Any, **keywords: Any) -> Any:
        if takes:
            keywords["callback"] = callback
        return minimizer(fun, x0, **keywords)

    return closed_loop(wrapped, gradients=gradients, **options)

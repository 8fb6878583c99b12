"""Optimizers: numbers in, numbers out."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Return the factory of a registered optimizer: `qvopt.optimizers.adam(learning_rate=0.1)`."""
    import functools

    from qvopt_molecules.errors import InputError

    from .registry import describe, get_optimizer

    if name.startswith("_"):
        raise AttributeError(name)
    try:
        entry = describe(name)
    except InputError as error:
        raise AttributeError(str(error)) from None
    factory = functools.partial(get_optimizer, entry.name)
    factory.__doc__ = entry.factory.__doc__
    return factory


def __dir__() -> list[str]:
    from .registry import optimizer_names

    return [*globals(), *(name.replace("-", "_") for name in optimizer_names())]

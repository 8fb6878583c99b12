"""Optimizers: numbers in, numbers out. Each registered one is a function here.

    qvopt.optimizers.adam(learning_rate=0.1)

Plug-ins are found by their names too; `dir` shows them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .coordinate import excitation_solve, rotosolve
    from .dense_bfgs import recycled_bfgs
    from .frugal import gcans, icans, rosalin
    from .kalman.optimizer import kalman_newton
    from .lbfgs import lbfgs as l_bfgs
    from .libraries import (
        bfgs,
        bobyqa,
        cma_es,
        cobyla,
        conjugate_gradient,
        nelder_mead,
        powell,
        slsqp,
        tnc,
    )
    from .noise_aware_lbfgs import noise_aware_lbfgs as noise_aware_l_bfgs
    from .perturbation import qn_spsa, spsa
    from .rules import (
        adabelief,
        adadelta,
        adafactor,
        adagrad,
        adam,
        adamax,
        adamw,
        amsgrad,
        blockwise,
        gradient_descent,
        lion,
        momentum,
        nadam,
        nesterov,
        rmsprop,
        yogi,
    )
    from .rules import natural_gradient_adam as qng_adam
    from .rules import natural_gradient_descent as qng
    from .rules import natural_gradient_momentum as qng_momentum

__all__ = [
    "adabelief",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "bfgs",
    "blockwise",
    "bobyqa",
    "cma_es",
    "cobyla",
    "conjugate_gradient",
    "excitation_solve",
    "gcans",
    "gradient_descent",
    "icans",
    "kalman_newton",
    "l_bfgs",
    "lion",
    "momentum",
    "nadam",
    "nelder_mead",
    "nesterov",
    "noise_aware_l_bfgs",
    "powell",
    "qn_spsa",
    "qng",
    "qng_adam",
    "qng_momentum",
    "recycled_bfgs",
    "rmsprop",
    "rosalin",
    "rotosolve",
    "slsqp",
    "spsa",
    "tnc",
    "yogi",
]


def __getattr__(name: str) -> Any:
    """Return the factory of a registered optimizer, which checks its hyper-parameters."""
    from qvopt_molecules.errors import InputError

    from .registry import factory

    if name.startswith("_"):
        raise AttributeError(f"module 'qvopt.optimizers' has no attribute '{name}'")
    try:
        return factory(name)
    except InputError as error:
        raise AttributeError(str(error)) from None


def __dir__() -> list[str]:
    from .registry import optimizer_names

    return sorted({*__all__, *(name.replace("-", "_") for name in optimizer_names())})

"""Optimizers of SciPy, `cma` and Py-BOBYQA, with their budgets enforced outside them."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, missing_extra

from .closed_loop import ask_tell, closed_loop
from .protocol import Optimizer
from .validation import not_negative, positive, several

_FOREVER = 10**9


def _scipy(method: str, gradients: bool, **options: Any) -> Optimizer:
    def minimizer(fun: Any, x0: FloatArray, *, callback: Any, jac: Any = None) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about iteration limits and noisy line searches
            return _minimize(fun, x0, jac=jac, method=method, callback=callback, options=options)

    return closed_loop(minimizer, gradients=gradients)


def cobyla(*, first_step: float = 0.05, tolerance: float = 1e-6) -> Optimizer:
    """Linear models in a shrinking trust region.  Powell, in Advances in Optimization (1994)."""
    positive("first_step", first_step)
    positive("tolerance", tolerance)
    return _scipy("COBYLA", False, rhobeg=first_step, tol=tolerance, maxiter=_FOREVER)


def nelder_mead(
    *, first_step: float = 0.2, tolerance: float = 1e-8, adaptive: bool = True
) -> Optimizer:
    """A simplex that reflects and contracts.  Nelder & Mead, Comput. J. 7, 308 (1965).

    The first simplex is x and x + first_step · e_i. `adaptive` scales its moves with the number
    of parameters (F. Gao, L. Han, Comput. Optim. Appl. 51, 259 (2012)).
    """
    positive("first_step", first_step)
    positive("tolerance", tolerance)

    def minimizer(fun: Any, x0: FloatArray, *, callback: Any) -> Any:
        simplex = np.vstack([x0, x0 + first_step * np.eye(len(x0))])
        options = {"initial_simplex": simplex, "adaptive": adaptive, "xatol": tolerance,
                   "fatol": tolerance, "maxiter": _FOREVER, "maxfev": _FOREVER}  # fmt: skip
        return _minimize(fun, x0, method="Nelder-Mead", callback=callback, options=options)

    return closed_loop(minimizer)


def powell(*, tolerance: float = 1e-8) -> Optimizer:
    """Line searches along conjugate directions.  Powell, Comput. J. 7, 155 (1964)."""
    positive("tolerance", tolerance)
    return _scipy(
        "Powell", False, xtol=tolerance, ftol=tolerance, maxiter=_FOREVER, maxfev=_FOREVER
    )


def slsqp(*, tolerance: float = 1e-10) -> Optimizer:
    """Sequential quadratic programming (dense BFGS).  Kraft, DFVLR-FB 88-28 (1988)."""
    positive("tolerance", tolerance)
    return _scipy("SLSQP", True, ftol=tolerance, maxiter=_FOREVER)


def bfgs(*, tolerance: float = 1e-6) -> Optimizer:
    """Dense BFGS with a Wolfe line search.  Nocedal & Wright, Numerical Optimization (2006)."""
    positive("tolerance", tolerance)
    return _scipy("BFGS", True, gtol=tolerance, maxiter=_FOREVER)


def tnc(*, tolerance: float = 1e-8) -> Optimizer:
    """Truncated Newton.  Nash, SIAM J. Numer. Anal. 21, 770 (1984)."""
    positive("tolerance", tolerance)
    return _scipy("TNC", True, ftol=tolerance, gtol=tolerance, xtol=tolerance, maxfun=2**31 - 1)


def conjugate_gradient(*, tolerance: float = 1e-6) -> Optimizer:
    """Nonlinear conjugate gradients.  Polak & Ribière, RAIRO 3, 35 (1969)."""
    positive("tolerance", tolerance)
    return _scipy("CG", True, gtol=tolerance, maxiter=_FOREVER)


def cma_es(
    *, step: float = 0.01, population: int | None = None, tolerance: float = 1e-9
) -> Optimizer:
    """Evolution with an adapted covariance matrix.  Hansen, arXiv:1604.00772 (package `cma`).

    Args:
        step: first standard deviation, in units of the parameters.
        population: points in a round; None takes 4 + 3 ln n.
        tolerance: stop when the search distribution is narrower, or its energies this equal.
    """
    positive("step", step)
    positive("tolerance", tolerance)
    if population is not None:
        several("population", population)
    cma = _import("cma", "cma")

    def make(x: FloatArray, rng: np.random.Generator) -> Any:
        if len(x) < 2:
            raise InputError("CMA-ES needs at least two parameters; use cobyla or rotosolve")
        options = {
            "randn": lambda *shape: rng.standard_normal(shape),
            "seed": float("nan"),  # cma's own seeding of the global generator stays off
            "verbose": -9,
            "verb_log": 0,
            "tolfun": tolerance,
            "tolx": tolerance,
            "maxiter": _FOREVER,
        } | ({} if population is None else {"popsize": population})
        return _Cma(cma.CMAEvolutionStrategy(x, step, options))

    return ask_tell(make)


class _Cma:
    """A `cma` strategy with the mean of its distribution as its best point."""

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy
        self.ask, self.tell = strategy.ask, strategy.tell

    def best(self) -> FloatArray:
        """The mean: the luckiest sample would be a biased choice."""
        return np.array(self._strategy.mean)

    def stop(self) -> bool:
        """Whether the strategy has ended."""
        return bool(self._strategy.stop())


def bobyqa(*, first_step: float = 0.1, tolerance: float = 1e-8, noisy: bool = True) -> Optimizer:
    """Quadratic models in a trust region, with restarts.  Cartis et al., arXiv:1804.00154.

    Needs the package `Py-BOBYQA`. It has no callback: a step is an evaluation, and the point
    reported is the best that its model holds.
    """
    positive("first_step", first_step)
    not_negative("tolerance", tolerance)
    pybobyqa = _import("pybobyqa", "bobyqa")

    def minimizer(fun: Any, x0: FloatArray, *, callback: Any) -> Any:
        best: list[Any] = [np.inf, x0]

        def objective(x: FloatArray) -> float:
            value = float(fun(x))
            if value < best[0]:
                best[:] = [value, np.array(x)]
            callback(best[1])
            return value

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pybobyqa.solve(
                objective,
                x0,
                rhobeg=first_step,
                rhoend=max(tolerance, 1e-12),
                maxfun=10**7,
                objfun_has_noise=noisy,
                do_logging=False,
                print_progress=False,
            )

    return closed_loop(minimizer)


def _minimize(*arguments: Any, **keywords: Any) -> Any:
    from scipy import optimize

    minimize: Any = optimize.minimize
    return minimize(*arguments, **keywords)


def _import(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise missing_extra(f"this optimizer needs the package {module}", extra) from None

r"""The classical Hessian as a preconditioner: for gradient rules whole, for others its diagonal.

The Hessian of the energy at the reference determinant is known without shots (`ClassicalModel`).
Its eigenvalues w are taken as max(|w|, floor), so that it is positive definite.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

from .combine import stateless
from .protocol import (
    Describe,
    Energy,
    Fidelity,
    Gradient,
    Grow,
    Iterate,
    Landscape,
    Metric,
    Minimization,
    Optimizer,
    Scalar,
    Transform,
    Vector,
)
from .validation import positive


def classical_hessian(landscape: Landscape, floor: float = 0.2) -> FloatArray:
    """Return the Hessian at the reference, positive definite, in Hartree; shape (n, n).

    Raises InputError where there is no classical model.
    """
    positive("floor", floor)
    model = None if landscape.classical is None else landscape.classical()
    if model is None:
        raise InputError(
            "the Hessian is known classically only for circuits of excitations from one "
            "determinant; leave the preconditioner out"
        )
    values, vectors = np.linalg.eigh(model.hessian)
    return np.asarray((vectors * np.maximum(np.abs(values), floor)) @ vectors.T)


def precondition_by_hessian(hessian: FloatArray) -> Transform:
    """u <- P⁻¹ u for a symmetric positive definite P: with -1 as learning rate, Newton's step.

    In a chain it stands before the rule, so that Adam or momentum see the preconditioned gradient:

        chain(precondition_by_hessian(P), trace(0.9), scale(-0.5))
    """
    try:
        factor = np.linalg.cholesky(np.asarray(hessian, dtype=np.float64))
    except np.linalg.LinAlgError:
        raise InputError(
            "the preconditioner must be symmetric and positive definite; see classical_hessian"
        ) from None
    inverse = np.linalg.inv(factor)
    return stateless(lambda updates, x, **extra: inverse.T @ (inverse @ updates))


def rescaled_by_hessian(optimizer: Optimizer, floor: float = 0.2) -> Optimizer:
    """Run any optimizer in the coordinates y_i = √P_ii x_i, in which curvatures are about 1.

    Energies, gradients with shots by component, iterates and the landscape's frequencies are
    carried over one to one, so that SPSA, gCANS and coordinate solvers can have it too. Metrics
    are refused.
    """

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        landscape: Landscape = yield Describe()
        scale = np.sqrt(np.diag(classical_hessian(landscape, floor)))
        run = optimizer(x * scale, rng)
        answers: Any = None
        try:
            while True:
                try:
                    request = run.send(answers)
                except StopIteration as end:
                    return np.asarray(x if end.value is None else end.value / scale)
                if isinstance(request, Describe):
                    answers = _in_coordinates(landscape, scale)
                elif isinstance(request, Iterate):
                    x = request.x / scale
                    answers = yield replace(request, x=x)
                elif isinstance(request, Grow):
                    raise InputError("rescaled coordinates cannot grow; leave adaptive ansätze out")
                else:
                    received = yield [_asked(query, scale) for query in request]
                    answers = [_told(answer, scale) for answer in received]
        finally:
            run.close()

    return start


def _in_coordinates(landscape: Landscape, scale: FloatArray) -> Landscape:
    frequencies = landscape.frequencies
    if frequencies is not None:
        frequencies = tuple(
            tuple(f / float(s) for f in own) for own, s in zip(frequencies, scale, strict=True)
        )
    curvature = landscape.curvature
    if curvature is not None:
        curvature = curvature / float(scale.min()) ** 2
    return replace(landscape, frequencies=frequencies, curvature=curvature, classical=None)


def _asked(query: Any, scale: FloatArray) -> Any:
    if isinstance(query, Energy | Gradient):
        return replace(query, x=query.x / scale)
    if isinstance(query, Fidelity):
        return replace(query, x=query.x / scale, y=query.y / scale)
    kind = "metric" if isinstance(query, Metric) else "pool of operators"
    raise InputError(f"rescaled coordinates carry energies and gradients over, and no {kind}")


def _told(answer: Any, scale: FloatArray) -> Any:
    if isinstance(answer, Scalar):
        return answer
    return Vector(answer.value / scale, answer.variance / scale**2, answer.shots)

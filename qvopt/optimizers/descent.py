"""The optimizer that drives a Transform: one gradient, one update, for every step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .errors import check_finite
from .protocol import Gradient, Iterate, Metric, Optimizer, Query, Run, Transform
from .validation import not_negative

FloatArray = npt.NDArray[np.float64]


def descent(transform: Transform, *, tolerance: float = 1e-6) -> Optimizer:
    """x <- x + update(∇E(x)), until the gradient cannot be told from zero.

    Stops when ‖∇E‖ <= tolerance (Hartree per unit parameter) for an exact gradient. A gradient
    with a variance never stops the run by its own smallness: noise does not reach zero, and a run
    under shots ends on its budget or its number of steps.
    """
    not_negative("tolerance", tolerance)

    def start(x: FloatArray, rng: np.random.Generator) -> Run:
        state = transform.init(x)
        while True:
            queries: list[Query] = [Gradient(x)]
            if transform.metric is not None:
                queries.append(Metric(x, transform.metric))
            gradient, *metrics = yield queries
            exact = not np.any(gradient.variance)
            if exact and float(np.linalg.norm(gradient.value)) <= tolerance:
                return x
            extra = {"variance": gradient.variance}
            if metrics:
                extra["metric"] = metrics[0].value
            update, state = transform.update(gradient.value, state, x, **extra)
            x = check_finite(x + update)
            yield Iterate(x)

    return start

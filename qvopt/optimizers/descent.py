"""The optimizer that drives a Transform: one gradient, one update, for every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import check_finite
from .protocol import (
    Describe,
    Gradient,
    Iterate,
    Landscape,
    Metric,
    Minimization,
    Optimizer,
    Query,
    Transform,
)
from .rejection import rises
from .validation import decay as check_decay
from .validation import not_negative


def descent(
    transform: Transform | Callable[[Landscape], Transform],
    *,
    tolerance: float = 1e-6,
    reject: float | None = None,
) -> Optimizer:
    """x <- x + update(∇E(x)), until the exact gradient is zero to the tolerance.

    Stops when ‖∇E‖ <= tolerance (Hartree per unit parameter) for an exact gradient. A gradient
    with a variance never stops the run by its own smallness: noise does not reach zero. The
    experiment's `stopping` rules are for runs under shots.

    Args:
        transform: the rule, ending with a negative factor; or a function that makes one for a
            landscape (rules that group parameters).
        tolerance: see above.
        reject: measure the energy before and after each step, and take back a step that raises it
            by more than `reject` standard errors; the next one is half as long, and lengths
            recover by doubling. None measures no energies.
    """
    not_negative("tolerance", tolerance)
    if reject is not None:
        not_negative("reject", reject)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        rule = transform
        if not isinstance(rule, tuple):
            rule = rule((yield Describe()))
        need = getattr(rule, "metric", None)
        state: Any = rule.init(x)
        shrink, step = 1.0, 0
        while True:
            queries: list[Query] = [Gradient(x)]
            if need is not None and step % need.every == 0:
                queries.append(Metric(x, need.kind, need.shots))
            gradient, *metrics = yield queries
            exact = np.count_nonzero(gradient.variance) == 0
            if exact and float(np.linalg.norm(gradient.value)) <= tolerance:
                return x
            extra: dict[str, Any] = {"variance": gradient.variance}
            if need is not None:
                extra["metric"] = metrics[0].value if metrics else None
                extra["metric_variance"] = metrics[0].variance if metrics else None
            update, new_state = rule.update(gradient.value, state, x, **extra)
            step += 1
            trial = check_finite(x + shrink * update)
            if reject is not None:
                if (yield from rises(x, trial, reject)):
                    shrink /= 2
                    yield Iterate(x, note="rejected")
                    continue
                shrink = min(1.0, 2 * shrink)
            x, state = trial, new_state
            yield Iterate(x)

    return start


def averaged(optimizer: Optimizer, decay: float = 0.9) -> Optimizer:
    """Run an optimizer, but report the running mean of its iterates in their place.

    x̄ <- β x̄ + (1 - β) x, bias-corrected. The optimizer's own path does not change.
    Reference: B. T. Polyak, A. B. Juditsky, SIAM J. Control Optim. 30, 838 (1992), with a window.
    """
    check_decay("decay", decay)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        run = optimizer(x, rng)
        mean, seen = np.zeros_like(x), 0
        answers: Any = None
        try:
            while True:
                try:
                    request = run.send(answers)
                except StopIteration as end:
                    if seen == 0:
                        return np.asarray(x if end.value is None else end.value)
                    return np.asarray(mean / (1 - decay**seen))
                if isinstance(request, Iterate) and not request.partial:
                    seen += 1
                    mean = decay * mean + (1 - decay) * request.x
                    request = Iterate(mean / (1 - decay**seen), note=request.note)
                answers = yield request
        finally:
            run.close()

    return start

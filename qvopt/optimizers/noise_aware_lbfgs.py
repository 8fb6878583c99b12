"""L-BFGS that knows the errors of its gradients and energies."""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .errors import check_finite
from .lbfgs import Pair, Pairs, two_loop
from .protocol import Energy, Gradient, Iterate, Minimization, Optimizer, Vector
from .validation import choice, count, not_negative, positive


def curvature_error(s: FloatArray, old: Vector, new: Vector) -> float:
    """Return the standard error of yᵀs for y = g_new - g_old, taking components as independent."""
    return float(np.sqrt((s * s) @ (old.variance + new.variance)))


def noise_aware_lbfgs(
    *,
    memory: int = 10,
    first_step: float = 0.05,
    max_step: float = 0.05,
    min_curvature: float = 0.1,
    significance: float = 2.0,
    relaxation: float = 1.0,
    max_backtracking: int = 4,
    averaging: float = 0.5,
    tolerance: float = 1e-6,
    negative_curvature: Literal["damp", "skip"] = "damp",
) -> Optimizer:
    """L-BFGS whose pairs and steps outweigh their noise.  Shi et al., arXiv:2010.04352.

    - Curvature: the pair (s, y) is taken from an anchor point, which moves only when
      |yᵀs| > `significance` standard errors of yᵀs. Until then s grows over several steps
      ("lengthening"), so that no pair stores noise alone. Where yᵀs is significantly negative the
      pair is damped like others, with `negative_curvature` "skip" it is left out, as in the paper,
      whose condition is yᵀs > 0.
    - Damping: y is mixed with H₀⁻¹ s so that yᵀs >= 0.2 sᵀ H₀⁻¹ s, H₀ the last scaling (Powell).
    - Direction: the gradient is a running mean, ḡ <- β ḡ + (1 - β) g with β = `averaging`, for
      gradients with a variance; exact ones are taken as they are.
    - Line search: backtracking from t = 1 until E(x + t d) <= E(x) + 1e-4 t gᵀd + 2 `relaxation`
      σ, σ the standard error of the difference. No step is longer than `max_step`.

    Args:
        memory: pairs kept.
        first_step: length of the very first trial step, in units of the parameters.
        max_step: longest step.
        min_curvature: H₀⁻¹ is at least this (Hartree per unit parameter squared).
        significance, relaxation, averaging: see above.
        max_backtracking: halvings of a step before it is given up.
        tolerance: exact gradients stop the run at this norm.

    Further references: Y. Xie, R. H. Byrd, J. Nocedal, arXiv:1901.09063; A. S. Berahas et al.,
    arXiv:1605.06049; M. J. D. Powell, in Numerical Analysis (1978), for the damping.
    """
    skips = choice("negative_curvature", negative_curvature, ("damp", "skip")) == "skip"
    count("memory", memory)
    count("max_backtracking", max_backtracking)
    for name, value in (("first_step", first_step), ("max_step", max_step),
                        ("min_curvature", min_curvature)):  # fmt: skip
        positive(name, value)
    for name, value in (("significance", significance), ("relaxation", relaxation),
                        ("averaging", averaging), ("tolerance", tolerance)):  # fmt: skip
        not_negative(name, value)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        pairs: Pairs = deque(maxlen=memory)
        anchor: tuple[FloatArray, Vector] | None = None
        mean, seen = np.zeros_like(x), 0
        step_length = first_step
        while True:
            gradient, here = yield [Gradient(x), Energy(x, purpose="line-search")]
            noisy = bool(np.any(gradient.variance))
            if not noisy and float(np.linalg.norm(gradient.value)) <= tolerance:
                return x
            decay = averaging if noisy else 0.0
            seen += 1
            mean = decay * mean + (1 - decay) * gradient.value
            g = mean / (1 - decay**seen)
            if anchor is None:
                anchor = (x, gradient)
            s, y = x - anchor[0], gradient.value - anchor[1].value
            error = curvature_error(s, anchor[1], gradient)
            if float(s @ s) > 0 and abs(float(s @ y)) > significance * error:
                pair = damped(s, y, pairs, min_curvature)
                if pair is not None and (float(s @ y) > 0 or not skips):
                    pairs.append(pair)
                anchor = (x, gradient)
            direction = -two_loop(g, pairs)
            if not pairs:
                direction *= step_length / max(float(np.linalg.norm(g)), 1e-300)
            if float(direction @ g) >= 0:
                if not pairs:  # a gradient of zeros, with errors
                    yield Iterate(x, note="flat")
                pairs.clear()
                continue
            length = float(np.linalg.norm(direction))
            direction *= min(1.0, max_step / max(length, 1e-300))
            slope, t, note = float(direction @ g), 1.0, ""
            for attempt in range(max_backtracking + 1):
                (there,) = yield [Energy(x + t * direction, purpose="line-search")]
                noise = math.sqrt(here.variance + there.variance)
                rounding = 1e-14 * abs(here.value)
                slack = 2 * relaxation * noise + rounding
                if there.value <= here.value + 1e-4 * t * slope + slack:
                    x = check_finite(x + t * direction)
                    break
                if attempt == max_backtracking:
                    # The model is wrong here: forget it, and be careful.
                    pairs.clear()
                    anchor, note = None, "rejected"
                    step_length = max(step_length / 4, 1e-4)
                    if not noisy and length < 1e-12:
                        return x
                t /= 2
            yield Iterate(x, note=note)

    return start


def damped(s: FloatArray, y: FloatArray, pairs: Pairs, min_curvature: float) -> Pair | None:
    """Return (s, y) with y mixed so that yᵀs >= 0.2 b sᵀs, b = 1/H₀; None if s vanishes."""
    b = min_curvature
    if pairs:
        b = max(b, min(pairs[-1].yy / pairs[-1].sy, 1e8))
    size, product = b * float(s @ s), float(s @ y)
    if size <= 0.0:
        return None
    if product < 0.2 * size:
        theta = 0.8 * size / (size - product)
        y = theta * y + (1 - theta) * b * s
    return Pair.of(s, y)

"""Shot-frugal descent: shots for each partial derivative, from the variances measured so far.

The gain of a step with rate η on a landscape of curvature bound L is at least
Σ_i [(η - L η²/2) g_i² - (L η²/2) σ_i² / s_i], σ_i² the variance of one shot and s_i the shots of
component i: the rules choose s_i so that the expected gain for each shot is large.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray, IntArray
from qvopt_molecules.errors import InputError

from .errors import check_finite
from .protocol import Describe, Gradient, Iterate, Landscape, Minimization, Optimizer, Spread
from .validation import count, flag, not_negative, positive
from .validation import decay as check_decay


def icans_shots(
    gradient: FloatArray, deviation: FloatArray, lipschitz: float, rate: float, floor: float
) -> FloatArray:
    """s_i = 2Lη/(2 - Lη) · σ_i² / (g_i² + floor), no component above that of the largest gain."""
    wanted = _factor(lipschitz, rate) * deviation**2 / (gradient**2 + floor)
    wanted = np.maximum(np.ceil(wanted), 1.0)
    gain = (rate - lipschitz * rate**2 / 2) * gradient**2
    gain -= lipschitz * rate**2 / 2 * deviation**2 / wanted
    return np.asarray(np.minimum(wanted, wanted[int(np.argmax(gain / wanted))]))


def for_a_gain(
    shots: FloatArray,
    gradient: FloatArray,
    deviation: FloatArray,
    lipschitz: float,
    rate: float,
    floor: float,
) -> FloatArray:
    """Raise all shots by the factor at which the step's expected gain, as a whole, is not negative.

    iCANS caps every component at the shots of the one of the largest gain. With many parameters
    the noise of the others can outweigh that gain hundreds of times over.
    """
    gain = (rate - lipschitz * rate**2 / 2) * float(np.sum(gradient**2 + floor))
    loss = lipschitz * rate**2 / 2 * float(np.sum(deviation**2 / shots))
    return np.asarray(np.ceil(shots * max(1.0, loss / gain)))


def share_without_loss(signal: float, noise: float) -> float:
    """The longest share of a step at the rate 1/L whose expected gain is not negative.

    That of a share c is η (c S - c² (S + N) / 2), S = ‖g‖² and N = Σ Var g_i: c = 2S / (S + N).
    """
    signal = max(signal, 0.0)
    return min(1.0, 2 * signal / (signal + noise)) if noise > 0.0 else 1.0


def gcans_shots(
    gradient: FloatArray, deviation: FloatArray, lipschitz: float, rate: float, floor: float
) -> FloatArray:
    """s_i = 2Lη/(2 - Lη) · σ_i Σ_j σ_j / (‖g‖² + floor): the best shots for the whole gradient."""
    whole = float(gradient @ gradient) + floor
    return np.asarray(np.ceil(_factor(lipschitz, rate) * deviation * deviation.sum() / whole))


def _factor(lipschitz: float, rate: float) -> float:
    return 2 * lipschitz * rate / (2 - lipschitz * rate)


_START_MEMORY, _STEP_MEMORY = 0.9, 0.75
_RULES = {"icans": icans_shots, "gcans": gcans_shots}


def icans(
    *,
    learning_rate: float = 0.02,
    lipschitz: float | None = None,
    min_shots: int = 100,
    max_shots: int = 100_000,
    decay: float = 0.99,
    bias: float = 1e-6,
    tolerance: float = 1e-6,
    careful_start: bool = True,
) -> Optimizer:
    """x <- x - η g, the shots of each g_i by its gain.  Kübler et al., arXiv:1909.09083.

    The rule is iCANS1 with `min_shots` as the least for a component. A component's shots are all
    of its partial derivative's, over its shifted energies and measurement groups. More than
    `max_shots` are never asked for one component. In the paper's form noise can throw many
    parameters far off before the rule has seen it; a careful start differs in three things: the
    first gradient takes the experiment's shots (it measures the variances that the rule needs; the
    paper starts at the least number), the first steps are not taken on fewer shots than make their
    expected gain positive as a whole (`for_a_gain`; a factor f at first is f^(0.9^k) at step k),
    and they are no longer than loses nothing on average, with the squared gradient from its running
    mean (`share_without_loss`; of what that takes off, 0.75^k is taken at step k).

    Args:
        learning_rate: η; at most 1 / lipschitz is used.
        lipschitz: L, a bound on the curvature in Hartree per unit parameter squared; None takes
            1/η: the largest curvature that the rate is good for. (The bound from the Hamiltonian
            is safe, and so large that it asks for tens of times the shots.)
        min_shots, max_shots: of one component.
        decay: μ of the running means of gradient and variance.
        bias: b of the floor b μ^k under the squared gradient.
        tolerance: exact gradients stop the run at this norm.
        careful_start: see above; False is the paper's form.
    """
    return _frugal("icans", "planned", learning_rate, lipschitz, min_shots, max_shots, decay, bias,
                   tolerance, careful_start)  # fmt: skip


def gcans(
    *,
    learning_rate: float = 0.02,
    lipschitz: float | None = None,
    min_shots: int = 100,
    max_shots: int = 100_000,
    decay: float = 0.99,
    bias: float = 1e-6,
    tolerance: float = 1e-6,
    careful_start: bool = True,
) -> Optimizer:
    """x <- x - η g, with the best shots for the whole gradient.  Gu et al., arXiv:2108.10434.

    See `icans` for the hyper-parameters.
    """
    return _frugal("gcans", "planned", learning_rate, lipschitz, min_shots, max_shots, decay, bias,
                   tolerance, careful_start)  # fmt: skip


def rosalin(
    *,
    learning_rate: float = 0.01,
    lipschitz: float | None = None,
    min_shots: int = 16,
    max_shots: int = 100_000,
    decay: float = 0.99,
    bias: float = 1e-6,
    tolerance: float = 1e-6,
    careful_start: bool = True,
) -> Optimizer:
    """iCANS with each shot's term drawn at random by weight.  Arrasmith et al., arXiv:2004.06252.

    Random drawing is unbiased down to a single shot, so a component may get fewer shots than
    there are measurement groups. A shot draws its group with the weights of
    `measurement.allocation`: "weighted" are the paper's p ∝ Σ|c|, the default "variance" follows
    the groups' deviations. See `icans` for the hyper-parameters and for what differs from iCANS.
    """
    return _frugal("icans", "random", learning_rate, lipschitz, min_shots, max_shots, decay, bias,
                   tolerance, careful_start)  # fmt: skip


def _frugal(
    rule: Literal["icans", "gcans"],
    spread: Spread,
    learning_rate: float,
    lipschitz: float | None,
    min_shots: int,
    max_shots: int,
    decay: float,
    bias: float,
    tolerance: float,
    careful_start: bool,
) -> Optimizer:
    positive("learning_rate", learning_rate)
    if lipschitz is not None:
        positive("lipschitz", lipschitz)
    count("min_shots", min_shots)
    if count("max_shots", max_shots) < min_shots:
        raise InputError(f"max_shots must be >= min_shots = {min_shots}, got {max_shots}")
    check_decay("decay", decay)
    positive("bias", bias)
    not_negative("tolerance", tolerance)
    flag("careful_start", careful_start)
    curvature = 1.0 / learning_rate if lipschitz is None else lipschitz
    rate = min(learning_rate, 1.0 / curvature)

    def start(x: FloatArray, rng: np.random.Generator) -> Minimization:
        landscape: Landscape = yield Describe()
        least = _least_shots(landscape, spread, min_shots)
        mean, square = np.zeros_like(x), np.zeros_like(x)
        noise_of_mean, k = 0.0, 0
        shots: npt.NDArray[Any] = least
        query = Gradient(x, None if careful_start else [int(s) for s in least], spread=spread)
        while True:
            (gradient,) = yield [query]
            if k == 0 and careful_start:
                shots = np.full(len(x), gradient.shots / max(len(x), 1))
            exact = not np.any(gradient.variance)
            if exact and float(np.linalg.norm(gradient.value)) <= tolerance:
                return x
            k += 1
            mean = decay * mean + (1 - decay) * gradient.value
            noise = float(gradient.variance.sum())
            noise_of_mean = decay**2 * noise_of_mean + (1 - decay) ** 2 * noise
            correction = 1 - decay**k
            share = 1.0
            if careful_start:
                signal = (float(mean @ mean) - noise_of_mean) / correction**2
                share -= _STEP_MEMORY ** (k - 1) * (1 - share_without_loss(signal, noise))
            x = check_finite(x - rate * share * gradient.value)
            yield Iterate(x)
            square = decay * square + (1 - decay) * gradient.variance * shots
            running = (mean / correction, np.sqrt(square / correction))
            setting = (curvature, rate, bias * decay**k)
            wanted = np.maximum(_RULES[rule](*running, *setting), least)
            if rule == "icans" and careful_start:
                safe = for_a_gain(wanted, *running, *setting)
                wanted = wanted * (safe / wanted) ** (_START_MEMORY**k)
            shots = np.clip(wanted, least, max_shots).astype(np.int64)
            query = Gradient(x, [int(s) for s in shots], spread=spread)

    return start


def _least_shots(landscape: Landscape, spread: Spread, min_shots: int) -> IntArray:
    """Shots that every component needs: two for each group at each shifted energy, if planned."""
    needed: IntArray = np.full(landscape.n, min_shots, dtype=np.int64)
    if spread == "planned" and landscape.least_shots is not None:
        needed = np.maximum(needed, np.array(landscape.least_shots, dtype=np.int64))
    return needed
